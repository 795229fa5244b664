#include "kernels/dense/lu_verify.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace tandem::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A sum of magnitudes and A x - b of this process' rows, over its own columns.
struct RowSums {
  std::vector<double> residual, size, right;  // right: |b|
};

RowSums own_columns(const LuGrid& grid, const LinearSystem& system, std::span<const double> x) {
  const Cyclic &rows = grid.rows, &columns = grid.columns;
  const std::size_t n = system.order(), width = columns.size();
  RowSums sums{std::vector<double>(rows.size()), std::vector<double>(rows.size()), std::vector<double>(rows.size())};
#pragma omp parallel
  {
    std::vector<double> entries(columns.block);
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(rows.size()); ++i) {
      const auto row = static_cast<std::size_t>(i);
      double residual = 0, size = 0;
      for (std::size_t j = 0; j < width; j += columns.block) {
        const std::size_t first = columns.global(j), count = std::min(columns.block, width - j);
        system.entries(rows.global(row), first, {entries.data(), count});
        const std::size_t of_a = std::min(count, n - std::min(n, first));
#pragma omp simd reduction(+ : residual, size)
        for (std::size_t l = 0; l < of_a; ++l) {
          residual += entries[l] * x[first + l];
          size += std::abs(entries[l]);
        }
        if (of_a < count) {
          residual -= entries[of_a];
          sums.right[row] = std::abs(entries[of_a]);
        }
      }
      sums.residual[row] = residual;
      sums.size[row] = size;
    }
  }
  return sums;
}

}  // namespace

double largest(std::span<const double> values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::isfinite(value) ? std::abs(value) : infinity);
  return result;
}

double scaled_residual(const LuGrid& grid, const LinearSystem& system, std::span<const double> x) {
  RowSums sums = own_columns(grid, system, x);
  for (std::vector<double>* part : {&sums.residual, &sums.size, &sums.right}) grid.row.sum(*part);
  const Ranks& ranks = grid.ranks;
  const double residual = ranks.max(largest(sums.residual)), a = ranks.max(largest(sums.size));
  const double b = ranks.max(largest(sums.right)), size = ranks.max(largest(x));
  const double scale = 0x1p-53 * (a * size + b) * static_cast<double>(system.order());
  const double ratio = residual == 0 ? 0 : residual / scale;
  return std::isfinite(ratio) && std::isfinite(scale) ? ratio : infinity;
}

double columns_without_pivot(const LuSolver& solver) {
  const auto& pivots = solver.pivots();
  const auto found = std::count_if(pivots.begin(), pivots.end(), [](double pivot) { return pivot >= 0; });
  return solver.grid().ranks.max(static_cast<double>(solver.grid().rows.n) - static_cast<double>(found));
}

double differing_copies(const Ranks& ranks, std::span<const double> x) {
  std::vector<double> first(x.begin(), x.end());
  ranks.broadcast(std::as_writable_bytes(std::span<double>(first)));
  double different = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    different += std::bit_cast<std::uint64_t>(x[i]) == std::bit_cast<std::uint64_t>(first[i]) ? 0 : 1;
  return ranks.max(different);
}

}  // namespace tandem::kernels
