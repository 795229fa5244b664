// Cheap competitors of the network on the same samples, inputs, scale and POD coefficients, fitted in fp64: training
// mean, nearest neighbour, linear and quadratic ridge regression, kernel regression (Matern 5/2). Ridge and length are
// chosen by leave-one-out on the training samples.
#pragma once

#include <vector>

#include "pipelines/heat/size.hpp"
#include "pipelines/heat/surrogate.hpp"

namespace tandem::pipelines {

enum class HeatRivalKind : std::size_t { mean, nearest, linear, quadratic, kernel };

// coefficients = sum_j weights[j] f_j(inputs); the kind says what the functions f_j are.
struct HeatExpansion {
  HeatRivalKind kind = HeatRivalKind::mean;
  std::size_t modes = 0;
  double length = 1, ridge = 0;  // of the kernel, and of the fit
  std::vector<double> centres;   // [n, heat_inputs], of nearest and kernel
  std::vector<double> weights;   // [functions, modes]

  std::size_t functions() const;
  void evaluate(std::span<const double> inputs, std::span<double> values) const;
  // d/d inputs of the sum of pulls times functions.
  void pull(std::span<const double> inputs, std::span<const double> pulls, std::span<double> to) const;
};

HeatExpansion fit_expansion(HeatRivalKind kind, std::span<const HeatPoint> points);

class HeatRival : public Learner {
 public:
  HeatRival(HeatRivalKind kind, std::size_t nodes, std::size_t modes = 64)
      : kind_(kind), nodes_(nodes), modes_(modes) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  HeatRivalKind kind_;
  std::size_t nodes_, modes_;
  HeatBasis basis_;
  HeatExpansion expansion_;
};

std::vector<Rival> heat_rivals(const HeatSize& size);

}  // namespace tandem::pipelines
