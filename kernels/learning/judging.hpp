// How results of this family are compared with those in fp64.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "harness/ranks/ranks.hpp"

namespace tandem::kernels {

// The largest so far; a NaN counts as infinity, or the next number would take its place.
inline void worse(double& worst, double value) {
  if (!(value <= worst)) worst = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
}

// The largest over all ranks; infinity where it is no number on any.
inline double worst_of(const Ranks& ranks, double value) {
  const double wrong = ranks.max(std::isfinite(value) ? 0.0 : 1.0), worst = ranks.max(std::isfinite(value) ? value : 0);
  return wrong > 0 ? std::numeric_limits<double>::infinity() : worst;
}

// Of one array.
struct Deviation {
  double norm = 0;   // ||values - reference|| / scale
  double entry = 0;  // max |values - reference| / scale, of one entry
};

// The scale is the norm of the reference, or, of values that are sums whose terms cancel, the root of `squares`: the
// sums of the squares of their terms.
inline Deviation deviation(std::span<const float> values, std::span<const double> reference,
                           std::span<const double> squares = {}) {
  double error = 0, square = 0, most = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(static_cast<double>(values[i]) - reference[i]);
    error += difference * difference;
    square += squares.empty() ? reference[i] * reference[i] : squares[i];
    worse(most, difference);
  }
  return {std::sqrt(error / square), most / std::sqrt(square / static_cast<double>(values.size()))};
}

}  // namespace tandem::kernels
