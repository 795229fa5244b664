// One training step of a multilayer perceptron: forward, squared error, backward, AdamW; 6 B W operations for W weights
// and B rows a rank (2 forward, 4 backward). Ranks train on their own rows and add their gradients up. Judged by a
// plain fp64 step from the same state.
#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/learning/mlp.hpp"
#include "kernels/learning/mlp_reference.hpp"

namespace tandem::kernels {

namespace {

// So small that thousands of runs do not fit the data, whose shrinking error would drown in its own rounding. The cost
// does not depend on it.
constexpr double rate = 1e-6;

MlpPrecision precision_of(const Settings& settings) {
  return in_bf16(settings) ? MlpPrecision::bf16 : MlpPrecision::fp32;
}

std::size_t batch_of(const Settings& settings) { return count_of(settings, "batch", 1 << 20); }

class TrainStep : public Kernel {
 public:
  TrainStep(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        batch_(batch_of(settings)),
        limit_(settings.text("precision")),
        mlp_(parse_layers(settings.text("layers")), precision_of(settings)),
        pass_(mlp_, batch_, MlpPass::Backward::parameters),
        adam_(mlp_.parameters().size(), {}, true),
        inputs_(batch_ * mlp_.shape().layers.front()),
        targets_(batch_ * mlp_.shape().layers.back()),
        row_weights_(batch_, static_cast<float>(weight())),
        output_weights_(mlp_.shape().layers.back(), 1.0f) {
    if (pass_.reference())
      throw Unsupported(fmt::format("oneDNN {} has only a reference implementation of {} products on this CPU",
                                    onednn_version(), limit_));
  }

  void prepare(Data data) override {
    const auto stream = 2 * static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000000 : 0);
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      inputs_[i] = static_cast<float>(2 * random_uniform(seed_, stream, i) - 1);
    for (std::size_t i = 0; i < targets_.size(); ++i)
      targets_[i] = static_cast<float>(2 * random_uniform(seed_, stream + 1, i) - 1);
    pass_.set_inputs(inputs_);
    mlp_.initialise(seed_);
    adam_.reset();
    loss_ = 0;
  }

  void run() override {
    pass_.forward();
    loss_ = pass_.squared_error(targets_, row_weights_, output_weights_);
    pass_.backward();
    ranks_.sum(mlp_.gradients());
    adam_.step(mlp_.trained(), rate);
  }

  std::vector<Verdict> verify() override {
    auto reference = mlp_reference(mlp_.shape(), adam_.before().w, inputs_, targets_, batch_, weight());
    ranks_.sum(std::span<double>(reference.gradients));
    ranks_.sum(std::span<double>(reference.squares));
    double norm = 0, entry = 0;
    for (std::size_t l = 0; l < mlp_.shape().depth(); ++l) {
      judge(reference, mlp_.shape().weights_at(l), mlp_.shape().biases_at(l), norm, entry);
      judge(reference, mlp_.shape().biases_at(l), mlp_.shape().weights_at(l + 1), norm, entry);
    }
    const double loss = std::abs(loss_ - reference.loss) / reference.loss_scale;
    std::vector<Verdict> verdicts = {
        {"gradient error over its terms, norms of the worst array", norm, tolerance()},
        {"gradient error over its terms, worst entry", entry, 16 * tolerance()},
        {"loss, error over that of outputs and targets", loss, tolerance()},
        {"weights and moments after AdamW, error / bound", adam_.error(mlp_.trained(), rate), 1}};
    for (Verdict& verdict : verdicts) verdict.value = worst_of(ranks_, verdict.value);
    return verdicts;
  }

  Facts facts() const override {
    const auto weights = static_cast<double>(mlp_.shape().weights()), batch = static_cast<double>(batch_);
    const auto parameters = static_cast<double>(mlp_.parameters().size());
    Facts facts;
    facts.flops = 6 * batch * weights;
    facts.bytes = 4 * (7 * parameters + static_cast<double>(inputs_.size() + targets_.size()));
    double activations = 0;
    for (const std::size_t width : mlp_.shape().layers) activations += batch * static_cast<double>(width);
    facts.working_set = 4 * (7 * parameters + 3 * activations);
    facts.limit = limit_;
    facts.notes = {{"library", "oneDNN " + onednn_version()},
                   {"implementation", pass_.implementation()},
                   {"weights", fmt::format("{}", mlp_.shape().weights())}};
    return facts;
  }

  Output output() override { return {mlp_.gradients().data(), mlp_.gradients().size(), Output::Type::fp32}; }

 private:
  double weight() const { return 1.0 / static_cast<double>(batch_ * static_cast<std::size_t>(ranks_.size())); }
  // Every layer rounds its activation and its error about three times each way, independently for each entry, so that
  // relative errors add up in the mean square to u sqrt(6 depth); sums in fp32 add u sqrt(length). 2 is the margin.
  double tolerance() const {
    const auto depth = static_cast<double>(mlp_.shape().depth());
    std::size_t longest = batch_;
    for (const std::size_t width : mlp_.shape().layers) longest = std::max(longest, width);
    const double u = mlp_.precision() == MlpPrecision::bf16 ? 0x1p-9 : 0x1p-24;
    return 2 * (u * std::sqrt(6 * depth) + 0x1p-24 * std::sqrt(static_cast<double>(longest)));
  }

  void judge(const MlpReference& reference, std::size_t begin, std::size_t end, double& norm, double& entry) {
    const std::size_t size = end - begin;
    const auto [norms, entries] = deviation(std::span<const float>(mlp_.gradients()).subspan(begin, size),
                                            std::span(reference.gradients).subspan(begin, size),
                                            std::span(reference.squares).subspan(begin, size));
    worse(norm, norms);
    worse(entry, entries);
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t batch_;
  std::string limit_;
  Mlp mlp_;
  MlpPass pass_;
  AdamW adam_;
  std::vector<float> inputs_, targets_, row_weights_, output_weights_;
  double loss_ = 0;
};

double memory_of(const Settings& settings, const Placement&) {
  const auto shape = parse_layers(settings.text("layers"));
  precision_of(settings);
  double widths = 0;
  for (const std::size_t width : shape.layers) widths += static_cast<double>(width);
  return 40.0 * static_cast<double>(shape.parameters()) + 24.0 * widths * static_cast<double>(batch_of(settings));
}

}  // namespace

KernelEntry learning_train_step() {
  KernelEntry entry;
  entry.name = "learning/train_step";
  entry.summary = "training step of a multilayer perceptron: forward, loss, backward, AdamW";
  entry.parameters = {{"layers", "8-256-256-256-1024", "widths from inputs to outputs"},
                      {"batch", "256", "rows of each rank"},
                      {"precision", "fp32", "fp32, or bf16 products with fp32 accumulators and master weights"}};
  entry.memory = memory_of;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<TrainStep>(settings, context);
  };
  entry.collective = true;
  return entry;
}

}  // namespace tandem::kernels
