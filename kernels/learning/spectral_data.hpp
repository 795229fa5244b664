// The spectral layer of a Fourier neural operator on a grid in two dimensions (Li et al. 2021): the lowest frequencies
// of the inputs, each mixed over the channels by a complex matrix of its own, make the outputs.
//   X[k,l,c] = sum over h, w of x[h,w,c] / turn(k,l,h,w),   turn = e^(2 pi i (k h / height + l w / width)),
//   Y[k,l,d] = sum over c of X[k,l,c] R[k,l,c,d],           0 <= k < modes_h, -modes_w <= l < modes_w,
//   y[h,w,d] = 1 / (height width) sum over k, l of s_k Re(Y[k,l,d] turn(k,l,h,w)),   s_0 = 1, other s_k = 2:
// rfft2, truncation, mixing and irfft2. Few frequencies of many are wanted, so each transform is a product with a table
// of cosines and sines along one axis; the whole layer is products in fp32, and so is its way back. Here: its arrays in
// the host's memory.
#pragma once

#include "harness/device/buffer.hpp"

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

// Cosines and sines as real matrices.
struct SpectralTables {
  explicit SpectralTables(const SpectralShape& shape);

  Buffer<float> along_height, scaled;  // [modes_h, 2, height], for real values; scaled: times s_k / (height width)
  Buffer<float> along_width;           // [2 modes_w, 2, 2, width], for complex ones
};

class SpectralData {
 public:
  SpectralData(const SpectralShape& shape, bool training);

  const SpectralShape& shape() const { return shape_; }
  bool training() const { return training_; }
  Buffer<float>& inputs() { return inputs_; }                      // x [batch, height, width, channels]
  Buffer<float>& output_gradients() { return output_gradients_; }  // dy, the same; empty without training
  // R [modes_h, 2 modes_w, channels in, 2, channels out]: real parts, imaginary parts; frequencies l from -modes_w up.
  Buffer<float>& weights() { return weights_; }
  Buffer<float>& results() { return results_; }  // y, in training dx and dR

 private:
  SpectralShape shape_;
  bool training_;
  Buffer<float> inputs_, output_gradients_, weights_, results_;
};

}  // namespace tandem::kernels
