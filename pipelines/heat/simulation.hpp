// The heat pipeline's simulation and the coarse model of its simulation-only arm. Cases run side by side, one thread
// each, on solvers that are kept: results do not depend on the number of threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipelines/heat/interpolation.hpp"
#include "pipelines/heat/solver.hpp"

namespace tandem::pipelines {

// Solvers of one mesh that no thread uses now.
class HeatSolvers {
 public:
  HeatSolvers(const HeatMesh& mesh, const HeatTolerance& tolerance) : mesh_(mesh), tolerance_(tolerance) {}
  std::unique_ptr<HeatSolver> take();
  void give(std::unique_ptr<HeatSolver> solver);

 private:
  HeatMesh mesh_;
  HeatTolerance tolerance_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<HeatSolver>> idle_;
};

// The module solved on a coarse mesh, interpolated to the truth's nodes; gradients by its discrete adjoint.
class HeatCoarse : public Model {
 public:
  HeatCoarse(const HeatMesh& mesh, const HeatTolerance& tolerance, const HeatMesh& output, int threads);
  Fields predict(std::span<const Case> cases) const override;
  Fields vjp(std::span<const Case> cases, const Seed& seed) const override;

 private:
  HeatMesh mesh_, output_;
  int threads_;
  Interpolation interpolation_;
  mutable HeatSolvers solvers_;
};

class HeatSimulation : public Simulation {
 public:
  HeatSimulation(const HeatSize& size, int threads);
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

 private:
  const HeatSize& size_;
  int threads_;
  mutable HeatSolvers truth_;
  std::unique_ptr<Model> coarse_;
};

}  // namespace tandem::pipelines
