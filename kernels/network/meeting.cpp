#include "kernels/network/meeting.hpp"

#include <new>

#include <sched.h>

namespace tandem::kernels {
namespace {

constexpr std::size_t line = 64;  // bytes of a cache line: no two ranks write to the same one

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Meeting::Meeting(const Nodes& nodes) : counters_(nodes.node(), line) {
  int rank = 0;
  MPI_Comm_rank(nodes.node(), &rank);
  rank_ = static_cast<std::size_t>(rank);
  for (int other = 0; other < nodes.ranks_each(); ++other)
    arrived_.push_back(std::launder(reinterpret_cast<std::atomic<std::uint64_t>*>(counters_.segment(other))));
}

void Meeting::meet() {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  constexpr int patience = 2000;  // then the processor is left to a rank that may be waiting for it
  arrived_[rank_]->store(++meetings_, std::memory_order_release);
  for (const std::atomic<std::uint64_t>* arrived : arrived_)
    for (int looks = 0; arrived->load(std::memory_order_acquire) < meetings_; ++looks)
      looks < patience ? relax() : void(sched_yield());
}

}  // namespace tandem::kernels
