// The molecules pipeline's network: an ensemble of perceptrons from 254 ones and zeros to the standardised score,
// trained with AdamW under a cosine rate; loss = squared error. It predicts the mean of the ensemble.
#pragma once

#include <memory>

#include "kernels/learning/mlp_training.hpp"
#include "pipelines/molecules/features.hpp"
#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

inline kernels::MlpRecipe molecule_training(std::size_t steps) {
  return {.nets = 4, .hidden = {128, 128}, .rate = 1e-3, .warm_up = 20, .decay = 0.02, .steps = steps};
}

class MoleculeLearner : public Learner {
 public:
  MoleculeLearner(kernels::MlpRecipe training, std::uint64_t seed) : training_(std::move(training)), seed_(seed) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  Work work() const override { return {network_ ? network_->flops() : 0}; }

 private:
  void make_network();

  kernels::MlpRecipe training_;
  std::uint64_t seed_;
  KnownScores known_;
  std::unique_ptr<kernels::MlpTraining> network_;
};

}  // namespace tandem::pipelines
