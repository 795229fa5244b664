#include "harness/kernel/gpu_kernels.hpp"

#include <algorithm>

#include "harness/base/check.hpp"
#include "harness/device/gpu.hpp"
#include "harness/kernel/module.hpp"

namespace tandem {
namespace {

GpuModule module_of(const GpuLibrary& library) {
  GpuModule found{library.vendor, library.reason, {}, {}};
  if (library.entry == nullptr) return found;
  ModuleRegistry registry;
  if (!reinterpret_cast<ModuleExport*>(library.entry)(module_abi(), registry)) {
    found.reason = fmt::format("{} was built for another program than this one; build both from the same sources",
                               library.file.filename().string());
    return found;
  }
  found.survey = registry.survey;
  found.reason = registry.survey.reason;
  for (const ModuleEntry& entry : registry.kernels) found.kernels.push_back(imported(entry));
  return found;
}

const std::vector<KernelEntry>& kernels_of_a_gpu() {
  static const std::vector<GpuModule> modules = gpu_modules(program_folder());
  std::string reasons;
  for (const GpuModule& module : modules) {
    if (module.reason.empty()) return module.kernels;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", module.vendor, module.reason);
  }
  throw Unsupported("no GPU can be used: " + reasons);
}

}  // namespace

std::vector<GpuModule> gpu_modules(const std::filesystem::path& folder) {
  std::vector<GpuModule> modules;
  for (const GpuLibrary& library : load_gpu_libraries(folder, module_export_name))
    modules.push_back(module_of(library));
  return modules;
}

const std::vector<KernelEntry>& plannable_kernels(const std::string& device) {
  return device == "cpu" ? kernel_registry() : guarded_registry();
}

const KernelEntry& runnable_kernel(const std::string& name, const std::string& device) {
  const auto& kernels = device == "gpu" ? kernels_of_a_gpu() : plannable_kernels(device);
  const auto found =
      std::find_if(kernels.begin(), kernels.end(), [&](const KernelEntry& entry) { return entry.name == name; });
  if (found == kernels.end()) throw Unsupported(fmt::format("the module has no {}", name));
  return *found;
}

}  // namespace tandem
