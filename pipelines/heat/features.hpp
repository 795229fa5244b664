// What a learner sees of a heat case: 17 inputs and the scale s = P (1/(h A) + 0.3 K/W) of its temperatures, with P the
// sum of powers and A the area of the cold plate; fields are learnt over s.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace tandem::pipelines {

inline constexpr std::size_t heat_inputs = 17;

struct HeatFeatures {
  // 12 parameters on -1..1 of their ranges, 3 fractions 2 P_m / P - 1, 2 a / (a + 0.3) - 1 with a = 1/(h A), and
  // log(t_cu / 0.6 mm). The fractions sum to a constant: regressions need a ridge.
  std::array<double, heat_inputs> values = {};
  double scale = 0;  // K
};

HeatFeatures heat_features(std::span<const double> parameters);

// d/d parameters of sum_i inputs[i] values[i] + scale_weight * scale.
std::array<double, 12> heat_features_vjp(std::span<const double> parameters, std::span<const double> inputs,
                                         double scale_weight);

}  // namespace tandem::pipelines
