#include "harness/ranks/shared_memory.hpp"

#include <cstdint>
#include <cstring>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

constexpr std::size_t line = 64;  // bytes of a cache line

}  // namespace

SharedMemory::SharedMemory(MPI_Comm node, std::size_t bytes) {
  MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
  void* base = nullptr;
  const int error =
      MPI_Win_allocate_shared(static_cast<MPI_Aint>(bytes + line), 1, MPI_INFO_NULL, node, &base, &window_);
  MPI_Comm_set_errhandler(node, MPI_ERRORS_ARE_FATAL);
  check(error == MPI_SUCCESS, "MPI cannot share {} bytes a rank on this node; is /dev/shm full?", bytes);
  std::memset(base, 0, bytes + line);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);  // from here on plain loads and stores, ordered by atomics
  MPI_Barrier(node);
}

SharedMemory::~SharedMemory() {
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

std::byte* SharedMemory::segment(int rank) const {
  MPI_Aint bytes = 0;
  int unit = 0;
  void* base = nullptr;
  MPI_Win_shared_query(window_, rank, &bytes, &unit, &base);
  // Segments lie at any address, but at the same place of a page in every process.
  const auto address = reinterpret_cast<std::uintptr_t>(base);
  return static_cast<std::byte*>(base) + (line - address % line) % line;
}

}  // namespace tandem
