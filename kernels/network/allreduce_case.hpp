// The settings and data of network/allreduce on any device, and how its sums are judged: the inputs are such that every
// rank knows the sum of every element (contribution.hpp): equality, or the rounding bound of bf16.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/network/contribution.hpp"

namespace tandem::kernels {

struct AllReduceLimits {
  std::vector<std::string> algorithms;  // the first is the default
  std::int64_t most_bytes = 0;          // whole MiB
};

struct AllReduceChoice {
  std::size_t bytes = 0;
  std::string algorithm;
};

AllReduceChoice allreduce_choice(const Settings& settings, const AllReduceLimits& limits);

// Name, figure and the settings that every device has; `make` and `memory`: the device's.
KernelEntry allreduce_entry(const std::string& summary, const AllReduceLimits& limits, const std::string& algorithms);

template <typename T>
class AllReduceCase {
 public:
  AllReduceCase(std::size_t bytes, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        expected_(seed_, Data::exact, ranks_.size()),
        size_(bytes / sizeof(T)) {
    constexpr int most = Contribution<T>::most_ranks;
    if (ranks_.size() > most)
      throw Unsupported(fmt::format("sums of this precision are judged up to {} ranks, not {}", most, ranks_.size()));
  }

  std::size_t size() const { return size_; }

  void prepare(Data data, T* input) {
    expected_ = Contribution<T>(seed_, data, ranks_.size());
    for (std::size_t i = 0; i < size_; ++i) {
      const double value = expected_.input(i, ranks_.rank());
      if constexpr (std::is_same_v<T, Bf16>)
        store(input[i], static_cast<float>(value));
      else
        input[i] = static_cast<T>(value);
    }
  }

  // `roundings`: of a sum at most, one after the other. Collective.
  std::vector<Verdict> judge(const T* sum, int roundings) const {
    const double bound = expected_.relative_bound(roundings);
    double wrong = 0, worst = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      double value = 0;
      if constexpr (std::is_same_v<T, Bf16>)
        value = load(sum[i]);
      else
        value = static_cast<double>(sum[i]);
      const double right = expected_.sum(i), error = std::abs(value - right) / std::abs(right);
      if (value != right) ++wrong;
      if (bound > 0)
        worst = std::max(worst, std::isfinite(error) ? error / bound : std::numeric_limits<double>::infinity());
    }
    if (bound == 0) return {{"elements that differ, all ranks", ranks_.sum(wrong), 0}};
    return {{fmt::format("error / bound of {} roundings", roundings), ranks_.max(worst), 1}};
  }

  Facts facts(const std::string& algorithm) const {
    const auto count = static_cast<double>(size_);
    const double bytes = count * sizeof(T);
    return {count * (ranks_.size() - 1) / ranks_.size(),
            bytes,
            2 * bytes,
            "",
            {{"algorithm", algorithm}, {"elements", std::to_string(size_)}}};
  }

 private:
  const Ranks& ranks_;
  std::uint64_t seed_;
  Contribution<T> expected_;
  std::size_t size_;
};

// AllReduce<T> of the precision that the settings name.
template <template <typename> class AllReduce, typename Choice>
std::unique_ptr<Kernel> make_allreduce(const Settings& settings, const Choice& choice, const KernelContext& context) {
  const std::string& precision = settings.text("precision");
  if (precision == "fp64") return std::make_unique<AllReduce<double>>(choice, context);
  if (precision == "int32") return std::make_unique<AllReduce<std::int32_t>>(choice, context);
  if (precision == "bf16") return std::make_unique<AllReduce<Bf16>>(choice, context);
  return std::make_unique<AllReduce<float>>(choice, context);
}

}  // namespace tandem::kernels
