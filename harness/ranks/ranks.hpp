// The MPI processes of a worker. One rank without a launcher never starts MPI unless `comm()` is asked for, so that
// Tandem runs where no MPI is set up. Every call is collective over the group. Errors throw (exit code 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mpi.h>

namespace tandem {

// A contiguous part of 0..n-1.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t size() const { return end - begin; }
};

// What one rank and this one send each other at once; either span may be empty, then nothing goes that way.
struct Message {
  int peer = 0;
  std::span<const std::byte> send;
  std::span<std::byte> receive;
};

// Messages under way: their memory must stay as it is until wait() or the destructor returns.
class Exchange {
 public:
  Exchange() = default;
  ~Exchange() { wait(); }
  Exchange(Exchange&& other) noexcept : requests_(std::move(other.requests_)) { other.requests_.clear(); }
  Exchange& operator=(Exchange&& other) noexcept {
    std::swap(requests_, other.requests_);
    return *this;
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  void wait();

 private:
  friend class Ranks;
  std::vector<MPI_Request> requests_;
};

class Ranks {
 public:
  // `expected` ranks, as the coordinator asked the launcher for; another number is an error that names the mend
  // (a launcher that does not know this MPI starts n programs of one rank each).
  // One thread a rank asks for MPI_THREAD_SINGLE, as MPI_Init does: FUNNELED costs every call (Open MPI 4.1: 0.25 us of
  // an all-reduce of 8 B). `threads` = 0: as many as the rank likes.
  explicit Ranks(int expected, const std::string& launcher = "", int threads = 0);
  // Those of `all` that name the same colour, in their order, numbered from 0. Collective over `all`.
  Ranks(const Ranks& all, int colour);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool root() const { return rank_ == 0; }
  MPI_Comm comm() const;  // starts MPI on first use at one rank

  void barrier() const;
  void broadcast(std::span<std::byte> bytes, int from = 0) const;
  void sum(std::span<float> values) const;  // in place, the same bits on every rank
  void sum(std::span<double> values) const;
  void max(std::span<double> values) const;
  double sum(double value) const;
  double max(double value) const;
  std::vector<double> gather(std::span<const double> values) const;  // rank order, on every rank; small data only

  // Starts these messages without waiting for any. Collective over the neighbours only: two ranks must name each other
  // in the same order with the same sizes. At most 2 GiB a message.
  Exchange exchange(std::span<const Message> messages) const;

  // This rank's share of n items: item i belongs to rank i % size (round robin keeps uneven cases balanced).
  std::vector<std::size_t> share(std::size_t n) const;

  // Seconds to add to this rank's steady clock to read rank 0's, by the least round trip of `rounds` ping-pongs;
  // `uncertainty` is half that round trip. 0 on rank 0.
  struct Offset {
    double seconds = 0;
    double uncertainty = 0;
  };
  Offset clock_offset(int rounds = 100) const;

 private:
  void start() const;
  MPI_Comm comm_ = MPI_COMM_WORLD;
  int rank_ = 0;
  int size_ = 1;
  int thread_level_ = MPI_THREAD_FUNNELED;
  mutable bool started_ = false;
};

}  // namespace tandem
