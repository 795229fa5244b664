// Cheap competitors of the network on the same noisy states: the training mean, the nearest training state, a linear
// regression on 40 POD coefficients of the fields, extrapolation of the present strength at a growth rate that the
// jet's shear sets, and the strong one, a linear regression between logarithms. Fitted in fp64.
#pragma once

#include <string>
#include <vector>

#include "kernels/learning/pod.hpp"
#include "pipelines/climate/scaling.hpp"

namespace tandem::pipelines {

enum class ClimateRivalKind : std::size_t { mean, nearest, linear, growth, loglog };

// What a rival has learnt.
struct ClimateFit {
  ClimateRivalKind kind = ClimateRivalKind::mean;
  ClimateScaling scaling;       // of the inputs: nearest, loglog
  std::vector<float> inputs;    // nearest: [pairs, climate_features], standardised
  std::vector<float> logs;      // nearest: [pairs, climate_horizon]; mean: one row
  std::vector<double> weights;  // of the regressions; growth: rate = w0 + w1 shear, w2 the largest strength
  kernels::Pod pod;             // linear
  void curve(const ClimateSpectra& spectra, std::span<const float> state, std::span<float> curve) const;
};

class ClimateRival : public Learner {
 public:
  ClimateRival(ClimateRivalKind kind, const kernels::ShallowWaterGrid& grid) : grid_(grid), spectra_(grid) {
    fit_.kind = kind;
  }
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  void prepare_linear(std::span<const Sample* const> mine, const Ranks& ranks);
  kernels::ShallowWaterGrid grid_;
  ClimateSpectra spectra_;
  ClimateFit fit_;
};

// Root mean square of v by its first waves, and the largest shear of the zonal wind (1/s), as the spectra show them.
double climate_present_strength(std::span<const float> features);
double climate_shear(std::span<const float> features);

std::vector<Rival> climate_rivals(const ClimateSize& size);

}  // namespace tandem::pipelines
