// The flow pipeline's simulation and the coarse model of its simulation-only arm: lattice Boltzmann flows run until
// they are steady. Cases run side by side, one thread each: results do not depend on the number of threads.
#pragma once

#include <memory>
#include <vector>

#include "kernels/lattice/boltzmann_solver.hpp"
#include "pipelines/flow/size.hpp"

namespace tandem::pipelines {

// Flows of one mesh, one after another.
class FlowSolver {
 public:
  explicit FlowSolver(const FlowMesh& mesh);
  // Outputs of these parameters in the layout of size.hpp on this mesh; NaN where the flow does not become steady.
  // Refuses a Reynolds number at which the lattice is unstable.
  std::vector<float> solve(std::span<const double> parameters);
  std::size_t steps() const { return steps_; }  // of the last flow

 private:
  void place(std::span<const double> parameters, double viscosity);
  std::array<double, 4> forces();

  FlowMesh mesh_;
  kernels::Lattice lattice_;
  std::vector<float> inlet_;
  std::array<std::vector<float>, 2> shares_;  // of each element in the solid of a cell
  kernels::LatticeFields empty_, fields_;
  std::size_t steps_ = 0;
};

// The largest Reynolds number at which a lattice is stable: that of a cell, U_max / nu, stays below 13.
double flow_stable_reynolds(const FlowMesh& mesh);

// Outputs on one mesh to those on another, fields bilinearly between the centres of cells, 0 at the walls.
std::vector<float> flow_interpolated(const FlowMesh& from, std::span<const float> outputs, const FlowMesh& to);

class FlowCoarse : public Model {
 public:
  FlowCoarse(const FlowMesh& mesh, const FlowMesh& output, int threads)
      : mesh_(mesh), output_(output), threads_(threads) {}
  Fields predict(std::span<const Case> cases) const override;

 private:
  FlowMesh mesh_, output_;
  int threads_;
};

class FlowSimulation : public Simulation {
 public:
  FlowSimulation(const FlowSize& size, int threads) : size_(size), threads_(threads) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  // Largest deviation of the flux through a column from that of the inlet, relative.
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;

 private:
  const FlowSize& size_;
  int threads_;
};

}  // namespace tandem::pipelines
