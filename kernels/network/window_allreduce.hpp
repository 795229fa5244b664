// Sum over the ranks of a node through memory that they share, in chunks: each rank adds up one slice of a chunk
// (reduce-scatter) and takes the others' from them (all-gather). On several nodes the ranks of the same place add up
// their slices by MPI_Allreduce in between. Every rank gets the same bits. Sums of bf16 are accumulated in fp32 and
// rounded once a node.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <mpi.h>

#include "harness/ranks/shared_memory.hpp"
#include "kernels/network/meeting.hpp"

namespace tandem::kernels {

class WindowAllReduce {
 public:
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 20;  // of a message; the window holds two a rank

  explicit WindowAllReduce(const Nodes& nodes);  // collective over all ranks, as is sum

  // out[i] = sum of all ranks' in[i]; the same count on every rank, any number, and `out` may be `in`. T: float,
  // double, std::int32_t, Bf16; `type` and `operation` are what MPI adds them up with.
  template <typename T>
  void sum(const T* in, T* out, std::size_t count, MPI_Datatype type, MPI_Op operation);

 private:
  template <typename T>
  void sum_chunk(const T* in, T* out, std::size_t count, MPI_Datatype type, MPI_Op operation);

  const Nodes& nodes_;
  int rank_ = 0, size_ = 1;  // on the node
  Meeting meeting_;
  SharedMemory stage_;
  std::vector<std::byte*> segment_;  // of each rank: two chunks, used in turn
  std::uint64_t chunks_ = 0;
};

}  // namespace tandem::kernels
