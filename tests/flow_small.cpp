#include "tests/flow_small.hpp"

#include "harness/pipeline/device_setting.hpp"
#include "pipelines/flow/learner.hpp"
#include "pipelines/flow/problem.hpp"
#include "pipelines/flow/simulation.hpp"

namespace tandem::pipelines {
namespace {

constexpr FlowSize stopped(FlowSize size) {
  size.mesh.tolerance = 1e9;
  return size;
}
constexpr FlowSize stopped_size = stopped(flow_small_size);

PipelineEntry flow_variant(const std::string& name, const std::string& summary,
                           const std::function<void(Pipeline&, int threads)>& spoil) {
  return {name,
          "test-only: " + summary,
          {},
          [spoil](const Settings&, int threads) {
            Pipeline pipeline = {std::make_unique<FlowProblem>(flow_small_size),
                                 std::make_unique<FlowSimulation>(flow_small_size, threads),
                                 [](std::uint64_t seed) { return make_flow_learner(flow_small_size, seed); }};
            spoil(pipeline, threads);
            return pipeline;
          },
          [](const Settings&) { return 1e8; },
          {}};
}

}  // namespace

PipelineEntry flow_small() {
  return flow_variant("flow_small", "flow on few cells", [](Pipeline&, int) {});
}

PipelineEntry flow_guarded() {
  return {"flow_guarded",
          "test-only: flow on fewer cells, its training samples on a device",
          {device_parameter(simulate_on)},
          [](const Settings& settings, int threads) -> Pipeline {
            return {std::make_unique<FlowProblem>(flow_tiny_size),
                    std::make_unique<FlowSimulation>(flow_tiny_size, threads, settings.text(simulate_on)),
                    [](std::uint64_t seed) { return make_flow_learner(flow_tiny_size, seed); }};
          },
          [](const Settings& settings) {
            check_device(settings, simulate_on);
            return 1e8;
          },
          {}};
}

PipelineEntry flow_unsteady() {
  return flow_variant("flow_unsteady", "flow that is stopped before it is steady", [](Pipeline& pipeline, int threads) {
    pipeline.simulation = std::make_unique<FlowSimulation>(stopped_size, threads);
  });
}

PipelineEntry flow_mean() {
  return flow_variant("flow_mean", "flow with the mean for a network", [](Pipeline& pipeline, int) {
    pipeline.learner = [](std::uint64_t) { return FlowProblem(flow_small_size).rivals().at(0).make(); };
  });
}

}  // namespace tandem::pipelines
