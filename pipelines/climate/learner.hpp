// The climate pipeline's network: spectra of one noisy state to the logarithms of the eddies' strength at 16 times, an
// ensemble of MLPs with GELU trained with AdamW under a cosine rate. Loss: mean over the batch of the squared relative
// L2 error of the curve itself, so that the network is trained for what it is judged by.
#pragma once

#include <map>
#include <memory>

#include "kernels/learning/mlp_training.hpp"
#include "pipelines/climate/scaling.hpp"

namespace tandem::pipelines {

struct ClimateTraining : kernels::MlpRecipe {
  ClimateTraining() : MlpRecipe{4, {128, 128}, 3e-3, 200, 0.5, 1} {}
  double jitter = 0.1;  // sd of what is added to the standardised inputs of each step
};

class ClimateLearner : public Learner {
 public:
  ClimateLearner(const kernels::ShallowWaterGrid& grid, ClimateTraining training, std::uint64_t seed);
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  Work work() const override { return {flops_ + (network_ ? network_->flops() : 0)}; }
  // Of one batch of standardised inputs and logs: the loss, its gradient left in the network. For tests as well.
  double gradient(std::span<const float> inputs, std::span<const float> logs, std::size_t batch);
  kernels::Mlp& network() { return network_->mlp(); }

 private:
  const ClimatePairs& pairs(const Sample& sample);
  void make_network();

  kernels::ShallowWaterGrid grid_;
  ClimateTraining training_;
  std::uint64_t seed_;
  ClimateSpectra spectra_;
  ClimateScaling inputs_, outputs_;
  std::unique_ptr<kernels::MlpTraining> network_;
  std::map<std::size_t, ClimatePairs> pairs_;  // of the samples seen, standardised inputs, by index
  double flops_ = 0;                           // of the spectra; the network's besides
};

// Curves from spectra. A state whose wind or power lies further than this many standard deviations from what training
// saw is outside the model's domain: its curve is NaN, which no gate takes for an answer.
inline constexpr float climate_domain_limit = 12;

std::unique_ptr<Learner> make_climate_learner(const ClimateSize& size, std::uint64_t seed);

}  // namespace tandem::pipelines
