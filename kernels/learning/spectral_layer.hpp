// The spectral layer of a Fourier neural operator on a grid in two dimensions (Li et al. 2021): the lowest frequencies
// of the inputs, each mixed over the channels by a complex matrix of its own, make the outputs.
//   X[k,l,c] = sum over h, w of x[h,w,c] / turn(k,l,h,w),   turn = e^(2 pi i (k h / height + l w / width)),
//   Y[k,l,d] = sum over c of X[k,l,c] R[k,l,c,d],           0 <= k < modes_h, -modes_w <= l < modes_w,
//   y[h,w,d] = 1 / (height width) sum over k, l of s_k Re(Y[k,l,d] turn(k,l,h,w)),   s_0 = 1, other s_k = 2:
// rfft2, truncation, mixing and irfft2. Few frequencies of many are wanted, so each transform is a product with a table
// of cosines and sines along one axis; the whole layer is products by oneDNN in fp32, and so is its way back.
#pragma once

#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

struct SpectralShape {
  std::size_t batch = 0, height = 0, width = 0, channels = 0;
  std::size_t modes_h = 0, modes_w = 0;

  std::size_t values() const { return batch * height * width * channels; }
  std::size_t modes() const { return modes_h * 2 * modes_w; }
  std::size_t weights() const { return 2 * modes() * channels * channels; }
  double scale(std::size_t k) const {  // s_k / (height width)
    return (k == 0 ? 1.0 : 2.0) / (static_cast<double>(height) * static_cast<double>(width));
  }
  double flops(bool training) const;
};

class SpectralLayer {
 public:
  SpectralLayer(const SpectralShape& shape, bool training);

  void forward();
  void backward();  // of sum dy y, after forward()

  const SpectralShape& shape() const { return shape_; }
  Buffer<float>& inputs() { return inputs_; }                      // x [batch, height, width, channels]
  Buffer<float>& output_gradients() { return output_gradients_; }  // dy, the same; empty without training
  // R [modes_h, 2 modes_w, channels in, 2, channels out]: real parts, imaginary parts; frequencies l from -modes_w up.
  Buffer<float>& weights() { return weights_; }
  Buffer<float>& results() { return results_; }  // y, in training dx and dR

  const Matmul& largest() const { return forward_.front(); }
  bool reference() const;  // a product has only oneDNN's reference implementation

 private:
  // From the grid to the spectrum and back; `table`: along_height_ or scaled_.
  void analyse(std::vector<Matmul>& products, float* grid, Buffer<float>& table, Buffer<float>& spectrum);
  void synthesise(std::vector<Matmul>& products, Buffer<float>& spectrum, Buffer<float>& table, float* grid);
  void expand();
  void fold(float* gradients) const;

  SpectralShape shape_;
  Buffer<float> inputs_, output_gradients_, weights_, results_;
  Buffer<float> along_height_, scaled_, along_width_;  // cosines and sines
  Buffer<float> half_;                         // transformed along the height: [batch, modes_h, 2, width, channels]
  Buffer<float> spectrum_, mixed_;             // X and Y, then dX and dY: [batch, modes, 2, channels]
  Buffer<float> matrices_, matrix_gradients_;  // [modes, 2 channels, 2 channels]: R as real matrices
  std::vector<Matmul> forward_, backward_;     // in the order in which they run
};

}  // namespace tandem::kernels
