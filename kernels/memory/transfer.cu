// Copies between host and device: pageable memory, which the driver takes through buffers of its own, and pinned
// memory, which the device reads and writes by itself. Bytes are those of the payload. Equality is checked.
#include <cstdint>
#include <memory>

#include "harness/base/random.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::GPU_VENDOR {
namespace {

struct Choice {
  std::size_t count = 0;  // of fp64
  bool to_host = false, pinned = false;
};

bool second_of(const Settings& settings, const char* key, const char* first, const char* second) {
  const auto& text = settings.text(key);
  check_usage(text == first || text == second, "{} = \"{}\": expected {} or {}", key, text, first, second);
  return text == second;
}

Choice choice_of(const Settings& settings) {
  const std::int64_t bytes = settings.integer("bytes");
  check_usage(bytes >= 8 && bytes <= std::int64_t{1} << 38, "bytes = {}: expected 8 to 256G", bytes);
  return {static_cast<std::size_t>(bytes) / 8, second_of(settings, "direction", "to_device", "to_host"),
          second_of(settings, "memory", "pageable", "pinned")};
}

class Transfer final : public Kernel {
 public:
  Transfer(const Choice& choice, const KernelContext& context)
      : ranks_(context.ranks),
        device_(choose_device(context.ranks)),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        choice_(choice),
        memory_(choice.count),
        seen_(choice.count) {
    if (choice.pinned)
      pinned_ = std::make_unique<PinnedBuffer<double>>(choice.count);
    else
      pageable_ = Buffer<double>(choice.count);
  }

  // The source gets the values, the target none of them.
  void prepare(Data data) override {
    exact_ = data == Data::exact;
    const auto count = static_cast<std::ptrdiff_t>(choice_.count);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      seen_[static_cast<std::size_t>(i)] = value(i);
      host()[i] = choice_.to_host ? -1 : value(i);
    }
    if (choice_.to_host) memory_.upload(seen_);
  }

  void run() override {
    const std::size_t bytes = choice_.count * sizeof(double);
    if (choice_.to_host)
      start_copy_out(host(), memory_.data(), bytes);
    else
      start_copy_in(memory_.data(), host(), bytes);
  }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    const double* target = choice_.to_host ? host() : fetched();
    const auto count = static_cast<std::ptrdiff_t>(choice_.count);
    std::ptrdiff_t wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : wrong)
    for (std::ptrdiff_t i = 0; i < count; ++i) wrong += target[i] == value(i) ? 0 : 1;
    return {{"elements that differ", ranks_.sum(static_cast<double>(wrong)), 0}};
  }

  Facts facts() const override {
    Facts facts;
    facts.bytes = static_cast<double>(choice_.count) * sizeof(double);
    facts.working_set = 2 * facts.bytes;
    facts.notes = {{"device", device_.name}};
    return facts;
  }

  Output output() override {
    if (choice_.to_host) return {host(), choice_.count, Output::Type::fp64, {}};
    fetched();
    return {seen_.data(), seen_.size(), Output::Type::fp64, [this] { memory_.upload(seen_); }};
  }

 private:
  double* host() { return pinned_ ? pinned_->data() : pageable_.data(); }
  const double* fetched() {
    memory_.download(seen_);
    return seen_.data();
  }
  double value(std::ptrdiff_t i) const {
    const double u = random_uniform(seed_, exact_ ? 1 : 2, static_cast<std::uint64_t>(i));
    return exact_ ? 1 + static_cast<double>(static_cast<int>(1000 * u)) : u + 0.5;  // never 0
  }

  const Ranks& ranks_;
  const GpuDevice& device_;
  std::uint64_t seed_;
  Choice choice_;
  bool exact_ = true;
  DeviceBuffer<double> memory_;
  Buffer<double> seen_;  // of the device's memory
  Buffer<double> pageable_;
  std::unique_ptr<PinnedBuffer<double>> pinned_;
};

}  // namespace

KernelEntry memory_transfer() {
  KernelEntry entry;
  entry.name = "memory/transfer";
  entry.summary = "copy between the host's memory and the device's";
  entry.parameters = {{"bytes", "256M", "of the payload"},
                      {"direction", "to_device", "to_device or to_host"},
                      {"memory", "pinned", "of the host: pageable or pinned"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    return 16.0 * static_cast<double>(choice_of(settings).count);
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Transfer>(choice_of(settings), context);
  };
  return entry;
}

}  // namespace tandem::GPU_VENDOR
