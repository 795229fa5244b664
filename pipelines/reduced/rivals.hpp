// Cheap competitors of a network on the same samples, inputs, scale and POD coefficients, fitted in fp64: training
// mean, nearest neighbour, linear and quadratic ridge regression, kernel regression (Matern 5/2). Ridge and length are
// chosen by leave-one-out on the training samples.
#pragma once

#include <vector>

#include "pipelines/reduced/surrogate.hpp"

namespace tandem::pipelines {

enum class RivalKind : std::size_t { mean, nearest, linear, quadratic, kernel };

// coefficients = sum_j weights[j] f_j(inputs); the kind says what the functions f_j are.
struct Expansion {
  RivalKind kind = RivalKind::mean;
  std::size_t modes = 0, inputs = 0;
  double length = 1, ridge = 0;  // of the kernel, and of the fit
  std::vector<double> centres;   // [n, inputs], of nearest and kernel
  std::vector<double> weights;   // [functions, modes]

  std::size_t functions() const;
  void evaluate(std::span<const double> inputs, std::span<double> values) const;
  // d/d inputs of the sum of pulls times functions.
  void pull(std::span<const double> inputs, std::span<const double> pulls, std::span<double> to) const;
};

Expansion fit_expansion(RivalKind kind, std::span<const ReducedPoint> points);

// What the rivals of a map have in common: the basis of all samples, and all ranks' points in canonical order.
struct ReducedSpace {
  ReducedBasis basis;
  std::vector<ReducedPoint> points;
  explicit ReducedSpace(std::shared_ptr<const FieldMap> map) : basis(std::move(map)) {}
  void fit(std::span<const Sample* const> mine, std::size_t modes, const Ranks& ranks);
};

inline constexpr std::size_t reduced_modes = 64;

class ReducedRival : public Learner {
 public:
  ReducedRival(RivalKind kind, std::shared_ptr<const FieldMap> map, std::size_t modes = reduced_modes)
      : kind_(kind), modes_(modes), basis_(std::move(map)) {}
  void fit(const ReducedSpace& space);
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  RivalKind kind_;
  std::size_t modes_;
  ReducedBasis basis_;
  Expansion expansion_;
};

// mean, nearest, linear, quadratic and kernel.
std::vector<Rival> reduced_rivals(const std::shared_ptr<const FieldMap>& map);

}  // namespace tandem::pipelines
