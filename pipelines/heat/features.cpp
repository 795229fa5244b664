// Inputs of learners and their derivatives.
#include "pipelines/heat/features.hpp"

#include <cmath>

#include "pipelines/heat/size.hpp"

namespace tandem::pipelines {

namespace {

constexpr double plate_area = 1.6e-3;   // m2
constexpr double spreading = 0.3;       // K/W, a typical resistance from chip to plate
constexpr double typical_copper = 0.6;  // mm
constexpr std::size_t first_power = 6, copper = 9, film = 10;

double range(const HeatParameter& p) { return p.logarithmic ? std::log(p.high / p.low) : p.high - p.low; }

}  // namespace

HeatFeatures heat_features(std::span<const double> p) {
  check(p.size() == heat_parameters.size(), "heat: {} parameters, expected {}", p.size(), heat_parameters.size());
  HeatFeatures result;
  for (std::size_t d = 0; d < heat_parameters.size(); ++d) {
    const HeatParameter& parameter = heat_parameters[d];
    const double distance = parameter.logarithmic ? std::log(p[d] / parameter.low) : p[d] - parameter.low;
    result.values[d] = 2 * distance / range(parameter) - 1;
  }
  const double power = p[first_power] + p[first_power + 1] + p[first_power + 2], a = 1 / (p[film] * plate_area);
  for (std::size_t m = 0; m < 3; ++m) result.values[12 + m] = 2 * p[first_power + m] / power - 1;
  result.values[15] = 2 * a / (a + spreading) - 1;
  result.values[16] = std::log(p[copper] / typical_copper);
  result.scale = power * (a + spreading);
  return result;
}

std::array<double, 12> heat_features_vjp(std::span<const double> p, std::span<const double> inputs,
                                         double scale_weight) {
  std::array<double, 12> result = {};
  for (std::size_t d = 0; d < heat_parameters.size(); ++d)
    result[d] = 2 * inputs[d] / range(heat_parameters[d]) / (heat_parameters[d].logarithmic ? p[d] : 1);
  const double power = p[first_power] + p[first_power + 1] + p[first_power + 2], a = 1 / (p[film] * plate_area);
  double shared = 0;
  for (std::size_t m = 0; m < 3; ++m) shared += inputs[12 + m] * p[first_power + m] / power;
  for (std::size_t m = 0; m < 3; ++m)
    result[first_power + m] += 2 / power * (inputs[12 + m] - shared) + scale_weight * (a + spreading);
  const double slope_a = 2 * spreading / ((a + spreading) * (a + spreading)) * inputs[15] + scale_weight * power;
  result[film] -= slope_a * a / p[film];
  result[copper] += inputs[16] / p[copper];
  return result;
}

}  // namespace tandem::pipelines
