// Sum over the ranks of one node that read each other's memory: each adds up one slice of the message (reduce-scatter)
// and takes the others' from them (all-gather). Nothing is copied to a place between, so that fewer cache lines change
// cores than through a window; each read is a call to the system, which short messages do not repay. Every rank gets
// the same bits. Sums of bf16 are accumulated in fp32 and rounded once.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <sys/types.h>

#include "harness/device/buffer.hpp"
#include "kernels/network/meeting.hpp"
#include "kernels/network/nodes.hpp"

namespace tandem::kernels {

// T: float, double, std::int32_t, Bf16.
template <typename T>
class DirectAllReduce {
 public:
  // Collective over the node, as is sum. The other ranks read `in` and `out`, of the same length on all, while they
  // sum. Throws Unsupported where the system does not let processes read one another (process_vm_readv).
  DirectAllReduce(const Nodes& nodes, std::span<const T> in, std::span<T> out);
  ~DirectAllReduce();
  DirectAllReduce(const DirectAllReduce&) = delete;
  DirectAllReduce& operator=(const DirectAllReduce&) = delete;

  void sum();  // out[i] = sum of all ranks' in[i]

 private:
  struct Peer {
    pid_t process = 0;
    const T *in = nullptr, *out = nullptr;
  };
  static bool read(const Peer& peer, const T* from, T* to, std::size_t count);  // errno where it fails

  std::span<const T> in_;
  std::span<T> out_;
  std::size_t rank_ = 0;
  Meeting meeting_;
  std::vector<Peer> peers_;
  Buffer<T> read_;  // a block of each rank's input
};

}  // namespace tandem::kernels
