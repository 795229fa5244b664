// The kernels of each device: of the CPU (kernel_registry), of the guarded device, which are built from the same .cu
// files as the modules, and of a GPU by the module that finds one.
#pragma once

#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"

namespace tandem {

inline const std::vector<std::string>& device_names() {
  static const std::vector<std::string> names = {"cpu", "gpu", "guarded"};
  return names;
}

// What a device other than the CPU can run, by names, settings and memory; whether there is a GPU does not matter here.
const std::vector<KernelEntry>& guarded_registry();

// What a plan may ask of the device.
const std::vector<KernelEntry>& plannable_kernels(const std::string& device);

// The kernel that runs on the device, here and now. Unsupported, with the reasons of all modules, where there is no
// GPU, or where its module has no such kernel.
const KernelEntry& runnable_kernel(const std::string& name, const std::string& device);

}  // namespace tandem
