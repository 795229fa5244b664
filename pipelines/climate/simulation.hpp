// The climate pipeline's simulation, and the coarse run from a snapshot of its simulation-only arm. Members run side by
// side, one thread each, on solvers that are kept: results do not depend on the number of threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipelines/climate/size.hpp"

namespace tandem::pipelines {

// Solvers of one grid that no thread uses now.
class ClimateSolvers {
 public:
  ClimateSolvers(const kernels::ShallowWaterGrid& grid, const kernels::ShallowWaterPhysics& physics)
      : grid_(grid), physics_(physics) {}
  std::unique_ptr<kernels::ShallowWater> take();
  void give(std::unique_ptr<kernels::ShallowWater> solver);

 private:
  kernels::ShallowWaterGrid grid_;
  kernels::ShallowWaterPhysics physics_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<kernels::ShallowWater>> idle_;
};

// Carries a state over to a coarser grid: zonally by its Fourier series up to `waves`, which leaves most of the noise
// behind; meridionally by cubic interpolation.
class ClimateRestriction {
 public:
  ClimateRestriction(const kernels::ShallowWaterGrid& from, const kernels::ShallowWaterGrid& to, std::size_t waves);
  void apply(std::span<const float> state, std::span<float> coarse) const;

 private:
  struct Rows {
    std::ptrdiff_t first = 0;  // of four
    std::array<float, 4> weights = {};
  };
  kernels::ShallowWaterGrid from_, to_;
  std::vector<float> zonal_;                 // [nx of from, nx of to]
  std::array<std::vector<Rows>, 2> across_;  // of rows at centres, of rows at faces
};

// Four days from the noisy snapshot on a coarse grid, at the largest step that is stable there.
class ClimateForecast : public Model {
 public:
  ClimateForecast(const ClimateSize& size, int threads);
  Fields predict(std::span<const Case> cases) const override;

 private:
  const ClimateSize& size_;
  int threads_;
  ClimateRestriction restriction_;
  mutable ClimateSolvers solvers_;
};

class ClimateSimulation : public Simulation {
 public:
  // `physics`: another one in tests only, which must see it fail.
  ClimateSimulation(const ClimateSize& size, int threads,
                    const kernels::ShallowWaterPhysics& physics = climate_physics);
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  // The largest of: the change of mass over 1e-6, a gain of energy over 1e-4, a loss of energy over 40 %, the largest s
  // over U0; infinity where s is negative. At most 1 is right; a model states no mass or energy.
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

 private:
  Sample run(kernels::ShallowWater& solver, const Case& problem_case, bool training) const;
  const ClimateSize& size_;
  int threads_;
  kernels::ShallowWaterPhysics physics_;
  mutable ClimateSolvers solvers_;
};

}  // namespace tandem::pipelines
