#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"
#include "harness/pipeline/mailbox.hpp"

namespace tandem {
namespace {

// Bytes written and read since the beginning, each on a cache line of its own.
constexpr std::size_t kWritten = 0, kRead = 64, kData = 128;

std::atomic_ref<std::uint64_t> counter(std::byte* memory, std::size_t at) {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(memory + at));
}

class RingOutbox : public Outbox {
 public:
  RingOutbox(Ring ring, Handover::Book book, Wait wait) : ring_(ring), book_(std::move(book)), wait_(std::move(wait)) {}

  void send(Sample&& sample) override {
    const std::vector<std::byte> description = describe(sample);
    const std::uint64_t length = description.size();
    ring_.write(std::as_bytes(std::span(&length, 1)), wait_);
    ring_.write(description, wait_);
    for (const auto& [name, array] : sample.arrays) ring_.write(array.payload(), wait_);
    book_("shm", sample.bytes());
  }
  void finish() override {}  // what is in the ring stays there

 private:
  Ring ring_;
  Handover::Book book_;
  Wait wait_;
};

class RingInbox : public Inbox {
 public:
  RingInbox(Ring ring, Handover::Book book) : ring_(ring), book_(std::move(book)) {}

  bool ready() override { return ring_.filled() > 0; }  // whoever began to write a sample goes on to its end
  Sample receive() override {
    std::uint64_t length = 0;
    ring_.read(std::as_writable_bytes(std::span(&length, 1)));
    std::vector<std::byte> description(length);
    ring_.read(description);
    Sample sample = described(description);
    for (auto& [name, array] : sample.arrays) ring_.read(array.payload());
    book_("host_copy", sample.bytes());
    return sample;
  }

 private:
  Ring ring_;
  Handover::Book book_;
};

}  // namespace

std::size_t Ring::footprint(std::size_t capacity) { return kData + capacity; }

Ring::Ring(std::byte* memory, std::size_t capacity) : memory_(memory), capacity_(capacity) {
  check(capacity > 0, "a ring needs room for at least one byte");
}

std::size_t Ring::filled() const {
  return counter(memory_, kWritten).load(std::memory_order_acquire) -
         counter(memory_, kRead).load(std::memory_order_acquire);
}

void Ring::write(std::span<const std::byte> bytes, const Outbox::Wait& wait) {
  const auto written = counter(memory_, kWritten);
  bool waits = false;
  while (!bytes.empty()) {
    const std::size_t at = written.load(std::memory_order_relaxed) % capacity_;
    const std::size_t count = std::min({capacity_ - filled(), capacity_ - at, bytes.size()});
    if (count == 0) {
      if (!waits) wait(true);
      waits = true;
      std::this_thread::yield();
      continue;
    }
    if (waits) wait(false);
    waits = false;
    std::memcpy(memory_ + kData + at, bytes.data(), count);
    written.fetch_add(count, std::memory_order_release);
    bytes = bytes.subspan(count);
  }
}

void Ring::read(std::span<std::byte> bytes) {
  const auto read = counter(memory_, kRead);
  while (!bytes.empty()) {
    const std::size_t at = read.load(std::memory_order_relaxed) % capacity_;
    const std::size_t count = std::min({filled(), capacity_ - at, bytes.size()});
    if (count == 0) {
      std::this_thread::yield();
      continue;
    }
    std::memcpy(bytes.data(), memory_ + kData + at, count);
    read.fetch_add(count, std::memory_order_release);
    bytes = bytes.subspan(count);
  }
}

std::unique_ptr<Outbox> ring_outbox(Ring ring, Handover::Book book, Outbox::Wait wait) {
  return std::make_unique<RingOutbox>(ring, std::move(book), std::move(wait));
}
std::unique_ptr<Inbox> ring_inbox(Ring ring, Handover::Book book) {
  return std::make_unique<RingInbox>(ring, std::move(book));
}

std::vector<std::byte> describe(const Sample& sample) {
  Json arrays = Json::array();
  for (const auto& [name, array] : sample.arrays) arrays.push_back({name, array.shape, !array.bf16.empty()});
  const std::vector<std::uint8_t> text = Json::to_cbor(Json{sample.index, sample.pairs, arrays});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Sample described(std::span<const std::byte> description) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(description.data());
  const Json json = Json::from_cbor(begin, begin + description.size());
  Sample sample;
  sample.index = json.at(0);
  sample.pairs = json.at(1);
  for (const Json& each : json.at(2)) {
    Array& array = sample.arrays[each.at(0)];
    array.shape = each.at(1).get<std::vector<std::size_t>>();
    std::size_t values = 1;
    for (const std::size_t extent : array.shape) values *= extent;
    each.at(2).get<bool>() ? array.bf16.resize(values) : array.values.resize(values);
  }
  return sample;
}

}  // namespace tandem
