// The sum over the ranks of arrays in device memory, on every rank: by the vendor's library, from device to device;
// staged, through pinned memory of the host and MPI; or by an MPI that takes device memory. Only the first does not
// keep the host waiting.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "harness/base/check.hpp"
#include "harness/device/gpu_memory.hpp"
#include "kernels/network/gpu_collective.hpp"
#include "kernels/network/mpi_sum.hpp"

namespace tandem::GPU_VENDOR {

enum class SumBy { any, library, staged, gpu_aware };  // any: by the library where there is one, else staged

template <typename T>
class DeviceAllreduce {
 public:
  // Of `count` values. Collective. Unsupported, on every rank, where this way is not open to all of them.
  DeviceAllreduce(const Ranks& ranks, SumBy by, std::size_t count) : comm_(ranks.comm()), count_(count) {
    std::string why_staged;
    if (by == SumBy::any || by == SumBy::library) {
      try {
        library_ = std::make_unique<Collective>(ranks);
        how_ = library_->library();
        return;
      } catch (const Unsupported& reason) {
        if (by == SumBy::library) throw;
        why_staged = fmt::format(" ({})", reason.what());
      }
    }
    if (by == SumBy::gpu_aware) {
      demand_device_memory();
      how_ = "MPI_Allreduce on device memory";
      return;
    }
    pinned_.emplace(count_);
    how_ = "MPI_Allreduce through pinned memory of the host" + why_staged;
  }

  // After all work that was started before. `in` may be `out`.
  void start(const T* in, T* out) {
    if (library_) return library_->start_sum(in, out, count_, kernels::MpiSum<T>::format);
    if (!pinned_) return call_with_device_memory([&] { all_reduce(sum_, in, out, count_, comm_); });
    const std::size_t bytes = count_ * sizeof(T);
    start_copy_out(pinned_->data(), in, bytes);
    finish();
    all_reduce(sum_, pinned_->data(), pinned_->data(), count_, comm_);
    start_copy_in(out, pinned_->data(), bytes);
  }

  bool host_waits() const { return library_ == nullptr; }
  const std::string& how() const { return how_; }

 private:
  static void demand_device_memory() {
    if constexpr (std::is_same_v<T, kernels::Bf16>)
      throw Unsupported("MPI has no bf16, and an operation of our own runs on the host");
    if (const std::string why = why_mpi_takes_no_device_memory(); !why.empty()) throw Unsupported(why);
  }

  MPI_Comm comm_;
  std::size_t count_;
  kernels::MpiSum<T> sum_;
  std::unique_ptr<Collective> library_;
  std::optional<PinnedBuffer<T>> pinned_;
  std::string how_;
};

}  // namespace tandem::GPU_VENDOR
