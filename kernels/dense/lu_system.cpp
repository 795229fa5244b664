#include "kernels/dense/lu_system.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "harness/base/random.hpp"

namespace tandem::kernels {
namespace {

constexpr std::uint64_t kStream = 0x1000;  // streams of random bits, one a vector

double sign(std::uint64_t bits) { return (bits & 1) != 0 ? 1.0 : -1.0; }

}  // namespace

void RandomSystem::entries(std::size_t row, std::size_t column, std::span<double> values) const {
  const std::uint64_t first = static_cast<std::uint64_t>(row) * (n_ + 1) + column;
  for (std::size_t j = 0; j < values.size(); ++j) values[j] = random_uniform(seed_, kStream, first + j) - 0.5;
}

DiagonalSystem::DiagonalSystem(std::size_t n, std::uint64_t seed, Kind kind)
    : others_(n, seed), diagonal_(n, std::sqrt(static_cast<double>(n))) {
  if (kind == Kind::scaled) return;
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n); ++i) {
    std::vector<double> row(n);
    others_.entries(static_cast<std::size_t>(i), 0, row);
    row[static_cast<std::size_t>(i)] = 0;
    double sum = 0;
    for (const double value : row) sum += std::abs(value);
    diagonal_[static_cast<std::size_t>(i)] = n > 1 ? sum : 1;
  }
}

void DiagonalSystem::entries(std::size_t row, std::size_t column, std::span<double> values) const {
  others_.entries(row, column, values);
  if (row >= column && row - column < values.size()) values[row - column] = diagonal_[row];
}

ExactSystem::ExactSystem(std::size_t n, std::uint64_t seed, Rows rows)
    : alpha_(n), beta_(n), gamma_(n), delta_(n), diagonal_(n), prefix_(n + 1, 0.0), x_(n), b_(n) {
  draw_factors(seed);
  multiply();
  shuffle(rows == Rows::shuffled ? n : 0, seed);
}

double ExactSystem::factor(std::size_t i, std::size_t j) const {
  return i > j ? alpha_[i] * beta_[j] : i < j ? gamma_[i] * delta_[j] : diagonal_[i];
}

void ExactSystem::draw_factors(std::uint64_t seed) {
  for (std::size_t i = 0; i < x_.size(); ++i) {
    const std::uint64_t bits = random_bits(seed, kStream + 1, i);
    alpha_[i] = 0.5 * sign(bits);
    beta_[i] = sign(bits >> 1);
    gamma_[i] = sign(bits >> 2);
    delta_[i] = sign(bits >> 3);
    diagonal_[i] = sign(bits >> 4) * ((bits >> 5 & 1) != 0 ? 2.0 : 1.0);
    x_[i] = sign(bits >> 6) * static_cast<double>(1 + (bits >> 7) % 8);
    prefix_[i + 1] = prefix_[i] + beta_[i] * gamma_[i];
  }
}

// y = U x from below, b = L y from above.
void ExactSystem::multiply() {
  double right = 0;  // sum_{j>k} delta_j x_j
  for (std::size_t k = x_.size(); k-- > 0;) {
    b_[k] = diagonal_[k] * x_[k] + gamma_[k] * right;
    right += delta_[k] * x_[k];
  }
  double left = 0;  // sum_{k<i} beta_k y_k
  for (std::size_t i = 0; i < x_.size(); ++i) {
    const double y = b_[i];
    b_[i] = y + alpha_[i] * left;
    left += beta_[i] * y;
  }
}

// A random permutation of the first rows (Fisher and Yates), and the swaps by which elimination undoes it.
void ExactSystem::shuffle(std::size_t count, std::uint64_t seed) {
  const std::size_t n = x_.size();
  factor_row_.resize(n);
  std::iota(factor_row_.begin(), factor_row_.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i)
    std::swap(factor_row_[i - 1], factor_row_[random_bits(seed, kStream + 2, i) % i]);
  std::vector<std::size_t> at(n), lies = factor_row_;  // at[k]: where L's row k lies now; lies: its inverse
  for (std::size_t row = 0; row < n; ++row) at[lies[row]] = row;
  pivots_.resize(n);
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t from = at[k];
    pivots_[k] = from;
    std::swap(lies[k], lies[from]);
    at[lies[from]] = from;
  }
}

void ExactSystem::entries(std::size_t row, std::size_t column, std::span<double> values) const {
  const std::size_t i = factor_row_[row], n = x_.size();
  for (std::size_t l = 0; l < values.size(); ++l) {
    const std::size_t j = column + l;
    if (j == n)
      values[l] = b_[i];
    else if (i < j)
      values[l] = (alpha_[i] * prefix_[i] + gamma_[i]) * delta_[j];
    else
      values[l] = alpha_[i] * delta_[j] * prefix_[j] + (i == j ? diagonal_[i] : alpha_[i] * beta_[j] * diagonal_[j]);
  }
}

}  // namespace tandem::kernels
