// A sample is a message that describes it, then one message for each of its arrays, sent from where they lie.
#include <algorithm>
#include <deque>
#include <limits>
#include <optional>

#include "harness/base/check.hpp"
#include "harness/pipeline/mailbox.hpp"

namespace tandem {
namespace {

constexpr int kDescription = 1, kArray = 2;

int count_of(std::size_t values) {
  check(values <= static_cast<std::size_t>(std::numeric_limits<int>::max()),
        "an array of {} values is longer than MPI counts; hand over smaller samples", values);
  return static_cast<int>(values);
}

MPI_Datatype type_of(const Array& array) { return array.bf16.empty() ? MPI_FLOAT : MPI_UINT16_T; }
int count_of(const Array& array) { return count_of(std::max(array.values.size(), array.bf16.size())); }

class MpiOutbox : public Outbox {
 public:
  MpiOutbox(MPI_Comm comm, int to, std::size_t most, Handover::Book book, Wait wait)
      : comm_(comm), to_(to), most_(most), book_(std::move(book)), wait_(std::move(wait)) {}
  ~MpiOutbox() override {
    for (Letter& letter : under_way_) MPI_Waitall(letter.count(), letter.requests.data(), MPI_STATUSES_IGNORE);
  }

  void send(Sample&& sample) override {
    while (!under_way_.empty() && left(under_way_.front())) under_way_.pop_front();
    if (under_way_.size() >= most_) {
      wait_(true);
      wait_for_first();
      wait_(false);
    }
    Letter& letter = under_way_.emplace_back();
    letter.sample = std::move(sample);
    letter.description = describe(letter.sample);
    // Synchronous: done only when the reader takes it, so that the queue is bounded by what the reader took.
    MPI_Issend(letter.description.data(), count_of(letter.description.size()), MPI_BYTE, to_, kDescription, comm_,
               &letter.requests.emplace_back());
    for (const auto& [name, array] : letter.sample.arrays)
      MPI_Isend(array.payload().data(), count_of(array), type_of(array), to_, kArray, comm_,
                &letter.requests.emplace_back());
    book_("mpi", letter.sample.bytes());
  }
  void finish() override {
    if (under_way_.empty()) return;
    wait_(true);
    while (!under_way_.empty()) wait_for_first();
    wait_(false);
  }

 private:
  struct Letter {
    Sample sample;
    std::vector<std::byte> description;
    std::vector<MPI_Request> requests;
    int count() const { return static_cast<int>(requests.size()); }
  };
  static bool left(Letter& letter) {
    int done = 0;
    MPI_Testall(letter.count(), letter.requests.data(), &done, MPI_STATUSES_IGNORE);
    return done != 0;
  }
  void wait_for_first() {
    MPI_Waitall(under_way_.front().count(), under_way_.front().requests.data(), MPI_STATUSES_IGNORE);
    under_way_.pop_front();
  }

  MPI_Comm comm_;
  int to_;
  std::size_t most_;
  Handover::Book book_;
  Wait wait_;
  std::deque<Letter> under_way_;  // addresses stay while MPI reads them
};

class MpiInbox : public Inbox {
 public:
  MpiInbox(MPI_Comm comm, int from) : comm_(comm), from_(from) {}
  ~MpiInbox() override {
    if (coming_) MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
  }

  bool ready() override {
    if (!coming_) {
      int there = 0;
      MPI_Iprobe(from_, kDescription, comm_, &there, MPI_STATUS_IGNORE);
      if (there == 0) return false;
      begin();
    }
    int done = 0;
    MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done, MPI_STATUSES_IGNORE);
    return done != 0;
  }
  Sample receive() override {
    if (!coming_) begin();
    MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE);
    Sample sample = std::move(*coming_);
    coming_.reset();
    return sample;
  }

 private:
  void begin() {
    MPI_Status status;
    MPI_Probe(from_, kDescription, comm_, &status);
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    std::vector<std::byte> description(static_cast<std::size_t>(length));
    MPI_Recv(description.data(), length, MPI_BYTE, from_, kDescription, comm_, MPI_STATUS_IGNORE);
    coming_ = described(description);
    requests_.assign(coming_->arrays.size(), MPI_REQUEST_NULL);
    std::size_t at = 0;
    for (auto& [name, array] : coming_->arrays)
      MPI_Irecv(array.payload().data(), count_of(array), type_of(array), from_, kArray, comm_, &requests_[at++]);
  }

  MPI_Comm comm_;
  int from_;
  std::optional<Sample> coming_;
  std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<Outbox> mpi_outbox(MPI_Comm comm, int to, std::size_t most, Handover::Book book, Outbox::Wait wait) {
  return std::make_unique<MpiOutbox>(comm, to, most, std::move(book), std::move(wait));
}
std::unique_ptr<Inbox> mpi_inbox(MPI_Comm comm, int from) { return std::make_unique<MpiInbox>(comm, from); }

}  // namespace tandem
