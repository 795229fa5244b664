// The kernels that are built from .cu files, once for each vendor. The list is generated from kernels/*/CMakeLists.txt
// (cmake/gpu.cmake); each name there is a function `KernelEntry <family>_<name>()`.
#pragma once

#include <vector>

#include "harness/device/gpu_runtime.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::GPU_VENDOR {

std::vector<KernelEntry> kernels();

}  // namespace tandem::GPU_VENDOR
