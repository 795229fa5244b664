// Early warning in a rotating shallow-water ensemble: from one noisy snapshot of a jet to the strength of its eddies
// over four days, and the alarm that it breaks. docs/pipelines/climate.md.
#include "pipelines/climate/learner.hpp"
#include "pipelines/climate/problem.hpp"
#include "pipelines/climate/simulation.hpp"

namespace tandem::pipelines {
namespace {

Pipeline make(const Settings& settings, int threads) {
  const ClimateSize& size = climate_size(settings.text("size"));
  return {std::make_unique<ClimateProblem>(size), std::make_unique<ClimateSimulation>(size, threads),
          [&size](std::uint64_t seed) { return make_climate_learner(size, seed); }};
}

// Samples and their copies under way, a block of snapshots, the solvers.
double memory(const Settings& settings) {
  const ClimateSize& size = climate_size(settings.text("size"));
  const double state = 12 * static_cast<double>(size.grid().cells());
  return state * (2.0 * climate_pairs * static_cast<double>(size.schedule.samples) + 1000) + 2e7;
}

std::vector<Slice> slices(const Settings&) {
  Slice curve{"Strength of the eddies, 6 h to 96 h after the snapshot", "m/s", climate_horizon, 1, {}};
  for (std::size_t k = 0; k < climate_horizon; ++k) curve.at.push_back(k);
  return {curve};
}

}  // namespace

PipelineEntry climate() {
  return {"climate",
          "early warning in a shallow-water ensemble: noisy snapshot to eddy strength and alarm",
          {{"size", "S", "S: frozen targets; M, L: larger, targets provisional"}},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
