// A barrier of a node's ranks through memory that they share: far quicker than MPI's between neighbouring cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "harness/ranks/shared_memory.hpp"
#include "kernels/network/nodes.hpp"

namespace tandem::kernels {

class Meeting {
 public:
  explicit Meeting(const Nodes& nodes);  // collective over the node, as is meet

  // All stores of all ranks before it are visible behind it.
  void meet();

 private:
  std::size_t rank_ = 0;
  SharedMemory counters_;
  std::vector<std::atomic<std::uint64_t>*> arrived_;  // how often each rank has come
  std::uint64_t meetings_ = 0;
};

}  // namespace tandem::kernels
