#include "kernels/learning/adam_case.hpp"

#include <cmath>

#include "harness/base/random.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {
namespace {

bool has_copy(const Settings& settings) { return second_of(settings, "copy", "none", "bf16"); }

std::size_t parameters_of(const Settings& settings) { return count_of(settings, "n", std::int64_t{1} << 40); }

}  // namespace

AdamCase::AdamCase(const Settings& settings, const KernelContext& context)
    : ranks_(context.ranks),
      seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
      n_(parameters_of(settings)),
      copied_(has_copy(settings)),
      gradients_(n_),
      before_(3 * n_) {}

// The arithmetic is never exact: both kinds of data are random reals.
void AdamCase::prepare(Data data) {
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
}

std::vector<Verdict> AdamCase::judge(Buffer<float>& state, std::span<Bf16> rounded) {
  const Trained trained{part(gradients_, 0), part(state, 0), rounded};
  const double error = adamw_error(trained, {part(state, 0), part(state, 1), part(state, 2)},
                                   {part(before_, 0), part(before_, 1), part(before_, 2)}, settings_, rate, step);
  return {{"weights and moments, error / bound", worst_of(ranks_, error), 1}};
}

Facts AdamCase::facts() const {
  const auto n = static_cast<double>(n_);
  return {14 * n, n * (copied_ ? 30 : 28), n * (copied_ ? 18 : 16), "", {}};
}

KernelEntry adam_entry(const std::string& where, const std::string& size, double bytes, double copy_bytes) {
  KernelEntry entry;
  entry.name = "learning/adam";
  entry.summary = "one step of the AdamW optimizer over n parameters in fp32" + where;
  entry.parameters = {{"n", size, "parameters of each rank"},
                      {"copy", "none", "none, or bf16: a copy of the weights for products in bf16 is written too"}};
  entry.figure = KernelEntry::Figure::byte_rate;
  entry.memory = [=](const Settings& settings, const Placement&) {
    return (bytes + (has_copy(settings) ? copy_bytes : 0)) * static_cast<double>(parameters_of(settings));
  };
  entry.destroys_input = true;
  return entry;
}

}  // namespace tandem::kernels
