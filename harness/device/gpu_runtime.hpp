// A device's memory, copies and waiting, the same words for CUDA, HIP and the guarded device. Every copy is explicit.
// Work that was started runs in the order in which it was started; only finish(), copy_in() and copy_out() wait. What
// the runtime refuses is an Error that names the call and the runtime's own words.
#pragma once

#include <cstddef>

#include "harness/base/check.hpp"
#include "harness/device/gpu_device.hpp"
#include "harness/device/gpu_vendor.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem::GPU_VENDOR {

GpuSurvey survey();

// This rank's own: the one with its number among the ranks of this host. Collective. More ranks than devices, no
// device, or none that this build has code for: Unsupported. What follows works on it.
const GpuDevice& choose_device(const Ranks& ranks);
// The same for a kernel that exchanges nothing between devices yet: throws Unsupported on more than one rank.
inline const GpuDevice& choose_sole_device(const Ranks& ranks) {
  if (ranks.size() > 1) throw Unsupported("nothing is exchanged or summed between devices yet: one rank");
  return choose_device(ranks);
}

void* allocate(std::size_t bytes);  // aligned for any type; the Error of a device that is full says what is free
void release(void* memory) noexcept;
void* allocate_pinned(std::size_t bytes);  // host memory that the device copies from and to at full speed
void release_pinned(void* memory) noexcept;
double free_bytes();
double free_bytes(const Ranks& ranks);  // of this rank's device; collective

void copy_in(void* device, const void* host, std::size_t bytes);
void copy_out(void* host, const void* device, std::size_t bytes);
// These do not wait; host memory must stay as it is until finish().
void start_copy_in(void* device, const void* host, std::size_t bytes);
void start_copy_out(void* host, const void* device, std::size_t bytes);
void start_copy(void* to, const void* from, std::size_t bytes);  // both on the device
void finish();

}  // namespace tandem::GPU_VENDOR
