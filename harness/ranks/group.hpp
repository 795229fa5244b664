// Some of the ranks with a numbering of their own: a row or a column of a process grid. A group of one never touches
// MPI. Counts are of fp64 values, or bytes, at most 2^31 - 1 in a message. Calls marked (all) are collective over the
// group.
#pragma once

#include <cstddef>
#include <span>

#include <mpi.h>

#include "harness/ranks/ranks.hpp"

namespace tandem {

// A message under way. Its memory must stay untouched until wait() or a true done().
class Pending {
 public:
  Pending() = default;
  explicit Pending(MPI_Request request) : request_(request) {}
  ~Pending() { wait(); }
  Pending(Pending&& other) noexcept : request_(other.request_) { other.request_ = MPI_REQUEST_NULL; }
  Pending& operator=(Pending&& other) noexcept;

  void wait();
  bool done();  // also gives MPI a chance to move the message on

 private:
  MPI_Request request_ = MPI_REQUEST_NULL;
};

class Group {
 public:
  Group() = default;                                 // this rank alone
  Group(const Ranks& ranks, int colour, int place);  // collective over `ranks`: those of one colour, ordered by place
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  Group(Group&& other) noexcept;
  Group& operator=(Group&& other) noexcept;

  int rank() const { return rank_; }
  int size() const { return size_; }

  Pending send(std::span<const double> values, int to) const;
  Pending receive(std::span<double> values, int from) const;
  void broadcast(std::span<double> values, int from) const;             // (all)
  Pending start_broadcast(std::span<double> values, int from) const;    // (all)
  void broadcast(std::span<std::byte> bytes, int from) const;           // (all)
  Pending start_broadcast(std::span<std::byte> bytes, int from) const;  // (all)
  void sum(std::span<double> values) const;                             // (all) in place, on every rank
  void sum_to(std::span<double> values, int to) const;                  // (all) in place on rank `to`
  // (all) Everybody's values one after the other; counts[r] is how many rank r brings.
  void gather(std::span<const double> mine, std::span<const int> counts, std::span<double> all) const;

 private:
  friend class Election;
  MPI_Comm comm_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
};

// An all-reduce that elects: a ballot is {key, tie, payload...}; of each of its two ballots every rank ends with the
// one of the largest key, of equal keys the one of the smallest tie.
class Election {
 public:
  explicit Election(std::size_t ballot);  // values of one ballot
  ~Election();
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  void hold(const Group& group, std::span<double> ballots) const;  // (all) two ballots one after the other, in place

 private:
  std::size_t ballot_;
  mutable MPI_Datatype type_ = MPI_DATATYPE_NULL;  // made at the first use by more than one rank
  mutable MPI_Op op_ = MPI_OP_NULL;
};

}  // namespace tandem
