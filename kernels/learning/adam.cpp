// One AdamW step over n parameters, in place: 14 operations and 28 bytes each (weight, gradient and two moments are
// read, all but the gradient written back), 2 bytes more for the copy in bf16. Limited by memory. Judged in fp64.
#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

constexpr double rate = 1e-3;
constexpr std::size_t step = 10;  // any but the first: the moments are not zero

bool has_copy(const Settings& settings) { return second_of(settings, "copy", "none", "bf16"); }

std::size_t parameters_of(const Settings& settings) { return count_of(settings, "n", std::int64_t{1} << 40); }

class Adam final : public Kernel {
 public:
  Adam(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
        n_(parameters_of(settings)),
        gradients_(n_),
        state_(3 * n_),
        before_(3 * n_),
        rounded_(has_copy(settings) ? n_ : 0) {}

  // The arithmetic is never exact: both kinds of data are random reals.
  void prepare(Data data) override {
    const std::uint64_t first = data == Data::exact ? 0 : 4;
    const auto count = static_cast<std::ptrdiff_t>(n_);
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t at = 0; at < count; ++at) {
      const auto i = static_cast<std::size_t>(at);
      const auto draw = [&](std::uint64_t stream) {
        return static_cast<float>(2 * random_uniform(seed_, first + stream, i) - 1);
      };
      gradients_[i] = draw(0);
      before_[i] = draw(1);
      before_[n_ + i] = draw(2) / 4;
      before_[2 * n_ + i] = std::abs(draw(3)) / 4;
    }
    restore();
  }

  void restore() override {
    const auto count = static_cast<std::ptrdiff_t>(state_.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) state_.data()[i] = before_.data()[i];
  }

  void run() override { adamw_step(trained(), {part(state_, 1), part(state_, 2)}, settings_, rate, step); }

  std::vector<Verdict> verify() override {
    const double error = adamw_error(trained(), {part(state_, 0), part(state_, 1), part(state_, 2)},
                                     {part(before_, 0), part(before_, 1), part(before_, 2)}, settings_, rate, step);
    return {{"weights and moments, error / bound", worst_of(ranks_, error), 1}};
  }

  Facts facts() const override {
    const auto n = static_cast<double>(n_);
    const double bytes = n * (rounded_.size() > 0 ? 30 : 28);
    return {14 * n, bytes, n * (rounded_.size() > 0 ? 18 : 16), "triad", {}};
  }

  Output output() override { return {state_.data(), state_.size(), Output::Type::fp32}; }

 private:
  std::span<float> part(Buffer<float>& all, std::size_t i) const { return {all.data() + i * n_, n_}; }
  Trained trained() { return {part(gradients_, 0), part(state_, 0), rounded_}; }

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t n_;
  AdamWSettings settings_;
  Buffer<float> gradients_, state_, before_;  // state: weights, first and second moments
  Buffer<Bf16> rounded_;
};

}  // namespace

KernelEntry learning_adam() {
  KernelEntry entry;
  entry.name = "learning/adam";
  entry.summary = "one step of the AdamW optimizer over n parameters in fp32";
  entry.parameters = {{"n", "16777216", "parameters of each rank"},
                      {"copy", "none", "none, or bf16: a copy of the weights for products in bf16 is written too"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [](const Settings& settings, const Placement&) {
    return (has_copy(settings) ? 30.0 : 28.0) * static_cast<double>(parameters_of(settings));
  };
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<Adam>(settings, context);
  };
  entry.destroys_input = true;
  return entry;
}

}  // namespace tandem::kernels
