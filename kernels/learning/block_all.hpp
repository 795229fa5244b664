// Maximum and sum over the threads of a block, known to all of them: two barriers, in an order that does not depend on
// the device. The block's size is a multiple of 16.
#pragma once

#include <cmath>

#include "harness/device/gpu_code.hpp"

namespace tandem::GPU_VENDOR {

struct Larger {
  GPU_FUNCTION static float of(float a, float b) { return fmaxf(a, b); }
};
struct Sum {
  GPU_FUNCTION static float of(float a, float b) { return a + b; }
};

template <typename Operation, unsigned threads>
GPU_FUNCTION float block_all(float value) {
  constexpr unsigned groups = 16;
  GPU_SHARED float parts[threads];
  GPU_SHARED float results[groups];
  const unsigned own = thread_index();
  parts[own] = value;
  block_barrier();
  if (own < groups) {
    float result = parts[own];
    for (unsigned i = 1; i < threads / groups; ++i) result = Operation::of(result, parts[i * groups + own]);
    results[own] = result;
  }
  block_barrier();
  float result = results[0];
  GPU_UNROLL for (unsigned i = 1; i < groups; ++i) result = Operation::of(result, results[i]);
  return result;
}

}  // namespace tandem::GPU_VENDOR
