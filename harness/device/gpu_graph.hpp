// Work that is started again and again: recorded once, then started as one. Arguments stay what they were when it was
// recorded: what changes between two starts must lie in device memory and be changed there.
#pragma once

#include <functional>
#include <memory>

#include "harness/device/gpu_runtime.hpp"

namespace tandem::GPU_VENDOR {

class DeviceGraph {
 public:
  // Keeps what `work` starts and starts none of it; it must neither wait nor allocate, and must have been done once
  // before, for libraries set themselves up at their first call. Unsupported where the runtime or a library refuses.
  explicit DeviceGraph(const std::function<void()>& work);
  ~DeviceGraph();
  DeviceGraph(const DeviceGraph&) = delete;
  DeviceGraph& operator=(const DeviceGraph&) = delete;

  void replay();  // waits for nothing

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem::GPU_VENDOR
