// The heat pipeline's simulation and the coarse model of its simulation-only arm. Cases run side by side, one thread
// each, on solvers that are kept: results do not depend on the number of threads.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pipelines/heat/device.hpp"
#include "pipelines/heat/interpolation.hpp"
#include "pipelines/heat/solver.hpp"

namespace tandem::pipelines {

// Solvers of one mesh and precision that no thread uses now.
template <typename T>
class HeatSolvers {
 public:
  HeatSolvers(const HeatMesh& mesh, const HeatTolerance& tolerance) : mesh_(mesh), tolerance_(tolerance) {}
  std::unique_ptr<BasicHeatSolver<T>> take();
  void give(std::unique_ptr<BasicHeatSolver<T>> solver);

 private:
  HeatMesh mesh_;
  HeatTolerance tolerance_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<BasicHeatSolver<T>>> idle_;
};

// The module solved on a coarse mesh, interpolated to the truth's nodes; gradients by its discrete adjoint.
class HeatCoarse : public Model {
 public:
  HeatCoarse(const HeatMesh& mesh, const HeatTolerance& tolerance, const HeatMesh& output, int threads);
  Fields predict(std::span<const Case> cases) const override;
  Fields predict_part(std::span<const Case> cases, std::size_t begin, std::size_t end) const override;
  Fields vjp(std::span<const Case> cases, const Seed& seed) const override;

 private:
  HeatMesh mesh_, output_;
  int threads_;
  Interpolation interpolation_;
  mutable HeatSolvers<double> solvers_;
};

class HeatSimulation : public Simulation {
 public:
  // `training`: the precision of training samples; the truth, by which all are judged, stays in fp64. `device`: that
  // solves them, cpu, gpu or guarded; another than the CPU in fp64.
  HeatSimulation(const HeatSize& size, int threads, HeatFormat training = HeatFormat::fp64,
                 const std::string& device = "cpu");
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;
  Work work() const override;

 private:
  const HeatSize& size_;
  int threads_;
  mutable HeatSolvers<double> truth_;
  mutable HeatSolvers<float> single_;
  HeatFormat training_;
  std::unique_ptr<HeatDevice> device_;  // null: the CPU
  std::unique_ptr<Model> coarse_;
};

}  // namespace tandem::pipelines
