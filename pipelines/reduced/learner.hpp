// The heat pipeline's network: an ensemble of perceptrons from 17 inputs to POD coefficients, trained with AdamW under
// a cosine rate; loss = squared coefficient error over the squared norm of the field.
#pragma once

#include <map>

#include "kernels/learning/mlp_training.hpp"
#include "pipelines/heat/size.hpp"
#include "pipelines/heat/surrogate.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t heat_width = 128;  // of the hidden layers

struct HeatTraining : kernels::MlpRecipe {
  HeatTraining() : MlpRecipe{4, {heat_width, heat_width, heat_width}, 2e-3, 200, 0.1} {}
  std::size_t modes = 64;
  // Of the products, fp32 or bf16; sums, weights and the optimiser are fp32.
  HeatFormat train = HeatFormat::fp32;
  HeatFormat infer = HeatFormat::fp32;
};

class HeatLearner : public Learner {
 public:
  // Throws Unsupported where oneDNN only emulates the products of these formats.
  HeatLearner(std::size_t nodes, HeatTraining training, std::uint64_t seed);
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  double flops() const override { return flops_ + (network_ ? network_->flops() : 0); }

 private:
  const HeatPoint& point(const Sample& sample);
  void make_network(std::size_t modes);

  std::size_t nodes_;
  HeatTraining training_;
  std::uint64_t seed_;
  HeatBasis basis_;
  std::vector<float> spread_;  // of each coefficient: the network's outputs are coefficients over it
  std::vector<float> output_weights_;
  std::unique_ptr<kernels::MlpTraining> network_;
  std::map<std::size_t, HeatPoint> points_;            // of the samples seen, by index
  std::vector<float> inputs_, targets_, row_weights_;  // of a batch
  double flops_ = 0;  // 2 a product's term: of the Gram matrix, the basis, projections; the network's besides
};

std::unique_ptr<Learner> make_heat_learner(const HeatSize& size, std::uint64_t seed, std::size_t width = heat_width,
                                           HeatFormat train = HeatFormat::fp32, HeatFormat infer = HeatFormat::fp32);

}  // namespace tandem::pipelines
