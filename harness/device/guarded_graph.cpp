// The list of what was started, started again: an argument that should have changed since is found wrong.
#include "harness/device/gpu_graph.hpp"
#include "harness/device/guarded.hpp"

namespace tandem::guarded {

struct DeviceGraph::State {
  std::vector<std::function<void()>> work;
};

DeviceGraph::DeviceGraph(const std::function<void()>& work) : state_(std::make_unique<State>()) {
  state_->work = recorded(work);
}
DeviceGraph::~DeviceGraph() = default;

void DeviceGraph::replay() {
  for (const auto& one : state_->work) start(one);
}

}  // namespace tandem::guarded
