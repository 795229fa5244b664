// The border between the program and a GPU module (libtandem_cuda.so, libtandem_hip.so): a module is a library of its
// own that the program loads when a case asks for it, with one export. Kernels are the same class on either side; at
// the border each call returns a Fault instead of throwing.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "harness/device/gpu_device.hpp"
#include "harness/device/routine.hpp"
#include "harness/kernel/fault.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem {

// A Kernel, with its errors as values.
class ModuleKernel {
 public:
  virtual ~ModuleKernel() = default;
  virtual Fault prepare(Data data) noexcept = 0;
  virtual Fault restore() noexcept = 0;
  virtual Fault keep(bool& kept) noexcept = 0;
  virtual Fault run() noexcept = 0;
  virtual Fault finish() noexcept = 0;
  virtual Fault verify(std::vector<Verdict>& verdicts) noexcept = 0;
  virtual Fault facts(Facts& facts) noexcept = 0;
  virtual Fault output(Output& output) noexcept = 0;  // without `changed`
  virtual Fault changed() noexcept = 0;               // Output::changed
};

struct ModuleEntry {
  KernelEntry entry;  // without the functions, which follow
  std::function<Fault(const Settings&, const Placement&, double& bytes)> memory;
  std::function<Fault(const Settings&, const KernelContext&, std::unique_ptr<ModuleKernel>&)> make;
  std::function<Fault(const Ranks&, double& bytes)> free_memory;
};

struct ModuleRegistry {
  GpuSurvey survey;
  std::vector<ModuleEntry> kernels;
  std::vector<Routine> routines;
};

// What both sides must have been built with: this header and those it stands on, compiler and version.
const char* module_abi();

// The export. False: the module was built for another ABI and has not touched the registry.
using ModuleExport = bool(const char* abi, ModuleRegistry& registry);
inline constexpr const char* module_export_name = "tandem_module";

ModuleEntry exported(const KernelEntry& entry);  // in the module
KernelEntry imported(const ModuleEntry& entry);  // in the program

}  // namespace tandem
