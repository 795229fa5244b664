#include "harness/kernel/gpu_modules.hpp"

#include "harness/base/check.hpp"
#include "harness/device/gpu.hpp"
#include "harness/kernel/module.hpp"

namespace tandem {
namespace {

GpuModule module_of(const GpuLibrary& library) {
  GpuModule found{library.vendor, library.reason, {}, {}, {}};
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
  found.routines = registry.routines;
  return found;
}

}  // namespace

std::vector<GpuModule> gpu_modules(const std::filesystem::path& folder) {
  std::vector<GpuModule> modules;
  for (const GpuLibrary& library : load_gpu_libraries(folder, module_export_name))
    modules.push_back(module_of(library));
  return modules;
}

const GpuModule& usable_gpu_module() {
  static const std::vector<GpuModule> modules = gpu_modules(program_folder());
  std::string reasons;
  for (const GpuModule& module : modules) {
    if (module.reason.empty()) return module;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", module.vendor, module.reason);
  }
  throw Unsupported("no GPU can be used: " + reasons);
}

void demand_device(const std::string& device) {
  if (device == "gpu") usable_gpu_module();
}

}  // namespace tandem
