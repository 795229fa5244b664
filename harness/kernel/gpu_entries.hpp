// The kernels and routines that are built from .cu files, once for each vendor. The lists are generated from
// kernels/*/CMakeLists.txt (cmake/gpu.cmake); each name there is a function `KernelEntry <family>_<name>()`, or
// `Routine <family>_<name>_routine()`.
#pragma once

#include <vector>

#include "harness/device/gpu_runtime.hpp"
#include "harness/device/routine.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::GPU_VENDOR {

std::vector<KernelEntry> kernels();
std::vector<Routine> routines();

}  // namespace tandem::GPU_VENDOR
