// What device code is written with: GPU_KERNEL before a kernel, GPU_FUNCTION before what it calls, GPU_SHARED before
// memory that a block shares; thread_index() and its kin; launch(). Nothing assumes how many threads run in step:
// groups within a block meet at block_barrier().
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <tuple>

#include "harness/base/check.hpp"
#include "harness/device/gpu_vendor.hpp"

#if defined(TANDEM_GUARDED)
#define GPU_KERNEL
#define GPU_FUNCTION inline
#define GPU_SHARED static thread_local
#define GPU_UNROLL
#define GPU_UNROLL_BY(times)
#else
#define GPU_KERNEL __global__
#define GPU_FUNCTION __device__ inline
#define GPU_SHARED __shared__
#define GPU_UNROLL _Pragma("unroll")
#define GPU_PRAGMA(words) _Pragma(#words)
#define GPU_UNROLL_BY(times) GPU_PRAGMA(unroll times)
#endif

namespace tandem::GPU_VENDOR {

#if defined(TANDEM_GUARDED)

inline unsigned thread_index() { return place().thread; }
inline unsigned block_index() { return place().block; }
inline unsigned block_size() { return place().threads; }
inline unsigned grid_size() { return place().blocks; }

// Starts threads x blocks; waits for nothing. Its parameters are values and device memory.
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), std::size_t blocks, unsigned threads, Arguments... arguments) {
  int position = 0;
  (demand_on_device(arguments, ++position), ...);
  start(Grid{static_cast<unsigned>(blocks), threads},
        [kernel, values = std::tuple<Parameters...>(arguments...)] { std::apply(kernel, values); });
}

#else

GPU_FUNCTION unsigned thread_index() { return threadIdx.x; }
GPU_FUNCTION unsigned block_index() { return blockIdx.x; }
GPU_FUNCTION unsigned block_size() { return blockDim.x; }
GPU_FUNCTION unsigned grid_size() { return gridDim.x; }
GPU_FUNCTION void block_barrier() { __syncthreads(); }

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), std::size_t blocks, unsigned threads, Arguments... arguments) {
#if defined(TANDEM_HIP)
  check(blocks * threads < std::size_t{1} << 32, "{} blocks of {} threads: HIP starts fewer than 2^32 threads", blocks,
        threads);
#endif
  std::tuple<Parameters...> values(arguments...);
  std::array<void*, sizeof...(Parameters)> pointers = std::apply(
      [](auto&... value) { return std::array<void*, sizeof...(Parameters)>{static_cast<void*>(&value)...}; }, values);
  const auto code = gpuLaunchKernel(reinterpret_cast<const void*>(kernel), dim3(static_cast<unsigned>(blocks)),
                                    dim3(threads), pointers.data(), 0, stream());
  check(code == gpuSuccess, "the GPU refused a kernel: {}", gpuGetErrorString(code));
}

#endif

// This thread's number in the whole grid.
GPU_FUNCTION std::size_t grid_index() {
  return static_cast<std::size_t>(block_index()) * block_size() + thread_index();
}

// Blocks of `threads` that cover n items, an item a thread.
inline std::size_t blocks_for(std::size_t n, unsigned threads) {
  const std::size_t blocks = std::max<std::size_t>((n + threads - 1) / threads, 1);
  check(blocks <= 0x7fffffff, "{} blocks: more than a grid may have", blocks);
  return blocks;
}

}  // namespace tandem::GPU_VENDOR
