// Two-element foil in a duct: lattice Boltzmann flows, a surrogate of velocities and forces, designs of least drag for
// a required lift. docs/pipelines/flow.md.
#include "harness/pipeline/device_setting.hpp"
#include "pipelines/flow/learner.hpp"
#include "pipelines/flow/problem.hpp"
#include "pipelines/flow/simulation.hpp"

namespace tandem::pipelines {
namespace {

Pipeline make(const Settings& settings, int threads) {
  const FlowSize& size = flow_size(settings.text("size"));
  return {
      std::make_unique<FlowProblem>(size), std::make_unique<FlowSimulation>(size, threads, settings.text(simulate_on)),
      [&size, device = settings.text(train_on)](std::uint64_t seed) { return make_flow_learner(size, seed, device); }};
}

// Samples and their copies while training, predictions of one generation, a lattice of each thread; for a device the
// elements of all flows.
double memory(const Settings& settings) {
  const FlowSize& size = flow_size(settings.text("size"));
  for (const char* phase : {simulate_on, train_on}) check_device(settings, phase);
  const double rows =
      3 * static_cast<double>(size.schedule.samples) + 2 * static_cast<double>(size.questions * flow_population);
  const double placed = settings.text(simulate_on) == "cpu" ? 0 : 12 * static_cast<double>(size.schedule.samples);
  return 4 * static_cast<double>(size.mesh.values()) * rows + (2000 + placed) * static_cast<double>(size.mesh.cells());
}

std::vector<Slice> slices(const Settings& settings) {
  const FlowMesh& mesh = flow_size(settings.text("size")).mesh;
  Slice along{"Velocity along the duct", "over the mean velocity", mesh.nx(), mesh.ny, {}};
  Slice across{"Velocity across the duct", "over the mean velocity", mesh.nx(), mesh.ny, {}};
  for (std::size_t n = 0; n < mesh.cells(); ++n) {
    along.at.push_back(n);
    across.at.push_back(mesh.cells() + n);
  }
  return {along, across};
}

}  // namespace

PipelineEntry flow() {
  return {"flow",
          "two-element foil in a duct: lattice Boltzmann, surrogate of fields and forces, least drag for a lift",
          {{"size", "S", "S: frozen targets; M, L: larger, targets provisional"},
           device_parameter(simulate_on),
           device_parameter(train_on)},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
