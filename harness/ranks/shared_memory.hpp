// Memory that the ranks of a node share (MPI-3 window): a segment of each rank, visible to all of them.
#pragma once

#include <cstddef>

#include <mpi.h>

namespace tandem {

class SharedMemory {
 public:
  // Collective over `node`, whose ranks must share memory; zeroed. Throws where the system has too little of it.
  SharedMemory(MPI_Comm node, std::size_t bytes);
  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  std::byte* segment(int rank) const;  // aligned to 64 bytes

 private:
  MPI_Win window_ = MPI_WIN_NULL;
};

}  // namespace tandem
