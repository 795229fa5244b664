#include "kernels/dense/elimination.hpp"

#include <algorithm>
#include <array>

namespace tandem::kernels {
namespace {

constexpr std::size_t kBase = 32;   // rows and columns that are eliminated one by one
constexpr std::size_t kStrip = 64;  // columns that go through a triangle together: 8 KiB, beside the triangle in L1

using Triangle = std::array<std::array<float, kBase>, kBase>;
using Strip = std::array<std::array<float, kStrip>, kBase>;

// Where to cut: whole bases, the first part not the smaller one.
std::size_t half(std::size_t size) { return ((size + 1) / 2 + kBase - 1) / kBase * kBase; }

// row_i := scale_i (row_i + sum_{k<i} triangle_ik row_k), from the first row on.
void substitute(std::size_t size, const Triangle& triangle, const std::array<float, kBase>& scale, Strip& strip) {
  for (std::size_t i = 0; i < size; ++i) {
    std::array<float, kStrip> sum = strip[i];
    for (std::size_t k = 0; k < i; ++k) {
      const float factor = triangle[i][k];
#pragma omp simd
      for (std::size_t j = 0; j < kStrip; ++j) sum[j] += factor * strip[k][j];
    }
#pragma omp simd
    for (std::size_t j = 0; j < kStrip; ++j) strip[i][j] = scale[i] * sum[j];
  }
}

}  // namespace

std::size_t largest_operand(std::size_t n) { return half(n) * half(n); }

void Elimination::factor(std::size_t first, std::size_t size) {
  if (size <= kBase) return factor_base(first, size);
  const std::size_t head = half(size), tail = size - head, next = first + head;
  factor(first, head);
  solve_right(first, head, next, tail);
  solve_below(first, head, next, tail);
  add(next, tail, next, tail, first, head);
  factor(next, tail);
}

void Elimination::factor_base(std::size_t first, std::size_t size) {
  for (std::size_t k = 0; k < size; ++k) {
    const float* pivot = at(first + k, first);
    const float scale = -1 / pivot[k];
    for (std::size_t i = k + 1; i < size; ++i) {
      float* row = at(first + i, first);
      row[k] *= scale;
      const float factor = row[k];
#pragma omp simd
      for (std::size_t j = k + 1; j < size; ++j) row[j] += factor * pivot[j];
    }
  }
}

// C(row.., column..) += A(row.., first..) B(first.., column..): the update by finished multipliers and rows.
void Elimination::add(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns, std::size_t first,
                      std::size_t depth) {
  product_.add({rows, columns, depth}, at(row, first), at(first, column), at(row, column));
}

// U12 = L11^-1 A12 for `count` columns from `column` on.
void Elimination::solve_right(std::size_t first, std::size_t size, std::size_t column, std::size_t count) {
  if (size <= kBase) return solve_right_base(first, size, column, count);
  const std::size_t head = half(size), next = first + head;
  solve_right(first, head, column, count);
  add(next, size - head, column, count, first, head);
  solve_right(next, size - head, column, count);
}

void Elimination::solve_right_base(std::size_t first, std::size_t size, std::size_t column, std::size_t count) {
  Triangle lower;
  std::array<float, kBase> scale;
  scale.fill(1);
  for (std::size_t i = 0; i < size; ++i) std::copy_n(at(first + i, first), i, lower[i].begin());
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t from = 0; from < static_cast<std::ptrdiff_t>(count); from += kStrip) {
    const std::size_t j = static_cast<std::size_t>(from), width = std::min(kStrip, count - j);
    Strip strip{};
    for (std::size_t i = 0; i < size; ++i) std::copy_n(at(first + i, column + j), width, strip[i].begin());
    substitute(size, lower, scale, strip);
    for (std::size_t i = 0; i < size; ++i) std::copy_n(strip[i].begin(), width, at(first + i, column + j));
  }
}

// -L21 = -A21 U11^-1 for `count` rows from `row` on.
void Elimination::solve_below(std::size_t first, std::size_t size, std::size_t row, std::size_t count) {
  if (size <= kBase) return solve_below_base(first, size, row, count);
  const std::size_t head = half(size), next = first + head;
  solve_below(first, head, row, count);
  add(row, count, next, size - head, first, head);
  solve_below(next, size - head, row, count);
}

void Elimination::solve_below_base(std::size_t first, std::size_t size, std::size_t row, std::size_t count) {
  Triangle upper;  // U11 transposed
  std::array<float, kBase> scale;
  for (std::size_t k = 0; k < size; ++k) {
    scale[k] = -1 / *at(first + k, first + k);
    for (std::size_t j = 0; j < k; ++j) upper[k][j] = *at(first + j, first + k);
  }
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t from = 0; from < static_cast<std::ptrdiff_t>(count); from += kStrip) {
    const std::size_t i = static_cast<std::size_t>(from), height = std::min(kStrip, count - i);
    Strip strip{};  // rows of the matrix as columns
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t k = 0; k < size; ++k) strip[k][r] = at(row + i + r, first)[k];
    substitute(size, upper, scale, strip);
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t k = 0; k < size; ++k) at(row + i + r, first)[k] = strip[k][r];
  }
}

}  // namespace tandem::kernels
