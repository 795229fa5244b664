// Cheap competitors of the network on the same samples, in fp64: training mean, nearest neighbour, and ridge
// regressions on all monomials of the market (on -1..1 of its box) to degree 1, 2 and 3, weighted like the network by
// the norm of the prices.
#pragma once

#include <vector>

#include "pipelines/risk/size.hpp"

namespace tandem::pipelines {

// prices = sum_j weights[j] f_j(market); degree 0 is the mean.
class RiskPolynomial : public Learner {
 public:
  RiskPolynomial(const RiskSize& size, std::size_t degree) : size_(size), degree_(degree) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  const RiskSize& size_;
  std::size_t degree_;
  std::vector<double> weights_;  // [functions, products]
};

class RiskNearest : public Learner {
 public:
  explicit RiskNearest(const RiskSize& size) : size_(size) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  const RiskSize& size_;
  std::vector<double> rows_;  // of each sample: market on -1..1, prices
};

std::vector<Rival> risk_rivals(const RiskSize& size);

}  // namespace tandem::pipelines
