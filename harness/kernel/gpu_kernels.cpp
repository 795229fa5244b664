#include "harness/kernel/gpu_kernels.hpp"

#include <algorithm>

#include "harness/base/check.hpp"
#include "harness/kernel/gpu_modules.hpp"

namespace tandem {

const std::vector<KernelEntry>& plannable_kernels(const std::string& device) {
  return device == "cpu" ? kernel_registry() : guarded_registry();
}

const KernelEntry& runnable_kernel(const std::string& name, const std::string& device) {
  const auto& kernels = device == "gpu" ? usable_gpu_module().kernels : plannable_kernels(device);
  const auto found =
      std::find_if(kernels.begin(), kernels.end(), [&](const KernelEntry& entry) { return entry.name == name; });
  if (found == kernels.end()) throw Unsupported(fmt::format("the module has no {}", name));
  return *found;
}

}  // namespace tandem
