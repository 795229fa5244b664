#include <algorithm>
#include <cstdint>

#include "harness/base/check.hpp"
#include "harness/pipeline/mailbox.hpp"
#include "harness/ranks/shared_memory.hpp"

namespace tandem {
namespace {

constexpr std::size_t kMemory = std::size_t{8} << 20;  // bytes of all rings of a training rank
constexpr std::size_t kLeast = std::size_t{64} << 10;  // bytes of one ring
constexpr int kEnough = 3;                             // tag beside those of the mailboxes
constexpr std::size_t kUnderWay = 16;                  // samples of one queue across nodes

// Which ranks share a node with this one, by their numbers among all.
struct Node {
  explicit Node(const Ranks& all) {
    MPI_Comm_split_type(all.comm(), MPI_COMM_TYPE_SHARED, all.rank(), MPI_INFO_NULL, &comm);
    int first = all.rank();
    MPI_Allreduce(MPI_IN_PLACE, &first, 1, MPI_INT, MPI_MIN, comm);
    const double mine = first;
    const std::vector<double> firsts = all.gather(std::span(&mine, 1));
    for (int rank = 0; rank < all.size(); ++rank)
      if (firsts[static_cast<std::size_t>(rank)] == mine) ranks.push_back(rank);
  }
  ~Node() { MPI_Comm_free(&comm); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  bool has(int rank) const { return std::find(ranks.begin(), ranks.end(), rank) != ranks.end(); }
  int place(int rank) const { return static_cast<int>(std::find(ranks.begin(), ranks.end(), rank) - ranks.begin()); }
  int simulating(const Split& split) const {
    return static_cast<int>(std::count_if(ranks.begin(), ranks.end(), [&](int r) { return r < split.simulating; }));
  }

  MPI_Comm comm = MPI_COMM_NULL;
  std::vector<int> ranks;
};

class SplitHandover : public Handover {
 public:
  SplitHandover(const Ranks& all, const Split& split, const Book& book, const Wait& wait, bool rings)
      : split_(split), node_(all) {
    MPI_Comm_dup(all.comm(), &comm_);
    const bool simulates = all.rank() < split.simulating;
    const int writers = node_.simulating(split);
    const std::size_t capacity = std::max(kLeast, kMemory / static_cast<std::size_t>(std::max(writers, 1)));
    const std::size_t footprint = (Ring::footprint(capacity) + 63) / 64 * 64;
    const bool shares = rings && writers > 0 && writers < static_cast<int>(node_.ranks.size());
    if (shares) {
      const std::size_t own = simulates ? 0 : footprint * static_cast<std::size_t>(writers);
      memory_ = std::make_unique<SharedMemory>(node_.comm, own);
    }
    // Writers are the first ranks of a node: rings of a reader lie in their order.
    const auto ring = [&](int writer, int reader) {
      return Ring(memory_->segment(node_.place(reader)) + footprint * static_cast<std::size_t>(node_.place(writer)),
                  capacity);
    };
    const int begin = simulates ? split.simulating : 0, end = simulates ? split.ranks() : split.simulating;
    for (int other = begin; other < end; ++other) {
      const bool near = shares && node_.has(other);
      if (simulates)
        outboxes_.push_back(near ? ring_outbox(ring(all.rank(), other), book, wait)
                                 : mpi_outbox(comm_, other, kUnderWay, book, wait));
      else
        inboxes_.push_back(near ? ring_inbox(ring(other, all.rank()), book) : mpi_inbox(comm_, other));
    }
  }
  ~SplitHandover() override {
    for (int told = 1; told != 0;) {  // what nobody asked for stays behind no longer than this
      MPI_Iprobe(MPI_ANY_SOURCE, kEnough, comm_, &told, MPI_STATUS_IGNORE);
      if (told != 0) MPI_Recv(nullptr, 0, MPI_BYTE, MPI_ANY_SOURCE, kEnough, comm_, MPI_STATUS_IGNORE);
    }
    outboxes_.clear();
    inboxes_.clear();
    memory_.reset();
    MPI_Comm_free(&comm_);
  }

  void put(std::vector<Sample>&& samples) override {
    for (Sample& sample : samples) {
      Outbox& outbox = *outboxes_[sample.index % static_cast<std::size_t>(split_.training)];
      outbox.send(std::move(sample));
    }
  }
  void close() override {
    for (const auto& outbox : outboxes_) outbox->send(end_mark());
    for (const auto& outbox : outboxes_) outbox->finish();
  }
  bool pending() override {
    return std::any_of(inboxes_.begin(), inboxes_.end(), [](const auto& inbox) { return inbox->ready(); });
  }
  bool open() const override { return ended_ < split_.simulating; }  // a rank that dies takes all with it
  std::vector<Sample> take() override {
    std::vector<Sample> samples;
    for (const auto& inbox : inboxes_)
      while (inbox->ready()) {
        samples.push_back(inbox->receive());
        if (samples.back().pairs != 0) continue;
        samples.pop_back();
        ++ended_;
      }
    return samples;
  }
  void enough() override {
    for (int rank = 0; rank < split_.simulating; ++rank) {
      MPI_Request request = MPI_REQUEST_NULL;  // whoever waited here could not make room for a writer that waits
      MPI_Isend(nullptr, 0, MPI_BYTE, rank, kEnough, comm_, &request);
      MPI_Request_free(&request);
    }
  }
  bool wanted() override {
    int told = 0;
    MPI_Iprobe(MPI_ANY_SOURCE, kEnough, comm_, &told, MPI_STATUS_IGNORE);
    return told == 0;
  }
  void reopen() override {
    ended_ = 0;
    if (outboxes_.empty()) return;
    for (int rank = split_.simulating; rank < split_.ranks(); ++rank)
      MPI_Recv(nullptr, 0, MPI_BYTE, rank, kEnough, comm_, MPI_STATUS_IGNORE);
  }

 private:
  // The last of an outbox: a sample has at least one pair.
  static Sample end_mark() {
    Sample mark;
    mark.pairs = 0;
    return mark;
  }

  Split split_;
  Node node_;
  int ended_ = 0;  // simulating ranks that have sent their last
  MPI_Comm comm_ = MPI_COMM_NULL;
  std::unique_ptr<SharedMemory> memory_;
  std::vector<std::unique_ptr<Outbox>> outboxes_;  // one for each training rank
  std::vector<std::unique_ptr<Inbox>> inboxes_;    // one from each simulating rank
};

}  // namespace

std::unique_ptr<Handover> split_handover(const Ranks& all, const Split& split, const Handover::Book& book,
                                         const Handover::Wait& wait, bool rings) {
  check(all.size() == split.ranks(), "a split of {} needs {} ranks, not {}", split.text(), split.ranks(), all.size());
  return std::make_unique<SplitHandover>(all, split, book, wait, rings);
}

}  // namespace tandem
