// Judges the solution of a system whose entries can be computed again: nothing of the factorisation is used but x.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "kernels/dense/lu_solver.hpp"

namespace tandem::kernels {

inline constexpr double kResidualLimit = 16;  // HPL's threshold

// HPL's scaled residual ||A x - b||_oo / (u (||A||_oo ||x||_oo + ||b||_oo) n), u = 2^-53; right where < 16. Each rank
// sums up its own part of A in fp64; the same on every rank; infinity where a number is not finite. Collective.
double scaled_residual(const LuGrid& grid, const LinearSystem& system, std::span<const double> x);

// The largest magnitude; infinity where a value is not finite.
double largest(std::span<const double> values);

// How many values are not exactly the right ones; one more where their number differs.
template <typename T>
double wrong_values(std::span<const double> values, const std::vector<T>& right) {
  double count = values.size() == right.size() ? 0 : 1;
  for (std::size_t i = 0; i < std::min(values.size(), right.size()); ++i)
    count += values[i] == static_cast<double>(right[i]) ? 0 : 1;
  return count;
}

// Columns in which no entry was left to divide by (a singular matrix), or that were not eliminated at all. Collective.
double columns_without_pivot(const LuSolver& solver);

// Entries of x that are not the same bits on all ranks (the largest number of differences to rank 0). Collective.
double differing_copies(const Ranks& ranks, std::span<const double> x);

}  // namespace tandem::kernels
