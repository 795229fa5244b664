// A GPU as its runtime tells it.
#pragma once

#include <string>
#include <vector>

namespace tandem {

struct GpuDevice {
  std::string name;          // "NVIDIA H200"
  std::string architecture;  // "sm_90", "gfx942"
  double memory_bytes = 0;
  double free_bytes = 0;
  int units = 0;           // multiprocessors, compute units
  double cache_bytes = 0;  // of the last level
  std::string unusable;    // why it cannot be used, "" it can: "the module has no code for sm_70"
};

// What a runtime sees. `reason`: why there is no device that can be used.
struct GpuSurvey {
  std::string runtime;  // "CUDA 13.0, driver 13.0"
  std::vector<GpuDevice> devices;
  std::string reason;
};

}  // namespace tandem
