#include "harness/ranks/group.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/ranks/messages.hpp"

namespace tandem {
namespace {

constexpr int kTag = 3;

int count_of(std::size_t values) {
  check(values <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
        "a message of {} values is longer than MPI counts; use more ranks or smaller blocks", values);
  return static_cast<int>(values);
}

// MPI's signature of a user-defined reduction; one element is a pair of ballots.
void elect(void* in, void* inout, int* length, MPI_Datatype* type) {
  int bytes = 0;
  MPI_Type_size(*type, &bytes);
  const std::size_t ballot = static_cast<std::size_t>(bytes) / sizeof(double) / 2;
  const auto* theirs = static_cast<const double*>(in);
  auto* ours = static_cast<double*>(inout);
  for (int i = 0; i < 2 * *length; ++i, theirs += ballot, ours += ballot)
    if (theirs[0] > ours[0] || (theirs[0] == ours[0] && theirs[1] < ours[1])) std::copy_n(theirs, ballot, ours);
}

}  // namespace

Pending& Pending::operator=(Pending&& other) noexcept {
  wait();
  request_ = std::exchange(other.request_, MPI_REQUEST_NULL);
  return *this;
}

void Pending::wait() {
  if (request_ != MPI_REQUEST_NULL) MPI_Wait(&request_, MPI_STATUS_IGNORE);
}

bool Pending::done() {
  int finished = 1;
  if (request_ != MPI_REQUEST_NULL) MPI_Test(&request_, &finished, MPI_STATUS_IGNORE);
  return finished != 0;
}

Group::Group(const Ranks& ranks, int colour, int place) {
  if (ranks.size() == 1) return;
  MPI_Comm_split(ranks.comm(), colour, place, &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Group::~Group() {
  if (comm_ != MPI_COMM_NULL) MPI_Comm_free(&comm_);
}

Group::Group(Group&& other) noexcept
    : comm_(std::exchange(other.comm_, MPI_COMM_NULL)), rank_(other.rank_), size_(other.size_) {}

Group& Group::operator=(Group&& other) noexcept {
  std::swap(comm_, other.comm_);
  rank_ = other.rank_;
  size_ = other.size_;
  return *this;
}

Pending Group::send(std::span<const double> values, int to) const {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Isend(values.data(), count_of(values.size()), MPI_DOUBLE, to, kTag, comm_, &request);
  ++messages_sent;
  return Pending(request);
}

Pending Group::receive(std::span<double> values, int from) const {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(values.data(), count_of(values.size()), MPI_DOUBLE, from, kTag, comm_, &request);
  return Pending(request);
}

void Group::broadcast(std::span<double> values, int from) const {
  if (size_ > 1) MPI_Bcast(values.data(), count_of(values.size()), MPI_DOUBLE, from, comm_);
}

void Group::broadcast(std::span<std::byte> bytes, int from) const {
  if (size_ > 1) MPI_Bcast(bytes.data(), count_of(bytes.size()), MPI_BYTE, from, comm_);
}

Pending Group::start_broadcast(std::span<double> values, int from) const {
  MPI_Request request = MPI_REQUEST_NULL;
  if (size_ > 1) MPI_Ibcast(values.data(), count_of(values.size()), MPI_DOUBLE, from, comm_, &request);
  return Pending(request);
}

Pending Group::start_broadcast(std::span<std::byte> bytes, int from) const {
  MPI_Request request = MPI_REQUEST_NULL;
  if (size_ > 1) MPI_Ibcast(bytes.data(), count_of(bytes.size()), MPI_BYTE, from, comm_, &request);
  return Pending(request);
}

void Group::sum(std::span<double> values) const {
  if (size_ > 1) MPI_Allreduce(MPI_IN_PLACE, values.data(), count_of(values.size()), MPI_DOUBLE, MPI_SUM, comm_);
}

void Group::sum_to(std::span<double> values, int to) const {
  if (size_ == 1) return;
  const bool here = rank_ == to;
  MPI_Reduce(here ? MPI_IN_PLACE : values.data(), here ? values.data() : nullptr, count_of(values.size()), MPI_DOUBLE,
             MPI_SUM, to, comm_);
}

void Group::gather(std::span<const double> mine, std::span<const int> counts, std::span<double> all) const {
  if (size_ == 1) {
    std::copy(mine.begin(), mine.end(), all.begin());
    return;
  }
  std::vector<int> starts(counts.size(), 0);
  for (std::size_t i = 1; i < counts.size(); ++i) starts[i] = starts[i - 1] + counts[i - 1];
  count_of(all.size());
  MPI_Allgatherv(mine.data(), count_of(mine.size()), MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE,
                 comm_);
}

Election::Election(std::size_t ballot) : ballot_(ballot) {}

Election::~Election() {
  if (type_ != MPI_DATATYPE_NULL) MPI_Type_free(&type_);
  if (op_ != MPI_OP_NULL) MPI_Op_free(&op_);
}

void Election::hold(const Group& group, std::span<double> ballots) const {
  if (group.size() == 1) return;
  if (type_ == MPI_DATATYPE_NULL) {
    MPI_Type_contiguous(count_of(2 * ballot_), MPI_DOUBLE, &type_);
    MPI_Type_commit(&type_);
    MPI_Op_create(&elect, 1, &op_);
  }
  check(ballots.size() == 2 * ballot_, "an election wants two ballots of {} values", ballot_);
  MPI_Allreduce(MPI_IN_PLACE, ballots.data(), 1, type_, op_, group.comm_);
}

}  // namespace tandem
