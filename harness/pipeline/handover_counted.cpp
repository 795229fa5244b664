// A handover whose reads and writes the kernel counts too: /proc/self/io before and after each call.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <utility>

#include "harness/pipeline/handover.hpp"

namespace tandem {
namespace {

struct Counters {
  std::uint64_t read = 0, written = 0;  // bytes of read and write calls, cached or not
};

std::optional<Counters> counters() {
  std::FILE* file = std::fopen("/proc/self/io", "r");
  if (file == nullptr) return std::nullopt;
  Counters now;
  const int found = std::fscanf(file, "rchar: %" SCNu64 " wchar: %" SCNu64, &now.read, &now.written);
  std::fclose(file);
  return found == 2 ? std::optional(now) : std::nullopt;
}

class Call {
 public:
  explicit Call(KernelIo& sum) : sum_(sum), before_(counters()) {}
  ~Call() {
    const auto after = counters();
    sum_.known = sum_.known && before_ && after;
    if (!sum_.known) return;
    sum_.read += static_cast<double>(after->read - before_->read);
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
