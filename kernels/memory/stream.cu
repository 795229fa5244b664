// STREAM's triad a = b + s c and copy a = b (McCalpin 1995) on a device: 24 bytes and 2 operations an element, or 16
// and none. A thread moves several pairs of fp64 that lie a block apart; how many, and how many threads are a block, is
// chosen by measurement at set-up. Inputs are multiples of 2^-20 in [-1, 1): every element has one right value.
#include <array>
#include <cstdint>
#include <vector>

#include "harness/base/random.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/choose.hpp"
#include "harness/kernel/kernel.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr double scale = 3;

struct alignas(16) Pair {
  double x, y;
};

GPU_KERNEL void one_element(double* a, const double* b, const double* c, std::size_t i) {
  a[i] = c == nullptr ? b[i] : b[i] + scale * c[i];
}

// c = nullptr: copy. `pairs` of them; block k has the pairs from k * block_size() * each on.
template <int each, bool triad>
GPU_KERNEL void stream(Pair* a, const Pair* b, const Pair* c, std::size_t pairs) {
  const std::size_t first = static_cast<std::size_t>(block_index()) * block_size() * each + thread_index();
  Pair left[each], right[each];
  GPU_UNROLL
  for (int i = 0; i < each; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(i) * block_size();
    if (at >= pairs) break;
    left[i] = b[at];
    if (triad) right[i] = c[at];
  }
  GPU_UNROLL
  for (int i = 0; i < each; ++i) {
    const std::size_t at = first + static_cast<std::size_t>(i) * block_size();
    if (at >= pairs) break;
    a[at] = triad ? Pair{left[i].x + scale * right[i].x, left[i].y + scale * right[i].y} : left[i];
  }
}

std::size_t elements(const Settings& settings) {
  const std::int64_t n = settings.integer("n");
  check_usage(n >= 1 && n <= std::int64_t{1} << 36, "n = {} is not a number of elements (1 .. 64G)", n);
  return static_cast<std::size_t>(n);
}

template <bool triad>
class Stream final : public Kernel {
 public:
  Stream(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        device_(choose_device(context.ranks)),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(elements(settings)),
        a_(n_),
        b_(n_),
        c_(triad ? n_ : 0) {
    std::vector<Candidate> candidates;
    for (std::size_t way = 0; way < ways.size(); ++way)
      candidates.push_back({[this, way] {
        start_way(way);
        finish();
      }});
    way_ = fastest(ranks_, candidates);
  }

  void prepare(Data) override {
    Buffer<double> host(n_);
    draw(host, 1);
    b_.upload(host);
    if (!triad) return;
    draw(host, 2);
    c_.upload(host);
  }

  void run() override { start_way(way_); }
  void finish() override { GPU_VENDOR::finish(); }

  std::vector<Verdict> verify() override {
    const Buffer<double>& a = a_.fetch();
    const auto count = static_cast<std::ptrdiff_t>(n_);
    std::ptrdiff_t wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : wrong)
    for (std::ptrdiff_t i = 0; i < count; ++i) {
      const double right = value(1, i) + (triad ? scale * value(2, i) : 0);
      wrong += a[static_cast<std::size_t>(i)] == right ? 0 : 1;
    }
    return {{"elements that differ", ranks_.sum(static_cast<double>(wrong)), 0}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(n_);
    const double bytes = n * sizeof(double) * (triad ? 3 : 2);
    Facts facts{triad ? 2 * n : 0, bytes, bytes, ""};
    facts.notes = {{"device", device_.name},
                   {"threads a block", std::to_string(ways[way_].threads)},
                   {"pairs a thread", std::to_string(ways[way_].each)}};
    return facts;
  }

  Output output() override {
    Buffer<double>& a = a_.fetch();
    return {a.data(), a.size(), Output::Type::fp64, [this] { a_.put(); }};
  }

 private:
  struct Way {
    int each;
    unsigned threads;
  };
  static constexpr std::array<Way, 6> ways = {{{1, 256}, {2, 256}, {4, 256}, {1, 1024}, {2, 1024}, {4, 512}}};

  double value(std::uint64_t stream, std::ptrdiff_t i) const {
    const auto bits = random_bits(seed_, stream, static_cast<std::uint64_t>(i)) >> 43;
    return static_cast<double>(static_cast<std::int64_t>(bits) - 1048576) * 0x1p-20;
  }
  void draw(Buffer<double>& host, std::uint64_t stream) const {
    const auto count = static_cast<std::ptrdiff_t>(n_);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) host[static_cast<std::size_t>(i)] = value(stream, i);
  }

  template <int each>
  void start_pairs(unsigned threads) {
    const std::size_t pairs = n_ / 2;
    const auto as_pairs = [](auto* data) { return reinterpret_cast<const Pair*>(data); };
    if (pairs > 0)
      launch(stream<each, triad>, blocks_for(pairs, threads * each), threads, reinterpret_cast<Pair*>(a_.device()),
             as_pairs(b_.data()), as_pairs(c_.data()), pairs);
    if (n_ % 2 != 0) launch(one_element, 1, 1, a_.device(), b_.data(), static_cast<const double*>(c_.data()), n_ - 1);
  }
  void start_way(std::size_t way) {
    const auto& [each, threads] = ways[way];
    if (each == 1) return start_pairs<1>(threads);
    if (each == 2) return start_pairs<2>(threads);
    start_pairs<4>(threads);
  }

  const Ranks& ranks_;
  const GpuDevice& device_;
  std::uint64_t seed_;
  std::size_t n_;
  DeviceResult<double> a_;
  DeviceBuffer<double> b_, c_;
  std::size_t way_ = 0;
};

template <bool triad>
KernelEntry entry_of(const char* name, const char* summary) {
  KernelEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.parameters = {{"n", "64M", "elements of an array"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    return (triad ? 24.0 : 16.0) * static_cast<double>(elements(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Stream<triad>>(settings, context);
  };
  return entry;
}

}  // namespace

KernelEntry memory_triad() { return entry_of<true>("memory/triad", "STREAM triad a = b + s c in fp64 on the device"); }
KernelEntry memory_copy() { return entry_of<false>("memory/copy", "STREAM copy a = b in fp64 on the device"); }

}  // namespace tandem::GPU_VENDOR
