// Convolutions on a device, forward and backward, by own kernels (conv_device.hpp). Biases and ReLU are part of what
// writes the outputs, the slope of the ReLU of what writes the gradients of the inputs. Data, verdicts and what is
// counted are those of the CPU (conv_case.hpp).
#include <algorithm>
#include <cstdint>

#include "harness/base/check.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/learning/conv_case.hpp"
#include "kernels/learning/conv_device.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

unsigned whole(std::size_t count) { return static_cast<unsigned>(count); }
unsigned tiles(std::size_t count, unsigned each) { return whole((count + each - 1) / each); }

// Pixels whose weight gradients a block adds up: at most 512 shares, each worth its block.
unsigned share_of(const ConvShape& shape) {
  const std::size_t share = std::max<std::size_t>(1024, (shape.pixels() + 511) / 512);
  return whole((share + tile_depth - 1) / tile_depth * tile_depth);
}
unsigned shares_of(const ConvShape& shape) { return tiles(shape.pixels(), share_of(shape)); }

// Partial sums of the weight gradients of the layer that has most of them.
std::size_t partial_of(const std::vector<ConvShape>& shapes) {
  std::size_t most = 0;
  for (const ConvShape& shape : shapes) most = std::max(most, shares_of(shape) * (shape.weights() + shape.out));
  return most;
}

Windows windows_of(const ConvShape& s) {
  return {whole(s.height),      whole(s.width),  whole(s.in),       whole(s.out_height()),
          whole(s.out_width()), whole(s.filter), whole(s.before()), whole(s.stride)};
}

Windows back_windows_of(const ConvShape& s) {
  return {whole(s.out_height()), whole(s.out_width()), whole(s.out),      whole(s.height),
          whole(s.width),        whole(s.filter),      whole(s.before()), whole(s.stride)};
}

// Tiles as wide as there are channels to compute.
template <bool back, typename T, typename Y>
void start_convolution(const T* from, const float* weights, Y* to, const Windows& windows, std::size_t pixels,
                       std::size_t columns, const Ending<T>& ending) {
  const auto start = [&]<typename Shape>(Shape) {
    launch(convolve<back, Shape, T, Y>,
           static_cast<std::size_t>(tiles(pixels, Shape::rows)) * tiles(columns, Shape::columns), Shape::threads, from,
           weights, to, windows, whole(pixels), whole(columns), ending);
  };
  if (columns <= 4)
    start(Tile<256, 4, 128>());
  else if (columns <= 32)
    start(Tile<256, 16, 128>());
  else
    start(Tile<128, 64, 256>());
}

template <typename T>
void start_correlation(const T* from, const T* gradients, float* partial, const ConvShape& shape) {
  const auto start = [&]<typename Shape>(Shape) {
    launch(correlate<Shape, T>,
           static_cast<std::size_t>(shares_of(shape)) * tiles(shape.taps() + 1, Shape::rows) *
               tiles(shape.out, Shape::columns),
           Shape::threads, from, gradients, partial, windows_of(shape), whole(shape.pixels()), whole(shape.out),
           share_of(shape));
  };
  if (shape.out <= 4)
    start(Tile<64, 4, 64>());
  else if (shape.out <= 32)
    start(Tile<64, 16, 64>());
  else
    start(Tile<64, 64, 256>());
}

