#include "kernels/learning/train_case.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/learning/mlp_reference.hpp"

namespace tandem::kernels {

namespace {

MlpPrecision precision_of(const Settings& settings) {
  return in_bf16(settings) ? MlpPrecision::bf16 : MlpPrecision::fp32;
}

std::size_t batch_of(const Settings& settings) { return count_of(settings, "batch", 1 << 20); }

double memory_of(const Settings& settings, const Placement&) {
  const auto shape = parse_layers(settings.text("layers"));
  precision_of(settings);
  double widths = 0;
  for (const std::size_t width : shape.layers) widths += static_cast<double>(width);
  return 40.0 * static_cast<double>(shape.parameters()) + 24.0 * widths * static_cast<double>(batch_of(settings));
}

}  // namespace

TrainCase::TrainCase(const Settings& settings, const KernelContext& context)
    : ranks_(context.ranks),
      seed_(context.seed),
      batch_(batch_of(settings)),
      limit_(settings.text("precision")),
      precision_(precision_of(settings)),
      shape_(parse_layers(settings.text("layers"))),
      inputs_(batch_ * shape_.layers.front()),
      targets_(batch_ * shape_.layers.back()) {}

void TrainCase::prepare(Data data) {
  const auto stream = 2 * static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000000 : 0);
  for (std::size_t i = 0; i < inputs_.size(); ++i)
    inputs_[i] = static_cast<float>(2 * random_uniform(seed_, stream, i) - 1);
  for (std::size_t i = 0; i < targets_.size(); ++i)
    targets_[i] = static_cast<float>(2 * random_uniform(seed_, stream + 1, i) - 1);
}

double TrainCase::row_weight() const {
  return 1.0 / static_cast<double>(batch_ * static_cast<std::size_t>(ranks_.size()));
}

std::vector<Verdict> TrainCase::judge(std::span<const float> gradients, std::span<const float> before, double loss,
                                      double update_error) const {
  auto reference = mlp_reference(shape_, before, inputs_, targets_, batch_, row_weight());
  ranks_.sum(std::span<double>(reference.gradients));
  ranks_.sum(std::span<double>(reference.squares));
  double norm = 0, entry = 0;
  const auto judge_array = [&](std::size_t begin, std::size_t end) {
    const auto [norms, entries] =
        deviation(gradients.subspan(begin, end - begin), std::span(reference.gradients).subspan(begin, end - begin),
                  std::span(reference.squares).subspan(begin, end - begin));
    worse(norm, norms);
    worse(entry, entries);
  };
  for (std::size_t l = 0; l < shape_.depth(); ++l) {
    judge_array(shape_.weights_at(l), shape_.biases_at(l));
    judge_array(shape_.biases_at(l), shape_.weights_at(l + 1));
  }
  std::vector<Verdict> verdicts = {{"gradient error over its terms, norms of the worst array", norm, tolerance()},
                                   {"gradient error over its terms, worst entry", entry, 16 * tolerance()},
                                   {"loss, error over that of outputs and targets",
                                    std::abs(loss - reference.loss) / reference.loss_scale, tolerance()},
                                   {"weights and moments after AdamW, error / bound", update_error, 1}};
  for (Verdict& verdict : verdicts) verdict.value = worst_of(ranks_, verdict.value);
  return verdicts;
}

Facts TrainCase::facts() const {
  const auto weights = static_cast<double>(shape_.weights()), batch = static_cast<double>(batch_);
  const auto parameters = static_cast<double>(shape_.parameters());
  Facts facts;
  facts.flops = 6 * batch * weights;
  facts.bytes = 4 * (7 * parameters + static_cast<double>(inputs_.size() + targets_.size()));
  double activations = 0;
  for (const std::size_t width : shape_.layers) activations += batch * static_cast<double>(width);
  facts.working_set = 4 * (4 * parameters + 3 * activations);
  facts.notes = {{"weights", fmt::format("{}", shape_.weights())}};
  return facts;
}

// Every layer rounds its activation and its error about three times each way, independently for each entry, so that
// relative errors add up in the mean square to u sqrt(6 depth); sums in fp32 add u sqrt(length). 2 is the margin.
double TrainCase::tolerance() const {
  const auto depth = static_cast<double>(shape_.depth());
  std::size_t longest = batch_;
  for (const std::size_t width : shape_.layers) longest = std::max(longest, width);
  const double u = precision_ == MlpPrecision::bf16 ? 0x1p-9 : 0x1p-24;
  return 2 * (u * std::sqrt(6 * depth) + 0x1p-24 * std::sqrt(static_cast<double>(longest)));
}

KernelEntry train_entry(const std::string& where) {
  KernelEntry entry;
  entry.name = "learning/train_step";
  entry.summary = "training step of a multilayer perceptron: forward, loss, backward, AdamW" + where;
  entry.parameters = {{"layers", "8-256-256-256-1024", "widths from inputs to outputs"},
                      {"batch", "256", "rows of each rank"},
                      {"precision", "fp32", "fp32, or bf16 products with fp32 accumulators and master weights"}};
  entry.memory = memory_of;
  return entry;
}

}  // namespace tandem::kernels
