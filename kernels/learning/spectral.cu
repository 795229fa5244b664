// The spectral layer on a device (spectral_data.hpp has the formulas): transforms and mixing as batches of products by
// the vendor's library, in the order and the memory of the CPU's (spectral_layer.hpp); own kernels make real matrices
// of the complex ones and back. Data, verdicts and what is counted are those of the CPU (spectral_case.hpp).
#include <memory>
#include <vector>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/dense/gpu_product.hpp"
#include "kernels/learning/spectral_case.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 256;

// A complex matrix [n, 2, n] acts on [Re Im] as [Re Im; -Im Re]. Thread (frequency, row, column).
GPU_KERNEL void expand(const float* weights, float* matrices, std::size_t n, std::size_t count) {
  const std::size_t at = grid_index(), row = at / n, column = at % n;
  if (at >= count) return;
  const float re = weights[row * 2 * n + column], im = weights[(row * 2 + 1) * n + column];
  float* const above = matrices + (row / n * 2 * n + row % n) * 2 * n;
  float* const below = above + n * 2 * n;
  above[column] = below[n + column] = re;
  above[n + column] = im;
  below[column] = -im;
}

GPU_KERNEL void fold(const float* matrices, float* gradients, std::size_t n, std::size_t count) {
  const std::size_t at = grid_index(), row = at / n, column = at % n;
  if (at >= count) return;
  const float* const above = matrices + (row / n * 2 * n + row % n) * 2 * n;
  const float* const below = above + n * 2 * n;
  gradients[row * 2 * n + column] = above[column] + below[n + column];
  gradients[(row * 2 + 1) * n + column] = above[n + column] - below[column];
}

class Spectral final : public Kernel {
 public:
  Spectral(const SpectralShape& shape, bool training, const KernelContext& context)
      : device_(choose_device(context.ranks)),
        case_(context),
        data_(shape, training),
        inputs_(data_.inputs().size()),
        output_gradients_(data_.output_gradients().size()),
        weights_(shape.weights()),
        half_(shape.batch * shape.modes_h * 2 * shape.width * shape.channels),
        spectrum_(shape.batch * shape.modes() * 2 * shape.channels),
        mixed_(spectrum_.size()),
        matrices_(2 * shape.weights()),
        matrix_gradients_(training ? matrices_.size() : 0),
        results_(data_.results().size()) {
    const SpectralTables tables(shape);
    along_height_ = on_device(tables.along_height);
    scaled_ = on_device(tables.scaled);
    along_width_ = on_device(tables.along_width);
    plan();
    prepare(Data::random);  // zeros would run faster than what is timed
    start_expansion();
    for (const Step& step : steps_) {
      choose_way(context.ranks, *step.product, [&] { step.start(); });
      step.start();  // operands of the next
    }
  }

  void prepare(Data data) override {
    case_.prepare(data_, data);
    inputs_.upload(data_.inputs());
    if (data_.training()) output_gradients_.upload(data_.output_gradients());
    weights_.upload(data_.weights());
  }

  void run() override {
    start_expansion();
    for (const Step& step : steps_) step.start();
    if (data_.training())
      launch(fold, blocks_for(entries(), threads), threads, static_cast<const float*>(matrix_gradients_.data()),
             results_.device() + 2 * data_.shape().values(), data_.shape().channels, entries());
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    const Buffer<float>& results = results_.fetch();
    std::copy(results.begin(), results.end(), data_.results().begin());
    return case_.judge(data_);
  }

  Facts facts() const override {
    Facts facts = case_.facts(data_);
    facts.notes = {{"device", device_.name}, {"library", steps_.front().product->library()}};
    return facts;
  }

  Output output() override {
    Buffer<float>& results = results_.fetch();
    return {results.data(), results.size(), Output::Type::fp32, [this] { results_.put(); }};
  }

 private:
  struct Step {
    std::unique_ptr<Product> product;
    const float *a, *b;
    float* c;
    void start() const { product->start(a, b, c); }
  };

  std::size_t entries() const { return data_.shape().weights() / 2; }  // of the complex matrices

  void plan() {
    const SpectralShape& shape = data_.shape();
    const std::size_t pair = 2 * shape.channels, lead = shape.modes() * pair;
    ProductFormat rows;  // of a frequency's values in all samples
    rows.lead_a = lead;
    rows.step_a = pair;
    ProductFormat mixing = rows, gradients = rows, back = rows;
    mixing.lead_c = back.lead_c = gradients.lead_b = lead;
    mixing.step_c = back.step_c = gradients.step_b = pair;
    gradients.a_transposed = back.b_transposed = true;

    analyse(inputs_.data(), along_height_.data(), spectrum_.data());
    add({shape.batch, pair, pair, shape.modes()}, mixing, spectrum_.data(), matrices_.data(), mixed_.data());
    synthesise(mixed_.data(), scaled_.data(), results_.device());
    if (!data_.training()) return;
    // Each product transposed, in the opposite order. dX takes the place of X once dR is known.
    analyse(output_gradients_.data(), scaled_.data(), mixed_.data());
    add({pair, pair, shape.batch, shape.modes()}, gradients, spectrum_.data(), mixed_.data(), matrix_gradients_.data());
    add({shape.batch, pair, pair, shape.modes()}, back, mixed_.data(), matrices_.data(), spectrum_.data());
    synthesise(spectrum_.data(), along_height_.data(), results_.device() + shape.values());
  }

  // From the grid to the spectrum and back; `table`: along the height, scaled or not.
  void analyse(const float* grid, const float* table, float* spectrum) {
    const auto& [batch, height, width, channels, modes_h, modes_w] = data_.shape();
    ProductFormat format;
    format.shared_a = true;
    add({2 * modes_h, width * channels, height, batch}, format, table, grid, half_.data());
    add({4 * modes_w, channels, 2 * width, batch * modes_h}, format, along_width_.data(), half_.data(), spectrum);
  }

  void synthesise(const float* spectrum, const float* table, float* grid) {
    const auto& [batch, height, width, channels, modes_h, modes_w] = data_.shape();
    ProductFormat format;
    format.shared_a = format.a_transposed = true;
    format.alignment = alignment_of({data_.shape().values() * sizeof(float)});
    add({2 * width, channels, 4 * modes_w, batch * modes_h}, format, along_width_.data(), spectrum, half_.data());
    add({height, width * channels, 2 * modes_h, batch}, format, table, half_.data(), grid);
  }

  void add(const MatmulShape& shape, const ProductFormat& format, const float* a, const float* b, float* c) {
    steps_.push_back({std::make_unique<Product>(shape, format), a, b, c});
  }

  void start_expansion() {
    launch(expand, blocks_for(entries(), threads), threads, static_cast<const float*>(weights_.data()),
           matrices_.data(), data_.shape().channels, entries());
  }

  const GpuDevice& device_;
  SpectralCase case_;
  SpectralData data_;  // what is judged
  DeviceBuffer<float> inputs_, output_gradients_, weights_, along_height_, scaled_, along_width_;
  DeviceBuffer<float> half_;                         // transformed along the height
  DeviceBuffer<float> spectrum_, mixed_;             // X and Y, then dX and dY: [batch, modes, 2, channels]
  DeviceBuffer<float> matrices_, matrix_gradients_;  // [modes, 2 channels, 2 channels]
  DeviceResult<float> results_;
  std::vector<Step> steps_;
};

}  // namespace

KernelEntry learning_spectral() {
  KernelEntry entry = spectral_entry(" on the device", "256x256", "32x32", "64", "16");
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Spectral>(spectral_shape(settings), spectral_training(settings), context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
