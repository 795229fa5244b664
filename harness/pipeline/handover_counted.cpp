// A handover whose reads and writes the kernel counts too: /proc/self/io before and after each call.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "harness/pipeline/handover.hpp"

namespace tandem {
namespace {

struct Counters {
  std::uint64_t read = 0, written = 0;  // bytes of read and write calls, cached or not
  std::uint64_t look = 0;               // of this look at them, which the next look counts as read
};

std::optional<Counters> counters() {
  const int file = ::open("/proc/self/io", O_RDONLY);
  if (file < 0) return std::nullopt;
  char text[512] = {};
  const ssize_t size = ::read(file, text, sizeof text - 1);
  ::close(file);
  Counters now;
  const int found = std::sscanf(text, "rchar: %" SCNu64 " wchar: %" SCNu64, &now.read, &now.written);
  if (size <= 0 || found != 2) return std::nullopt;
  now.look = static_cast<std::uint64_t>(size);
  return now;
}

class Call {
 public:
  explicit Call(KernelIo& sum) : sum_(sum), before_(counters()) {}
  ~Call() {
    const auto after = counters();
    sum_.known = sum_.known && before_ && after;
    if (!sum_.known) return;
    sum_.read += static_cast<double>(after->read - before_->read - before_->look);
    sum_.written += static_cast<double>(after->written - before_->written);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  KernelIo& sum_;
  std::optional<Counters> before_;
};

class CountedHandover : public Handover {
 public:
  CountedHandover(std::unique_ptr<Handover> handover, KernelIo& sum) : handover_(std::move(handover)), sum_(sum) {}

  void put(std::vector<Sample>&& samples) override {
    const Call call(sum_);
    handover_->put(std::move(samples));
  }
  void close() override {
    const Call call(sum_);
    handover_->close();
  }
  bool pending() override { return handover_->pending(); }
  bool open() const override { return handover_->open(); }
  std::vector<Sample> take() override {
    const Call call(sum_);
    return handover_->take();
  }

 private:
  std::unique_ptr<Handover> handover_;
  KernelIo& sum_;
};

}  // namespace

std::unique_ptr<Handover> counted(std::unique_ptr<Handover> handover, KernelIo& sum) {
  return std::make_unique<CountedHandover>(std::move(handover), sum);
}

void count_io(KernelIo& sum, const std::function<void()>& call) {
  const Call counting(sum);
  call();
}

}  // namespace tandem
