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

double unit_round_off(Element element) {
  return element == Element::bf16 ? 0x1p-8 : element == Element::fp16 ? 0x1p-11 : 0x1p-24;
}

// Sums of products and of their magnitudes by local rows: of this process' columns, then of the whole row.
struct Sums {
  explicit Sums(std::size_t rows) : value(rows), size(rows) {}
  void finish(const LuGrid& grid) {
    grid.row.sum(value);
    grid.row.sum(size);
  }
  std::vector<double> value, size;
};

// Adds the products of a row's entries with some of the unknowns. `sizes`: of the second factors.
template <typename T>
void add(const T* entries, const double* values, const double* sizes, std::size_t count, std::size_t row, Sums& sums) {
  double value = 0, size = 0;
#pragma omp simd reduction(+ : value, size)
  for (std::size_t j = 0; j < count; ++j) {
    const auto factor = static_cast<double>(entries[j]);
    value += factor * values[j];
    size += std::abs(factor) * sizes[j];
  }
  sums.value[row] += value;
  sums.size[row] += size;
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

double wrong_factors(const MixedSolver& solver, const ExactSystem& system) {
  std::atomic<std::size_t> wrong = 0;
  const auto count_wrong = [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    std::size_t here = 0;
    for (std::size_t l = 0; l < count; ++l) {
      const double right = system.factor(row, first + l);
      here += static_cast<double>(solver.factors(i)[j + l]) == (first + l < row ? -right : right) ? 0 : 1;
    }
    wrong += here;
  };
  for_each_piece(solver.grid(), count_wrong);
  return solver.grid().ranks.sum(static_cast<double>(wrong));
}

double factor_error(const MixedSolver& solver, const LinearSystem& system, Element element, std::uint64_t seed) {
  const LuGrid& grid = solver.grid();
  const std::size_t n = grid.rows.n, height = grid.rows.size();
  std::vector<double> v(n), v_size(n);
  for (std::size_t j = 0; j < n; ++j) {
    v[j] = random_uniform(seed, 0xfac7, j) - 0.5;
    v_size[j] = std::abs(v[j]);
  }
  Sums upper(height), lower(height), matrix(height);
  for_each_piece(grid, [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    const std::size_t left = left_of(row, first, count), from = first + left;
    add(&solver.factors(i)[j] + left, v.data() + from, v_size.data() + from, count - left, i, upper);
  });
  upper.finish(grid);
  const std::vector<double> uv = grid.whole(upper.value), uv_size = grid.whole(upper.size);
  for_each_piece(grid, [&](std::size_t i, std::size_t row, std::size_t j, std::size_t first, std::size_t count) {
    thread_local std::vector<double> a;
    a.resize(count);
    system.entries(row, first, a);
    add(a.data(), &v[first], &v_size[first], count, i, matrix);
    add(&solver.factors(i)[j], &uv[first], &uv_size[first], left_of(row, first, count), i, lower);
  });
  matrix.finish(grid);
  lower.finish(grid);
  const double of_factors = 2 * unit_round_off(element) + 4 * static_cast<double>(n + 8) * 0x1p-24;
  double worst = 0;
  for (std::size_t i = 0; i < height; ++i) {
    const double error = std::abs(matrix.value[i] - (upper.value[i] - lower.value[i]));
    const double bound = of_factors * (upper.size[i] + lower.size[i]) + 0x1p-24 * matrix.size[i];
    const double ratio = error == 0 ? 0 : error / bound;
    worst = std::max(worst, std::isfinite(ratio) ? ratio : kInfinity);
  }
  return grid.ranks.max(worst);
}

}  // namespace tandem::kernels
