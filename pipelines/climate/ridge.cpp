// (F^T D F + r I) w = F^T D c; leave-one-out residual e_i / (1 - h_i), h the diagonal of the hat matrix.
#include "pipelines/climate/ridge.hpp"

#include <cmath>
#include <limits>

#include "harness/base/check.hpp"
#include "kernels/learning/symmetric.hpp"

namespace tandem::pipelines {
namespace {

struct Rows {
  std::vector<double> functions, values;  // [n, m], [n, columns], both times the root of the row's importance
  std::size_t n = 0, m = 0, columns = 0;
};

Rows weighted(std::span<const double> inputs, std::size_t width, std::span<const double> values, std::size_t columns,
              std::span<const double> importance) {
  Rows rows{{}, {}, importance.size(), width + 1, columns};
  for (std::size_t i = 0; i < rows.n; ++i) {
    const double root = std::sqrt(importance[i]);
    for (std::size_t j = 0; j < width; ++j) rows.functions.push_back(root * inputs[i * width + j]);
    rows.functions.push_back(root);
    for (std::size_t k = 0; k < columns; ++k) rows.values.push_back(root * values[i * columns + k]);
  }
  return rows;
}

double left_out(const Rows& rows, const std::vector<double>& by_column, std::vector<double> hats,
                const kernels::Cholesky& factor) {
  factor.solve(hats, rows.n);
  double error = 0;
#pragma omp parallel for schedule(static) reduction(+ : error)
  for (std::size_t i = 0; i < rows.n; ++i) {
    const double* f = &rows.functions[i * rows.m];
    double hat = 0;
    for (std::size_t j = 0; j < rows.m; ++j) hat += hats[i * rows.m + j] * f[j];
    for (std::size_t k = 0; k < rows.columns; ++k) {
      double residual = rows.values[i * rows.columns + k];
      for (std::size_t j = 0; j < rows.m; ++j) residual -= f[j] * by_column[k * rows.m + j];
      error += residual * residual / ((1 - hat) * (1 - hat));
    }
  }
  return error;
}

// F^T F, [m, m], and F^T c, [columns, m]: a row of the result to a thread, so that no sum depends on their number.
std::vector<double> products(const Rows& rows, const std::vector<double>& left, std::size_t width) {
  std::vector<double> result(width * rows.m);
#pragma omp parallel for schedule(static)
  for (std::size_t a = 0; a < width; ++a)
    for (std::size_t i = 0; i < rows.n; ++i) {
      const double factor = left[i * width + a];
#pragma omp simd
      for (std::size_t b = 0; b < rows.m; ++b) result[a * rows.m + b] += factor * rows.functions[i * rows.m + b];
    }
  return result;
}

}  // namespace

std::vector<double> climate_ridge(std::span<const double> inputs, std::size_t width, std::span<const double> values,
                                  std::size_t columns, std::span<const double> importance) {
  const Rows rows = weighted(inputs, width, values, columns, importance);
  const std::vector<double> normal = products(rows, rows.functions, rows.m);
  const std::vector<double> right = products(rows, rows.values, columns);
  double mean = 0;
  for (std::size_t j = 0; j < rows.m; ++j) mean += normal[j * (rows.m + 1)] / static_cast<double>(rows.m);
  double least = std::numeric_limits<double>::infinity();
  std::vector<double> best;
  for (int power = -10; power <= 0; power += 2) {
    std::vector<double> matrix = normal;
    for (std::size_t j = 0; j < rows.m; ++j) matrix[j * (rows.m + 1)] += mean * std::pow(10.0, power);
    const kernels::Cholesky factor(std::move(matrix), rows.m);
    if (!factor.valid()) continue;
    std::vector<double> by_column = right;
    factor.solve(by_column, columns);
    const double error = left_out(rows, by_column, rows.functions, factor);
    if (!(error < least)) continue;
    least = error;
    best.assign(rows.m * columns, 0.0);
    for (std::size_t k = 0; k < columns; ++k)
      for (std::size_t j = 0; j < rows.m; ++j) best[j * columns + k] = by_column[k * rows.m + j];
  }
  check(!best.empty(), "climate: no ridge makes a regression of {} functions solvable", rows.m);
  return best;
}

}  // namespace tandem::pipelines
