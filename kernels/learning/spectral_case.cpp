#include "kernels/learning/spectral_case.hpp"

#include <cmath>
#include <span>

#include "harness/base/check.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/learning/spectral_reference.hpp"

namespace tandem::kernels {

namespace {

double number(std::size_t count) { return static_cast<double>(count); }

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

// A sum of k products of random numbers in fp32 is off by u sqrt(k) of its size, and each product starts from rounded
// numbers; over the products that follow one another errors add up in the mean square. 2 is the margin.
double tolerance(const SpectralShape& s, bool training) {
  const double sums = number(s.height + 2 * s.width + 2 * s.channels + 4 * s.modes_w + 2 * s.modes_h);
  return 2 * 0x1p-24 * std::sqrt(sums + (training ? number(s.height + 2 * s.width + s.batch) : 0) + 16);
}

}  // namespace

SpectralShape spectral_shape(const Settings& settings) {
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

bool spectral_training(const Settings& settings) { return !second_of(settings, "pass", "training", "inference"); }

KernelEntry spectral_entry(const std::string& where, const std::string& grid, const std::string& modes,
                           const std::string& channels, const std::string& batch) {
  KernelEntry entry;
  entry.name = "learning/spectral";
  entry.summary =
      "spectral layer of a Fourier neural operator: truncated transform, mixing of channels, and back" + where;
  entry.parameters = {{"grid", grid, "height x width"},
                      {"modes", modes, "frequencies kept: 0 to m-1 along the height, -m to m-1 along the width"},
                      {"channels", channels, "in and out"},
                      {"batch", batch, "samples of each rank"},
                      {"pass", "training", "training: forward and all gradients; or inference: forward alone"}};
  entry.memory = [](const Settings& settings, const Placement&) {
    return memory_of(spectral_shape(settings), spectral_training(settings));
  };
  return entry;
}

SpectralCase::SpectralCase(const KernelContext& context)
    : ranks_(context.ranks), seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())) {}

// The arithmetic is never exact: both kinds of data are random reals.
void SpectralCase::prepare(SpectralData& data, Data kind) const {
  const std::uint64_t first = kind == Data::exact ? 0 : 3;
  draw(data.inputs(), seed_, first, Data::random);
  draw(data.output_gradients(), seed_, first + 1, Data::random);
  draw(data.weights(), seed_, first + 2, Data::random);
}

std::vector<Verdict> SpectralCase::judge(SpectralData& data) const {
  const auto reference = spectral_reference(data.shape(), data.inputs(), data.weights(), data.output_gradients());
  const double limit = tolerance(data.shape(), data.training());
  std::span<const float> rest(data.results().data(), data.results().size());
  double norm = 0, entry = 0;
  for (const auto* const right : {&reference.outputs, &reference.input_gradients, &reference.weight_gradients}) {
    if (right->empty()) continue;
    const auto [norms, entries] = deviation(rest.first(right->size()), *right);
    worse(norm, norms);
    worse(entry, entries);
    rest = rest.subspan(right->size());
  }
  return {{"outputs and gradients, error, norm over norm, worst array", worst_of(ranks_, norm), limit},
          {"outputs and gradients, error, worst entry over root mean square", worst_of(ranks_, entry), 16 * limit}};
}

Facts SpectralCase::facts(const SpectralData& data) {
  const SpectralShape& shape = data.shape();
  return {
      shape.flops(data.training()), bytes_of(shape, data.training()), memory_of(shape, data.training()), "fp32", {}};
}

}  // namespace tandem::kernels
