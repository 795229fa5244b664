// The modules beside the program, and what each brings.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/device/gpu_device.hpp"
#include "harness/device/routine.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem {

// A module beside the program, and what it sees.
struct GpuModule {
  std::string vendor;  // "cuda", "hip"
  std::string reason;  // why it runs nothing here, "" it does
  GpuSurvey survey;
  std::vector<KernelEntry> kernels;
  std::vector<Routine> routines;
};

std::vector<GpuModule> gpu_modules(const std::filesystem::path& folder);

// The first that can run something here. Unsupported, with the reasons of all, where there is none.
const GpuModule& usable_gpu_module();

// Of the guarded device (generated with the list of its kernels).
const std::vector<Routine>& guarded_routines();

}  // namespace tandem
