// The heat pipeline's network: an ensemble of perceptrons from 17 inputs to POD coefficients, trained with AdamW under
// a cosine rate; loss = squared coefficient error over the squared norm of the field.
#pragma once

#include <map>

#include "kernels/learning/mlp.hpp"
#include "pipelines/heat/size.hpp"
#include "pipelines/heat/surrogate.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t heat_width = 128;  // of the hidden layers

struct HeatTraining {
  std::size_t nets = 4;
  std::vector<std::size_t> hidden = {heat_width, heat_width, heat_width};
  std::size_t modes = 64;
  double rate = 2e-3;
  std::size_t warm_up = 200;
  double decay = 0.1;
  std::size_t steps = 0;  // of the whole training: the end of the cosine
  // Of the products, fp32 or bf16; sums, weights and the optimiser are fp32.
  HeatFormat train = HeatFormat::fp32;
  HeatFormat infer = HeatFormat::fp32;
};

class HeatLearner : public Learner {
 public:
  // Throws Unsupported where oneDNN only emulates the products of these formats.
  HeatLearner(std::size_t nodes, HeatTraining training, std::uint64_t seed);
  ~HeatLearner() override;
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  double flops() const override { return flops_; }

 private:
  const HeatPoint& point(const Sample& sample);
  kernels::MlpPass& pass(std::size_t rows);
  void make_network(std::size_t modes);

  std::size_t nodes_;
  HeatTraining training_;
  std::uint64_t seed_;
  HeatBasis basis_;
  std::vector<float> spread_;  // of each coefficient: the network's outputs are coefficients over it
  std::vector<float> output_weights_;
  std::unique_ptr<kernels::Mlp> mlp_;
  std::unique_ptr<kernels::AdamW> adam_;
  std::map<std::size_t, HeatPoint> points_;                          // of the samples seen, by index
  std::map<std::size_t, std::unique_ptr<kernels::MlpPass>> passes_;  // by rows
  std::vector<float> inputs_, targets_, row_weights_;                // of a batch
  double flops_ = 0;  // 2 a product's term: of the Gram matrix, the basis, projections, forward and backward
};

std::unique_ptr<Learner> make_heat_learner(const HeatSize& size, std::uint64_t seed, std::size_t width = heat_width,
                                           HeatFormat train = HeatFormat::fp32, HeatFormat infer = HeatFormat::fp32);

}  // namespace tandem::pipelines
