// The spectral layer of a Fourier neural operator (Li et al. 2021) on a grid in two dimensions, fp32: truncated
// transforms and mixing of the channels as products by oneDNN (kernels/learning/spectral_layer.hpp); in training also
// the gradients of the inputs and of the mixing weights. Judged entry by entry against the layer in fp64.
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/learning/spectral_layer.hpp"
#include "kernels/learning/spectral_reference.hpp"

namespace tandem::kernels {

namespace {

double number(std::size_t count) { return static_cast<double>(count); }

SpectralShape shape_of(const Settings& settings) {
  const auto pair = [&](const char* key) {
    auto counts = counts_in(settings.text(key), 'x');
    check_usage(counts.size() == 2, "{}={}: expected two numbers such as 64x64", key, settings.text(key));
    return counts;
  };
  const auto grid = pair("grid"), modes = pair("modes");
  check_usage(2 * modes[0] <= grid[0] && 2 * modes[1] <= grid[1],
              "modes={}: a grid of {} has at most half as many along each axis", settings.text("modes"),
              settings.text("grid"));
  return {count_of(settings, "batch", 1 << 16),    grid[0],  grid[1],
          count_of(settings, "channels", 1 << 12), modes[0], modes[1]};
}

bool in_training(const Settings& settings) { return !second_of(settings, "pass", "training", "inference"); }

// What comes and goes: inputs, weights, outputs and all gradients.
double bytes_of(const SpectralShape& s, bool training) {
  return 4 *
         (training ? 4 * number(s.values()) + 2 * number(s.weights()) : 2 * number(s.values()) + number(s.weights()));
}

// With the spectra, the half transformed grid and the real matrices.
double memory_of(const SpectralShape& s, bool training) {
  const double spectrum = number(s.batch * s.modes() * 2 * s.channels);
  const double half = number(s.batch * s.modes_h * 2 * s.width * s.channels);
  return bytes_of(s, training) + 4 * (2 * spectrum + half + (training ? 4 : 2) * number(s.weights()));
}

class Spectral final : public Kernel {
 public:
  Spectral(const SpectralShape& shape, bool training, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        training_(training),
        layer_(shape, training) {
    if (layer_.reference())
      throw Unsupported(
          fmt::format("oneDNN {} has only a reference implementation of fp32 products on this CPU", onednn_version()));
  }

  // The arithmetic is never exact: both kinds of data are random reals.
  void prepare(Data data) override {
    const std::uint64_t first = data == Data::exact ? 0 : 3;
    draw(layer_.inputs(), seed_, first, Data::random);
    draw(layer_.output_gradients(), seed_, first + 1, Data::random);
    draw(layer_.weights(), seed_, first + 2, Data::random);
  }

  void run() override {
    layer_.forward();
    if (training_) layer_.backward();
  }

  std::vector<Verdict> verify() override {
    const auto reference =
        spectral_reference(layer_.shape(), layer_.inputs(), layer_.weights(), layer_.output_gradients());
    std::span<const float> rest(layer_.results().data(), layer_.results().size());
    double norm = 0, entry = 0;
    for (const auto* const right : {&reference.outputs, &reference.input_gradients, &reference.weight_gradients}) {
      if (right->empty()) continue;
      const auto [norms, entries] = deviation(rest.first(right->size()), *right);
      worse(norm, norms);
      worse(entry, entries);
      rest = rest.subspan(right->size());
    }
    return {
        {"outputs and gradients, error, norm over norm, worst array", worst_of(ranks_, norm), tolerance()},
        {"outputs and gradients, error, worst entry over root mean square", worst_of(ranks_, entry), 16 * tolerance()}};
  }

  Facts facts() const override {
    const SpectralShape& shape = layer_.shape();
    return {shape.flops(training_),
            bytes_of(shape, training_),
            memory_of(shape, training_),
            "fp32",
            {{"library", "oneDNN " + onednn_version()}, {"implementation", layer_.largest().implementation()}}};
  }

  Output output() override { return {layer_.results().data(), layer_.results().size(), Output::Type::fp32}; }

 private:
  // A sum of k products of random numbers in fp32 is off by u sqrt(k) of its size, and each product starts from rounded
  // numbers; over the products that follow one another errors add up in the mean square. 2 is the margin.
  double tolerance() const {
    const SpectralShape& s = layer_.shape();
    const double sums = number(s.height + 2 * s.width + 2 * s.channels + 4 * s.modes_w + 2 * s.modes_h);
    return 2 * 0x1p-24 * std::sqrt(sums + (training_ ? number(s.height + 2 * s.width + s.batch) : 0) + 16);
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  bool training_;
  SpectralLayer layer_;
};

}  // namespace

KernelEntry learning_spectral() {
  KernelEntry entry;
  entry.name = "learning/spectral";
  entry.summary = "spectral layer of a Fourier neural operator: truncated transform, mixing of channels, and back";
  entry.parameters = {{"grid", "64x64", "height x width"},
                      {"modes", "12x12", "frequencies kept: 0 to m-1 along the height, -m to m-1 along the width"},
                      {"channels", "32", "in and out"},
                      {"batch", "16", "samples of each rank"},
                      {"pass", "training", "training: forward and all gradients; or inference: forward alone"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    return memory_of(shape_of(settings), in_training(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Spectral>(shape_of(settings), in_training(settings), context);
  };
  return entry;
}

}  // namespace tandem::kernels
