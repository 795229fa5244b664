#include "harness/ranks/ranks.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "harness/base/check.hpp"
#include "harness/ranks/messages.hpp"

namespace tandem {

Ranks::Ranks(int expected, const std::string& launcher, int threads)
    : thread_level_(threads == 1 ? MPI_THREAD_SINGLE : MPI_THREAD_FUNNELED) {
  if (expected == 1 && launcher.empty()) return;
  start();
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  check(size_ == expected,
        "asked for {} ranks, the launcher \"{}\" started programs of {} rank each that do not see one another; "
        "use the launcher of the MPI that Tandem was built with (Open MPI under Slurm: srun --mpi=pmix, MPICH: "
        "srun --mpi=pmi2)",
        expected, launcher, size_);
}

Ranks::Ranks(const Ranks& all, int colour) {
  if (all.size() == 1) return;
  MPI_Comm_split(all.comm(), colour, all.rank(), &comm_);
  MPI_Comm_rank(comm_, &rank_);
  MPI_Comm_size(comm_, &size_);
}

Ranks::~Ranks() {
  if (comm_ != MPI_COMM_WORLD) MPI_Comm_free(&comm_);
  if (started_) MPI_Finalize();
}

void Ranks::start() const {
  int running = 0;
  MPI_Initialized(&running);
  if (running == 0) {
    int provided = 0;
    check(MPI_Init_thread(nullptr, nullptr, thread_level_, &provided) == MPI_SUCCESS, "MPI did not start");
    started_ = true;
  }
}

MPI_Comm Ranks::comm() const {
  start();
  return comm_;
}

void Ranks::barrier() const {
  if (size_ > 1) MPI_Barrier(comm_);
}

void Ranks::broadcast(std::span<std::byte> bytes, int from) const {
  constexpr std::size_t block = std::size_t{1} << 30;  // MPI counts are int
  if (size_ == 1) return;
  for (std::size_t at = 0; at < bytes.size(); at += block)
    MPI_Bcast(bytes.data() + at, static_cast<int>(std::min(block, bytes.size() - at)), MPI_BYTE, from, comm_);
}

namespace {

template <typename T>
void reduce(std::span<T> values, MPI_Datatype type, MPI_Op operation, MPI_Comm comm) {
  constexpr std::size_t block = std::size_t{1} << 28;
  for (std::size_t at = 0; at < values.size(); at += block)
    MPI_Allreduce(MPI_IN_PLACE, values.data() + at, static_cast<int>(std::min(block, values.size() - at)), type,
                  operation, comm);
}

}  // namespace

void Ranks::sum(std::span<float> values) const {
  if (size_ > 1) reduce(values, MPI_FLOAT, MPI_SUM, comm_);
}
void Ranks::sum(std::span<double> values) const {
  if (size_ > 1) reduce(values, MPI_DOUBLE, MPI_SUM, comm_);
}
void Ranks::max(std::span<double> values) const {
  if (size_ > 1) reduce(values, MPI_DOUBLE, MPI_MAX, comm_);
}
double Ranks::sum(double value) const {
  sum(std::span<double>(&value, 1));
  return value;
}
double Ranks::max(double value) const {
  max(std::span<double>(&value, 1));
  return value;
}

std::vector<double> Ranks::gather(std::span<const double> values) const {
  if (size_ == 1) return {values.begin(), values.end()};
  const int mine = static_cast<int>(values.size());
  std::vector<int> counts(static_cast<std::size_t>(size_));
  MPI_Allgather(&mine, 1, MPI_INT, counts.data(), 1, MPI_INT, comm_);
  std::vector<int> starts(counts.size(), 0);
  for (std::size_t i = 1; i < counts.size(); ++i) starts[i] = starts[i - 1] + counts[i - 1];
  std::vector<double> all(static_cast<std::size_t>(starts.back() + counts.back()));
  MPI_Allgatherv(values.data(), mine, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE, comm_);
  return all;
}

void Exchange::wait() {
  if (requests_.empty()) return;
  MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  requests_.clear();
}

Exchange Ranks::exchange(std::span<const Message> messages) const {
  constexpr int tag = 2;
  Exchange result;
  result.requests_.reserve(2 * messages.size());
  const auto next = [&] { return &result.requests_.emplace_back(MPI_REQUEST_NULL); };
  for (const Message& m : messages)  // receives first, so that no message has to be buffered
    if (!m.receive.empty())
      MPI_Irecv(m.receive.data(), static_cast<int>(m.receive.size()), MPI_BYTE, m.peer, tag, comm_, next());
  for (const Message& m : messages) {
    if (m.send.empty()) continue;
    MPI_Isend(m.send.data(), static_cast<int>(m.send.size()), MPI_BYTE, m.peer, tag, comm_, next());
    ++messages_sent;
  }
  return result;
}

std::vector<std::size_t> Ranks::share(std::size_t n) const {
  std::vector<std::size_t> mine;
  for (auto i = static_cast<std::size_t>(rank_); i < n; i += static_cast<std::size_t>(size_)) mine.push_back(i);
  return mine;
}

Ranks::Offset Ranks::clock_offset(int rounds) const {
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  Offset mine;
  for (int peer = 1; peer < size_; ++peer) {
    if (rank_ != 0 && rank_ != peer) continue;
    double least = std::numeric_limits<double>::infinity();
    for (int round = 0; round < rounds; ++round) {
      double theirs = 0;
      if (rank_ == 0) {
        MPI_Recv(&theirs, 1, MPI_DOUBLE, peer, 1, comm_, MPI_STATUS_IGNORE);
        theirs = now();
        MPI_Send(&theirs, 1, MPI_DOUBLE, peer, 1, comm_);
        continue;
      }
      const double sent = now();
      MPI_Send(&sent, 1, MPI_DOUBLE, 0, 1, comm_);
      MPI_Recv(&theirs, 1, MPI_DOUBLE, 0, 1, comm_, MPI_STATUS_IGNORE);
      const double received = now();
      if (received - sent >= least) continue;
      least = received - sent;
      mine = {theirs - (sent + received) / 2, least / 2};
    }
  }
  return mine;
}

}  // namespace tandem
