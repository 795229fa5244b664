// Kernels that are slower by a known share, for tests of comparisons: every m-th run is done twice. Where a sample is a
// multiple of m runs, as batches of powers of two are, each sample takes 1 + 1/m times as long.
#pragma once

#include <memory>

#include "harness/kernel/kernel.hpp"

namespace tandem {

std::unique_ptr<Kernel> slowed(std::unique_ptr<Kernel> kernel, int every);

// The entry with slowed kernels; one whose samples are single runs (destroys_input) stays as it is.
KernelEntry slowed(const KernelEntry& entry, int every);

}  // namespace tandem
