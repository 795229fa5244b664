// The flow pipeline's simulation and the coarse model of its simulation-only arm: lattice Boltzmann flows run until
// they are steady. Cases run side by side, one thread each or, those for training, on a device: results do not depend
// on the number of threads.
#pragma once

#include <memory>
#include <vector>

#include "pipelines/flow/course.hpp"
#include "pipelines/flow/device_solver.hpp"

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
  std::array<double, 2 * flow_elements> forces(const FlowCourse& course);

  FlowMesh mesh_;
  kernels::Lattice lattice_;
  kernels::LatticeFields empty_, fields_;
  std::size_t steps_ = 0;
};

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
  // `device`: where training samples are simulated, cpu, gpu or guarded; the truth that judges is the CPU's.
  FlowSimulation(const FlowSize& size, int threads, const std::string& device = "cpu");
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override;
  std::span<const float> outputs(const Sample& sample) const override;
  // Largest deviation of the flux through a column from that of the inlet, relative.
  double invariant(const Case& problem_case, std::span<const float> outputs) const override;
  std::unique_ptr<Model> coarse_model() const override;
  Work work() const override { return device_ ? device_->work() : Work{}; }

 private:
  const FlowSize& size_;
  int threads_;
  std::unique_ptr<FlowDeviceSolver> device_;  // null: the CPU
};

}  // namespace tandem::pipelines
