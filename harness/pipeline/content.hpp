// What the contents of pipelines have in common: errors, tables of sizes, rows of all ranks.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// A NaN is worse than any number, and can then be sorted.
inline double or_infinity(double value) { return std::isnan(value) ? std::numeric_limits<double>::infinity() : value; }
inline void worse(double& worst, double value) { worst = std::max(worst, or_infinity(value)); }

// |prediction - truth| / |truth| in the Euclidean norm.
inline double relative_error(std::span<const float> truth, std::span<const float> prediction, const char* pipeline) {
  check(truth.size() == prediction.size(), "{}: {} predicted values, expected {}", pipeline, prediction.size(),
        truth.size());
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const double t = static_cast<double>(truth[i]), d = static_cast<double>(prediction[i]) - t;
    difference += d * d;
    norm += t * t;
  }
  return std::sqrt(difference / norm);
}

// Rows of `width` numbers from all ranks in rising order of their first number: the canonical order, where that is the
// index of a sample.
struct GatheredRows {
  std::vector<double> values;
  std::vector<const double*> rows;
};
inline GatheredRows gathered_rows(std::span<const double> mine, std::size_t width, const Ranks& ranks) {
  GatheredRows all{ranks.gather(mine), {}};
  for (std::size_t at = 0; at < all.values.size(); at += width) all.rows.push_back(&all.values[at]);
  std::sort(all.rows.begin(), all.rows.end(), [](const double* a, const double* b) { return *a < *b; });
  return all;
}

// The parameters of all ranks' cases, by index. On every rank.
inline std::vector<Case> gathered_cases(std::span<const Case> mine, std::size_t parameters, const Ranks& ranks) {
  std::vector<double> packed;
  for (const Case& one : mine) {
    packed.push_back(static_cast<double>(one.index));
    packed.insert(packed.end(), one.parameters.begin(),
                  one.parameters.begin() + static_cast<std::ptrdiff_t>(parameters));
  }
  std::vector<Case> cases;
  const GatheredRows all = gathered_rows(packed, 1 + parameters, ranks);
  for (const double* row : all.rows) cases.push_back({Purpose::steering, 0, {row + 1, row + 1 + parameters}, {}});
  return cases;
}

// The row of a table of sizes by its name.
template <typename Sizes>
const auto& size_named(const Sizes& sizes, std::string_view name, const char* pipeline) {
  std::string known;
  for (const auto& size : sizes) {
    if (size.name == name) return size;
    known += (known.empty() ? "" : ", ") + std::string(size.name);
  }
  throw Error(Exit::usage, fmt::format("{}: size={} is not one of {}", pipeline, name, known));
}

}  // namespace tandem
