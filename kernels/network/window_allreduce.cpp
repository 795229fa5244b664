#include "kernels/network/window_allreduce.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/network/add_up.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t line = 64;  // bytes of a cache line: no two ranks write to the same one

}  // namespace

WindowAllReduce::WindowAllReduce(const Nodes& nodes)
    : nodes_(nodes), size_(nodes.ranks_each()), meeting_(nodes), stage_(nodes.node(), 2 * chunk_bytes) {
  MPI_Comm_rank(nodes.node(), &rank_);
  for (int rank = 0; rank < size_; ++rank) segment_.push_back(stage_.segment(rank));
}

// Chunks take turns with two places of the window. A place is written again two chunks later, when everybody has come
// to a meeting of the chunk between and thus has read it.
template <typename T>
void WindowAllReduce::sum_chunk(const T* in, T* out, std::size_t count, MPI_Datatype type, MPI_Op operation) {
  constexpr std::size_t unit = line / sizeof(T);
  const auto ranks = static_cast<std::size_t>(size_), me = static_cast<std::size_t>(rank_);
  const std::size_t slice = (count + ranks * unit - 1) / (ranks * unit) * unit;
  const auto begin = [&](std::size_t rank) { return std::min(count, rank * slice); };
  const auto bytes = [&](std::size_t rank) { return (begin(rank + 1) - begin(rank)) * sizeof(T); };
  const std::size_t place = chunks_++ % 2 * chunk_bytes;
  const auto chunk = [&](std::size_t rank) { return reinterpret_cast<T*>(segment_[rank] + place); };

  for (std::size_t rank = 0; rank < ranks; ++rank)
    if (rank != me) std::memcpy(chunk(me) + begin(rank), in + begin(rank), bytes(rank));
  meeting_.meet();
  const std::size_t mine = begin(me + 1) - begin(me);
  add_up(
      ranks, [&](std::size_t rank) { return (rank == me ? in : chunk(rank)) + begin(me); }, chunk(me) + begin(me),
      mine);
  if (nodes_.count() > 1)
    MPI_Allreduce(MPI_IN_PLACE, chunk(me) + begin(me), static_cast<int>(mine), type, operation, nodes_.across());
  meeting_.meet();
  for (std::size_t rank = 0; rank < ranks; ++rank)
    std::memcpy(out + begin(rank), chunk(rank) + begin(rank), bytes(rank));
}

template <typename T>
void WindowAllReduce::sum(const T* in, T* out, std::size_t count, MPI_Datatype type, MPI_Op operation) {
  constexpr std::size_t most = chunk_bytes / sizeof(T);
  for (std::size_t at = 0; at < count; at += most)
    sum_chunk(in + at, out + at, std::min(most, count - at), type, operation);
}

template void WindowAllReduce::sum(const float*, float*, std::size_t, MPI_Datatype, MPI_Op);
template void WindowAllReduce::sum(const double*, double*, std::size_t, MPI_Datatype, MPI_Op);
template void WindowAllReduce::sum(const std::int32_t*, std::int32_t*, std::size_t, MPI_Datatype, MPI_Op);
template void WindowAllReduce::sum(const Bf16*, Bf16*, std::size_t, MPI_Datatype, MPI_Op);

}  // namespace tandem::kernels
