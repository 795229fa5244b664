// The newest of what one rank posts, for another to read when it likes: neither waits for the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem {

class Latest {
 public:
  Latest(const Ranks& all, int from, int to);  // collective over `all`, as the destructor is
  ~Latest();
  Latest(const Latest&) = delete;
  Latest& operator=(const Latest&) = delete;

  // Rank `from`:
  void post(std::vector<std::byte> bytes);  // at most 2 GiB, at least one byte
  void push();                              // lets what was posted leave: some MPIs move nothing while nobody calls
  // Rank `to`: what was posted last and has come whole since the last call; empty if nothing has.
  std::vector<std::byte> newest();
  // Both: drops what was posted and not read, and waits for the other.
  void settle();

 private:
  struct Posted {
    std::vector<std::byte> bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  bool begin();  // to receive what has come

  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_, from_, to_;
  std::uint64_t posted_ = 0, read_ = 0;
  std::deque<Posted> under_way_;  // addresses stay while MPI reads them
  std::vector<std::byte> coming_;
  MPI_Request request_ = MPI_REQUEST_NULL;  // of `coming_`
};

}  // namespace tandem
