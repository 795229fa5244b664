// The standard normal distribution.
#pragma once

#include <cmath>
#include <numbers>

namespace tandem {

inline double cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
inline double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }

}  // namespace tandem
