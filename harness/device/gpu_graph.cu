// gpu_graph.hpp for CUDA and HIP; guarded_graph.cpp has it for the guarded device.
#include <exception>
#include <string>

#include "harness/base/check.hpp"
#include "harness/device/gpu_graph.hpp"

namespace tandem::GPU_VENDOR {

struct DeviceGraph::State {
  ~State() {
    if (ready != nullptr) (void)gpuGraphExecDestroy(ready);
  }
  gpuGraphExec_t ready = nullptr;
};

DeviceGraph::DeviceGraph(const std::function<void()>& work) : state_(std::make_unique<State>()) {
  std::string refused;
  const auto demand = [&](gpuError_t code) {
    if (code != gpuSuccess && refused.empty()) refused = gpuGetErrorString(code);
  };
  demand(gpuStreamBeginCapture(stream(), gpuStreamCaptureModeThreadLocal));
  if (refused.empty()) {
    try {
      work();
    } catch (const std::exception& error) {
      refused = error.what();
    }
    gpuGraph_t graph = nullptr;
    demand(gpuStreamEndCapture(stream(), &graph));
    if (refused.empty()) demand(gpuGraphInstantiate(&state_->ready, graph, nullptr, nullptr, 0));
    if (graph != nullptr) (void)gpuGraphDestroy(graph);
  }
  (void)gpuGetLastError();
  if (!refused.empty()) throw Unsupported(fmt::format("this cannot be recorded in a graph: {}", refused));
}
DeviceGraph::~DeviceGraph() = default;

void DeviceGraph::replay() {
  const auto code = gpuGraphLaunch(state_->ready, stream());
  check(code == gpuSuccess, "the GPU refused to start a graph: {}", gpuGetErrorString(code));
}

}  // namespace tandem::GPU_VENDOR
