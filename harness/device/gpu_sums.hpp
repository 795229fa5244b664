// Sums over vectors on a device: each block of threads leaves its part, by a grid that does not depend on the device,
// so that the sum does not either; who wants the whole adds the parts up in one block.
#pragma once

#include <algorithm>
#include <cstddef>

#include "harness/device/gpu_code.hpp"

namespace tandem::GPU_VENDOR {

constexpr unsigned sum_threads = 256;
constexpr std::size_t most_parts = 512;
inline std::size_t sum_blocks_for(std::size_t n) { return std::min(blocks_for(n, 8 * sum_threads), most_parts); }

// The sum of `value` over the threads of a block, in thread 0. Two barriers, not one for each halving.
GPU_FUNCTION double block_sum(double value) {
  constexpr unsigned groups = 16, each = sum_threads / groups;
  GPU_SHARED double part[sum_threads];
  GPU_SHARED double sums[groups];
  const unsigned own = thread_index();
  part[own] = value;
  block_barrier();
  if (own < groups) {
    double sum = 0;
    for (unsigned i = 0; i < each; ++i) sum += part[i * groups + own];
    sums[own] = sum;
  }
  block_barrier();
  double sum = 0;
  for (unsigned i = 0; own == 0 && i < groups; ++i) sum += sums[i];
  return sum;
}

}  // namespace tandem::GPU_VENDOR
