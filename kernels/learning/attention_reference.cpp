#include "kernels/learning/attention_reference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

// A head's keys and values, read once for many queries.
struct Head {
  std::size_t number = static_cast<std::size_t>(-1);
  std::vector<double> k, v, q;
};

void read(std::vector<double>& to, const Values& from, std::size_t first, std::size_t count) {
  to.resize(count);
  for (std::size_t i = 0; i < count; ++i) to[i] = from(first + i);
}

double row_error(const Head& head, std::size_t seen, const float* output, double rounding) {
  constexpr double u = 0x1p-24;
  const std::size_t d = head.q.size();
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  std::vector<double> p(seen), sum(d), size(d);
  double worst_score = 0;
  for (std::size_t t = 0; t < seen; ++t) {
    const double *const q = head.q.data(), *const k = head.k.data() + t * d;
    double score = 0, magnitude = 0;
#pragma omp simd reduction(+ : score, magnitude)
    for (std::size_t i = 0; i < d; ++i) {
      score += q[i] * k[i];
      magnitude += std::abs(q[i] * k[i]);
    }
    p[t] = scale * score;
    worst_score = std::max(worst_score, scale * magnitude * (static_cast<double>(d) + 2) * u);
  }
  const double largest = *std::max_element(p.begin(), p.end());
  double total = 0;
  for (double& weight : p) total += weight = std::exp(weight - largest);
  for (std::size_t t = 0; t < seen; ++t) {
    const double weight = p[t] / total;
    const double* const v = head.v.data() + t * d;
#pragma omp simd
    for (std::size_t i = 0; i < d; ++i) {
      sum[i] += weight * v[i];
      size[i] += weight * std::abs(v[i]);
    }
  }
  const double relative = 2 * worst_score + rounding + (2 * static_cast<double>(seen) + 16) * u;
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
#pragma omp parallel
  {
    Head head;
#pragma omp for schedule(dynamic, 16)
    for (std::size_t row = 0; row < errors.size(); ++row) {
      if (head.number != row / queries) {
        head.number = row / queries;
        read(head.k, k, head.number * tokens * d, tokens * d);
        read(head.v, v, head.number * tokens * d, tokens * d);
      }
      read(head.q, q, row * d, d);
      errors[row] = row_error(head, queries == 1 ? tokens : row % queries + 1, output.data() + row * d, rounding);
    }
  }
  double worst = 0;
  for (const double error : errors) worse(worst, error);
  return worst;
}

}  // namespace tandem::kernels
