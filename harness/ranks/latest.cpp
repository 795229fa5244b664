#include "harness/ranks/latest.hpp"

#include <limits>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

constexpr int kBytes = 1, kPosted = 2;

}  // namespace

Latest::Latest(const Ranks& all, int from, int to) : rank_(all.rank()), from_(from), to_(to) {
  check(from != to, "rank {} would read what it posts itself", from);
  MPI_Comm_dup(all.comm(), &comm_);
}

Latest::~Latest() { MPI_Comm_free(&comm_); }

void Latest::post(std::vector<std::byte> bytes) {
  check(!bytes.empty() && bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
        "{} bytes cannot be posted", bytes.size());
  push();
  Posted& last = under_way_.emplace_back();
  last.bytes = std::move(bytes);
  MPI_Isend(last.bytes.data(), static_cast<int>(last.bytes.size()), MPI_BYTE, to_, kBytes, comm_, &last.request);
  ++posted_;
}

void Latest::push() {
  for (int left = 1; left != 0 && !under_way_.empty();) {
    MPI_Test(&under_way_.front().request, &left, MPI_STATUS_IGNORE);
    if (left != 0) under_way_.pop_front();
  }
}

bool Latest::begin() {
  if (request_ != MPI_REQUEST_NULL) return true;
  int there = 0, length = 0;
  MPI_Status status;
  MPI_Iprobe(from_, kBytes, comm_, &there, &status);
  if (there == 0) return false;
  MPI_Get_count(&status, MPI_BYTE, &length);
  coming_.resize(static_cast<std::size_t>(length));
  MPI_Irecv(coming_.data(), length, MPI_BYTE, from_, kBytes, comm_, &request_);
  return true;
}

std::vector<std::byte> Latest::newest() {
  std::vector<std::byte> found;
  while (begin()) {
    int done = 0;
    MPI_Test(&request_, &done, MPI_STATUS_IGNORE);
    if (done == 0) break;
    found = std::move(coming_);
    ++read_;
  }
  return found;
}

void Latest::settle() {
  if (rank_ == from_) {
    MPI_Request told = MPI_REQUEST_NULL;
    MPI_Isend(&posted_, 1, MPI_UINT64_T, to_, kPosted, comm_, &told);
    for (Posted& each : under_way_) MPI_Wait(&each.request, MPI_STATUS_IGNORE);
    MPI_Wait(&told, MPI_STATUS_IGNORE);
    under_way_.clear();
    posted_ = 0;
  }
  if (rank_ != to_) return;
  std::uint64_t posted = 0;
  MPI_Recv(&posted, 1, MPI_UINT64_T, from_, kPosted, comm_, MPI_STATUS_IGNORE);
  while (read_ < posted)
    if (begin()) {
      MPI_Wait(&request_, MPI_STATUS_IGNORE);
      ++read_;
    }
  read_ = 0;
}

}  // namespace tandem
