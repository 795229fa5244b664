// The one export of a GPU module.
#include <cstring>

#include "harness/device/gpu_runtime.hpp"
#include "harness/kernel/gpu_entries.hpp"
#include "harness/kernel/module.hpp"

extern "C" __attribute__((visibility("default"))) bool tandem_module(const char* abi,
                                                                     tandem::ModuleRegistry& registry) {
  using namespace tandem;
  if (std::strcmp(abi, module_abi()) != 0) return false;
  const Fault fault = caught([&] {
    registry.survey = GPU_VENDOR::survey();
    for (const KernelEntry& entry : GPU_VENDOR::kernels()) registry.kernels.push_back(exported(entry));
    registry.routines = GPU_VENDOR::routines();
  });
  if (fault.happened) registry.survey.reason = fault.message;
  return true;
}
