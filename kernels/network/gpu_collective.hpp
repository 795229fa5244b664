// Sums over the devices of the ranks by the vendor's library, which takes them from device to device: NCCL, RCCL, or
// MPI on the guarded device. And what MPI itself can do with device memory.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "harness/device/gpu_runtime.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::GPU_VENDOR {

class Collective {
 public:
  // Collective. Unsupported, on every rank, where one of them has no such library or it does not start.
  explicit Collective(const Ranks& ranks);
  ~Collective();
  Collective(const Collective&) = delete;
  Collective& operator=(const Collective&) = delete;

  // Waits for nothing. `in` may be `out`.
  void start_sum(const void* in, void* out, std::size_t count, Output::Type type);
  std::string library() const;  // "NCCL 2.28.9"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Why the MPI of this program may not be given pointers to device memory, "" it may.
std::string why_mpi_takes_no_device_memory();

// What the host does with device memory, after all work that was started; waits for it.
void call_with_device_memory(const std::function<void()>& call);

}  // namespace tandem::GPU_VENDOR
