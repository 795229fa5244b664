#include "kernels/memory/stream_kernel.hpp"

#include <algorithm>

#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/device/host.hpp"

namespace tandem::kernels {
namespace {

constexpr double step = 0x1p-20;

// Elements of an array. "auto": four times the last-level caches (STREAM's rule), shared by the ranks of the host,
// within a quarter of the memory.
std::size_t elements(const Settings& settings, int ranks, int arrays) {
  const std::string& text = settings.text("n");
  const std::string& stores = settings.text("stores");
  check_usage(stores == "auto" || stores == "plain" || stores == "streaming",
              "stores = \"{}\" is none of auto, plain, streaming", stores);
  if (text != "auto") {
    const std::int64_t n = settings.integer("n");
    check_usage(n >= 1, "n = {} is not a number of elements", n);
    return static_cast<std::size_t>(n);
  }
  constexpr double unknown_cache = 64 << 20;
  const double caches = last_level_cache_bytes() > 0 ? last_level_cache_bytes() : unknown_cache;
  const double bytes = std::min(4 * caches, available_memory_bytes() / (4 * arrays)) / ranks;
  return std::max<std::size_t>(static_cast<std::size_t>(bytes / sizeof(double)) / 64 * 64, 64);
}

class StreamKernel final : public Kernel {
 public:
  StreamKernel(const StreamLoop& loop, const Settings& settings, const KernelContext& context)
      : loop_(loop),
        ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(elements(settings, ranks_on_host(context.ranks), loop.inputs + 1)),
        a_(n_),
        b_(n_),
        c_(loop.inputs > 1 ? n_ : 0) {
    const std::string& wish = settings.text("stores");
    if (wish == "streaming" && !has_streaming_stores()) throw Unsupported("this build has no streaming stores");
    // Past the caches only where the arrays do not fit them: a cached line is cheaper to write than memory.
    const bool cached = facts().working_set * ranks_on_host(ranks_) <= last_level_cache_bytes();
    if (wish == "streaming" || (wish == "auto" && has_streaming_stores() && !cached)) stores_ = Stores::streaming;
  }

  void prepare(Data) override {
    const auto count = static_cast<std::ptrdiff_t>(n_);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto index = static_cast<std::uint64_t>(i);
      b_[index] = draw(1, index);
      if (loop_.inputs > 1) c_[index] = draw(2, index);
    }
  }

  void run() override {
#pragma omp parallel
    {
      constexpr std::size_t line = 64 / sizeof(double);
      const auto threads = static_cast<std::size_t>(omp_get_num_threads());
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      const std::size_t lines = (n_ + line - 1) / line;
      const std::size_t begin = std::min(n_, lines * thread / threads * line);
      const std::size_t end = std::min(n_, lines * (thread + 1) / threads * line);
      const double* c = loop_.inputs > 1 ? c_.data() + begin : nullptr;
      loop_.loop(a_.data() + begin, b_.data() + begin, c, end - begin, stores_);
    }
  }

  std::vector<Verdict> verify() override {
    const auto count = static_cast<std::ptrdiff_t>(n_);
    std::ptrdiff_t wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : wrong)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const auto index = static_cast<std::uint64_t>(i);
      wrong += a_[index] == loop_.value(draw(1, index), draw(2, index)) ? 0 : 1;
    }
    return {{"elements that differ", ranks_.sum(static_cast<double>(wrong)), 0}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(n_);
    const double bytes = n * sizeof(double) * (loop_.inputs + 1);
    return {loop_.flops * n,
            bytes,
            bytes,
            loop_.limit,
            {{"stores", stores_ == Stores::streaming ? "streaming" : "plain"}, {"elements", std::to_string(n_)}}};
  }

  Output output() override { return {a_.data(), a_.size(), Output::Type::fp64}; }

 private:
  // In [-1, 1), a multiple of 2^-20.
  double draw(std::uint64_t stream, std::uint64_t index) const {
    return static_cast<double>(static_cast<std::int64_t>(random_bits(seed_, stream, index) >> 43) - 1048576) * step;
  }

  const StreamLoop& loop_;
  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t n_;
  Stores stores_ = Stores::plain;
  Buffer<double> a_, b_, c_;
};

}  // namespace

KernelEntry stream_entry(const StreamLoop& loop) {
  KernelEntry entry;
  entry.name = loop.name;
  entry.summary = loop.summary;
  entry.parameters = {{"n", "auto", "elements of an array; auto: four times the last-level caches"},
                      {"stores", "auto", "auto, plain or streaming (past the caches)"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [&loop](const Settings& settings, const Placement&) {
    const int arrays = loop.inputs + 1;
    return static_cast<double>(arrays * sizeof(double)) * static_cast<double>(elements(settings, 1, arrays));
  };
  entry.make = [&loop](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<StreamKernel>(loop, settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
