#include "kernels/dense/mixed_verify.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/random.hpp"

namespace tandem::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kDeviations = 8;  // of a sum of rounding errors: more are not taken for chance

double unit_round_off(Element element) {
  return element == Element::bf16 ? 0x1p-8 : element == Element::fp16 ? 0x1p-11 : 0x1p-24;
}

// By rows or columns: values, their magnitudes, and the squares of what is rounded to few bits in them.
struct Vectors {
  explicit Vectors(std::size_t count) : value(count), size(count), square(count) {}
  std::vector<double> value, size, square;
};

// Sums of products by local rows: of this process' columns, then of the whole row.
void finish(const LuGrid& grid, Vectors& sums) {
  for (std::vector<double>* part : {&sums.value, &sums.size, &sums.square}) grid.row.sum(*part);
}

// Adds the products of a row's entries with the factors from `first` on.
template <typename T>
void add(const T* entries, const Vectors& factors, std::size_t first, std::size_t count, std::size_t row,
         Vectors& sums) {
  const double *values = &factors.value[first], *sizes = &factors.size[first], *squares = &factors.square[first];
  double value = 0, size = 0, square = 0;
#pragma omp simd reduction(+ : value, size, square)
  for (std::size_t j = 0; j < count; ++j) {
    const auto entry = static_cast<double>(entries[j]);
    value += entry * values[j];
    size += std::abs(entry) * sizes[j];
    square += entry * entry * squares[j];
  }
  sums.value[row] += value;
  sums.size[row] += size;
  sums.square[row] += square;
}

// body(i, row, j, first, count): `count` neighbours of local row i from local column j on; globally `row` and `first`.
// A rank's part of A by the blocks in which columns are neighbours; rows are shared by threads.
template <typename Body>
void for_each_piece(const LuGrid& grid, const Body& body) {
  const std::size_t width = grid.columns.before(grid.rows.n), nb = grid.columns.block;
#pragma omp parallel for schedule(dynamic, 16)
  for (std::size_t i = 0; i < grid.rows.size(); ++i)
    for (std::size_t j = 0; j < width; j += nb)
      body(i, grid.rows.global(i), j, grid.columns.global(j), std::min(nb, width - j));
}

// Of `count` columns from `first` on: those left of `column`.
std::size_t left_of(std::size_t column, std::size_t first, std::size_t count) {
  return std::min(column - std::min(first, column), count);
}

}  // namespace

double wrong_factors(const FactorRows& factors, const ExactSystem& system) {
  std::atomic<std::size_t> wrong = 0;
  const auto count_wrong = [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    std::size_t here = 0;
    for (std::size_t l = 0; l < count; ++l) {
      const double right = system.factor(row, first + l);
      here += static_cast<double>(factors(i)[j + l]) == (first + l < row ? -right : right) ? 0 : 1;
    }
    wrong += here;
  };
  for_each_piece(factors.grid, count_wrong);
  return factors.grid.ranks.sum(static_cast<double>(wrong));
}

double factor_error(const FactorRows& factors, const LinearSystem& system, Element element, std::uint64_t seed) {
  const LuGrid& grid = factors.grid;
  const std::size_t n = grid.rows.n, height = grid.rows.size();
  Vectors v(n), uv(n), upper(height), lower(height), matrix(height);
  for (std::size_t j = 0; j < n; ++j) {
    v.value[j] = random_uniform(seed, 0xfac7, j) - 0.5;
    v.size[j] = std::abs(v.value[j]);
    v.square[j] = v.value[j] * v.value[j];
  }
  for_each_piece(grid, [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    const std::size_t left = left_of(row, first, count), from = first + left;
    if (left == count) return;
    const float* entries = factors(i) + j + left;
    add(entries, v, from, count - left, i, upper);
    if (from == row) upper.square[i] -= std::pow(*entries * v.value[row], 2);  // the diagonal is in no product
  });
  finish(grid, upper);
  uv.value = grid.whole(upper.value);
  uv.size = grid.whole(upper.size);
  uv.square = grid.whole(upper.square);
  for_each_piece(grid, [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    thread_local std::vector<double> a;
    a.resize(count);
    system.entries(row, first, a);
    add(a.data(), v, first, count, i, matrix);
    add(factors(i) + j, uv, first, left_of(row, first, count), i, lower);
  });
  finish(grid, matrix);
  finish(grid, lower);
  const double sums = std::sqrt(static_cast<double>(n + 8)) * 0x1p-24;
  double worst = 0;
  for (std::size_t i = 0; i < height; ++i) {
    const double error = std::abs(matrix.value[i] - (upper.value[i] - lower.value[i]));
    const double operands = unit_round_off(element) * std::sqrt(2 * std::max(lower.square[i], 0.0));
    const double bound = kDeviations * (operands + sums * (upper.size[i] + lower.size[i])) + 0x1p-24 * matrix.size[i];
    const double ratio = error == 0 ? 0 : error / bound;
    worst = std::max(worst, std::isfinite(ratio) ? ratio : kInfinity);
  }
  return grid.ranks.max(worst);
}

}  // namespace tandem::kernels
