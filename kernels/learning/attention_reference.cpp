#include "kernels/learning/attention_reference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

// One query of one head; positions are those in the arrays.
struct Row {
  std::size_t query, first_key, seen;
};

double row_error(const Row& row, std::size_t d, const Values& q, const Values& k, const Values& v, const float* output,
                 double rounding) {
  constexpr double u = 0x1p-24;
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  std::vector<double> p(row.seen), sum(d), size(d);
  double worst_score = 0;
  for (std::size_t t = 0; t < row.seen; ++t) {
    double magnitude = 0;
    for (std::size_t i = 0; i < d; ++i) {
      const double term = q(row.query + i) * k(row.first_key + t * d + i);
      p[t] += scale * term;
      magnitude += scale * std::abs(term);
    }
    worst_score = std::max(worst_score, magnitude * (static_cast<double>(d) + 2) * u);
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double total = 0;
  for (double& weight : p) total += weight = std::exp(weight - largest);
  for (std::size_t t = 0; t < row.seen; ++t)
    for (std::size_t i = 0; i < d; ++i) {
      const double value = p[t] / total * v(row.first_key + t * d + i);
      sum[i] += value;
      size[i] += std::abs(value);
    }
  const double relative = 2 * worst_score + rounding + (2 * static_cast<double>(row.seen) + 16) * u;
  double worst = 0;
  for (std::size_t i = 0; i < d; ++i) {
    worse(worst, std::abs(static_cast<double>(output[i]) - sum[i]) / (relative * size[i] + 0x1p-126));
  }
  return worst;
}

}  // namespace

double attention_error(const AttentionShape& shape, const Values& q, const Values& k, const Values& v,
                       std::span<const float> output, double rounding) {
  const std::size_t tokens = shape.tokens, queries = shape.queries, d = shape.width;
  std::vector<double> errors(shape.heads * queries);
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t row = 0; row < errors.size(); ++row) {
    const std::size_t seen = queries == 1 ? tokens : row % queries + 1;
    errors[row] = row_error({row * d, row / queries * tokens * d, seen}, d, q, k, v, output.data() + row * d, rounding);
  }
  double worst = 0;
  for (const double error : errors) worse(worst, error);
  return worst;
}

}  // namespace tandem::kernels
