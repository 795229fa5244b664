#include "kernels/montecarlo/normal.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include "kernels/montecarlo/lanes.hpp"

namespace tandem::kernels {

// Halley's steps on the distribution from Tukey's lambda approximation, always on the smaller tail.
double normal_quantile(double u) {
  double z = (std::pow(u, 0.135) - std::pow(1 - u, 0.135)) / 0.1975;
  for (int step = 0; step < 9; ++step) {
    const bool below = z < 0;
    const double tail = 0.5 * std::erfc(std::abs(z) / std::numbers::sqrt2), wanted = below ? u : 1 - u;
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double newton = (tail - wanted) / density * (below ? -1 : 1);
    z += newton / (1 - newton * z / 2);
  }
  return z;
}

// In octave e, u = m 2^(e - 24) with m in 1..2. Newton's divided differences, then powers of t = m - 3/2.
NormalTable::NormalTable() {
  constexpr std::size_t octaves = 2 * lanes, count = degree + 1;
  for (std::size_t octave = 0; octave < octaves; ++octave) {
    const int power = static_cast<int>(octave) - 24;
    std::array<double, count> node, divided, coefficients = {};
    for (std::size_t i = 0; i < count; ++i) {
      node[i] = 0.5 * std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) / count);
      divided[i] = power < -1 ? normal_quantile(std::ldexp(1.5 + node[i], power)) : 0;
    }
    for (std::size_t order = 1; order < count; ++order)
      for (std::size_t i = count; i-- > order;)
        divided[i] = (divided[i] - divided[i - 1]) / (node[i] - node[i - order]);
    for (std::size_t i = count; i-- > 0;) {  // Horner in t: times (t - node[i]), plus the difference
      for (std::size_t j = count; j-- > 1;) coefficients[j] = coefficients[j - 1] - node[i] * coefficients[j];
      coefficients[0] = divided[i] - node[i] * coefficients[0];
    }
    for (std::size_t j = 0; j < count; ++j)
      (octave < lanes ? low_ : high_)[j][octave % lanes] = static_cast<float>(coefficients[j]);
  }
}

}  // namespace tandem::kernels