// T: float or Bf16.
template <typename T>
class Conv final : public Kernel {
 public:
  Conv(const std::vector<ConvShape>& shapes, ConvLayer::Pass pass, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(context),
        data_(shapes, pass),
        x_(data_.inputs().size()),
        dy_(data_.output_gradients().size()),
        parameters_(data_.parameters().size()),
        partial_(data_.training() ? partial_of(shapes) : 0),
        results_(data_.results().size()) {
    for (std::size_t l = 0; l < data_.depth(); ++l) {
      const ConvShape& shape = shapes[l];
      for (const std::size_t count : {shape.inputs(), shape.outputs(), shape.weights() + shape.out})
        if (count >= std::size_t{1} << 31) throw Unsupported("an array of more than 2^31 values: fewer images");
      const bool hidden = l + 1 < data_.depth();
      layers_.push_back({DeviceBuffer<float>(shape.weights()),
                         DeviceBuffer<float>(data_.training() ? shape.weights() : 0),
                         DeviceBuffer<T>(hidden ? shape.outputs() : 0),
                         DeviceBuffer<T>(hidden && data_.training() ? shape.outputs() : 0)});
    }
  }

  void prepare(Data data) override {
    case_.prepare(data_, data);
    x_.upload(data_.inputs());
    if (data_.training()) dy_.upload(data_.output_gradients());
    parameters_.upload(data_.parameters());
  }

  void run() override {
    for (std::size_t l = 0; l < data_.depth(); ++l) start_forward(l);
    for (std::size_t l = data_.depth(); data_.training() && l-- > 0;) start_backward(l);
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    const Buffer<float>& results = results_.fetch();
    std::copy(results.begin(), results.end(), data_.results().begin());
    for (std::size_t l = 0; l + 1 < data_.depth(); ++l) {
      layers_[l].y.download(data_.hidden(l));
      if (data_.training()) layers_[l].dy.download(data_.hidden_gradients(l));
    }
    return case_.judge(data_);
  }

  Facts facts() const override {
    Facts facts = case_.facts(data_);
    facts.notes = {{"device", device_.name}};
    return facts;
  }

  Output output() override {
    Buffer<float>& results = results_.fetch();
    return {results.data(), results.size(), Output::Type::fp32, [this] { results_.put(); }};
  }

 private:
  using B = Bits<T>;
  struct Layer {
    DeviceBuffer<float> weights, back_weights;  // as the products take them
    DeviceBuffer<T> y, dy;                      // of all layers but the last
  };

  const B* inputs_of(std::size_t l) { return bits(l == 0 ? x_.data() : layers_[l - 1].y.data()); }
  const B* gradients_of(std::size_t l) { return bits(l + 1 == data_.depth() ? dy_.data() : layers_[l].dy.data()); }

  void start_forward(std::size_t l) {
    const ConvShape& s = data_.shape(l);
    const std::size_t at = data_.parameters_before(l);
    const float* const weights = parameters_.data() + at;
    constexpr unsigned threads = 256;
    launch(pack_weights<B>, blocks_for(s.weights(), threads), threads, weights, layers_[l].weights.data(),
           layers_[l].back_weights.data(), whole(s.filter * s.filter), whole(s.in), whole(s.out));
    const Ending<B> ending{weights + s.weights(), l + 1 < data_.depth(), nullptr};
    const auto start = [&](auto* to) {
      start_convolution<false>(inputs_of(l), static_cast<const float*>(layers_[l].weights.data()), to, windows_of(s),
                               s.pixels(), s.out, ending);
    };
    if (l + 1 < data_.depth())
      start(bits(layers_[l].y.data()));
    else
      start(results_.device());
  }

  void start_backward(std::size_t l) {
    const ConvShape& s = data_.shape(l);
    float* const dx = results_.device() + data_.shapes().back().outputs();
    float* const dw = dx + data_.inputs().size() + data_.parameters_before(l);
    start_correlation(inputs_of(l), gradients_of(l), partial_.data(), s);
    launch(add_shares, blocks_for(s.weights() + s.out, share_entries), share_threads,
           static_cast<const float*>(partial_.data()), dw, dw + s.weights(), whole(s.taps()), whole(s.out),
           shares_of(s));
    const Ending<B> ending{nullptr, false, l > 0 ? inputs_of(l) : nullptr};
    const auto start = [&](auto* to) {
      start_convolution<true>(gradients_of(l), static_cast<const float*>(layers_[l].back_weights.data()), to,
                              back_windows_of(s), s.inputs() / s.in, s.in, ending);
    };
    if (l > 0)
      start(bits(layers_[l - 1].dy.data()));
    else
      start(dx);
  }

  const GpuDevice& device_;
  ConvCase<T> case_;
  ConvData<T> data_;  // what is judged
  DeviceBuffer<T> x_, dy_;
  DeviceBuffer<float> parameters_, partial_;
  DeviceResult<float> results_;
  std::vector<Layer> layers_;
};

double memory_of(const std::vector<ConvShape>& shapes, ConvLayer::Pass pass, std::size_t element) {
  const bool training = pass == ConvLayer::Pass::training;
  double bytes = conv_bytes(shapes, pass, element) + (training ? 4.0 * static_cast<double>(partial_of(shapes)) : 0);
  for (const ConvShape& shape : shapes) bytes += (training ? 8.0 : 4.0) * static_cast<double>(shape.weights());
  return bytes;
}

}  // namespace

KernelEntry learning_conv() { return conv_entry<Conv>(conv_entry(" on the device", "128x128", "128"), memory_of); }

}  // namespace tandem::GPU_VENDOR
