// The risk pipeline's network: one perceptron from the standardised market to all prices, trained on prices and on
// their derivatives along a random direction of the market for each sample and step, by AdamW under a one-cycle rate.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "kernels/learning/mlp_training.hpp"
#include "kernels/learning/twin_pass.hpp"
#include "pipelines/risk/size.hpp"

namespace tandem::pipelines {

// x = (p - mean) / spread of each parameter, y = (price - mean) / unit of each product.
struct RiskScales {
  std::vector<float> mean, spread;  // [parameters]
  std::vector<float> price;         // [products]
  float unit = 1;                   // the same for all: errors are judged by the norm of all prices
};

class RiskLearner : public Learner {
 public:
  RiskLearner(const RiskSize& size, RiskTraining training, std::uint64_t seed);
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  Work work() const override { return {flops_}; }

 private:
  void fill(std::size_t step, std::span<const Pair> mine, std::size_t batch);

  const RiskSize& size_;
  RiskTraining training_;
  std::uint64_t seed_;
  RiskScales scales_;
  kernels::Mlp mlp_;
  kernels::AdamW adam_;
  bool ready_ = false;
  std::map<std::size_t, std::unique_ptr<kernels::TwinPass>> passes_;    // by rows
  std::vector<float> inputs_, directions_, prices_, slopes_, weights_;  // of a batch
  double flops_ = 0;
};

// Prices of markets inside the box; NaN, never an extrapolation, for a market that is outside by more than 1e-6.
class RiskSurrogate : public Model {
 public:
  RiskSurrogate(const RiskSize& size, const kernels::Mlp& trained, RiskScales scales)
      : size_(size), scales_(std::move(scales)), mlp_(trained, trained.precision()) {}
  Fields predict(std::span<const Case> cases) const override;
  double flops() const override { return 2 * static_cast<double>(mlp_.shape().weights()); }

 private:
  void fill(std::span<const Case> cases) const;

  const RiskSize& size_;
  RiskScales scales_;
  mutable kernels::Mlp mlp_;
  mutable std::mutex mutex_;
  mutable kernels::MlpPasses passes_{mlp_, kernels::MlpPass::Backward::none};
  mutable std::vector<float> inputs_;
};

std::unique_ptr<Learner> make_risk_learner(const RiskSize& size, std::uint64_t seed);

}  // namespace tandem::pipelines
