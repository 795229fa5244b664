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

void factor_base(Block a, std::size_t size) {
  for (std::size_t k = 0; k < size; ++k) {
    const float* pivot = a.row(k);
    const float scale = -1 / pivot[k];
    for (std::size_t i = k + 1; i < size; ++i) {
      float* row = a.row(i);
      row[k] *= scale;
      const float factor = row[k];
#pragma omp simd
      for (std::size_t j = k + 1; j < size; ++j) row[j] += factor * pivot[j];
    }
  }
}

}  // namespace

std::size_t largest_operand(std::size_t size, std::size_t count) { return half(size) * std::max(half(size), count); }

void Elimination::factor(Block a, std::size_t size) {
  if (size <= kBase) return factor_base(a, size);
  const std::size_t head = half(size), tail = size - head;
  const Block right = a.at(0, head), below = a.at(head, 0), rest = a.at(head, head);
  factor(a, head);
  solve_right(a, head, right, tail);
  solve_below(a, head, below, tail);
  product_.add({tail, tail, head}, below, right, rest);
  factor(rest, tail);
}

void Elimination::solve_right(Block square, std::size_t size, Block b, std::size_t count) {
  if (size <= kBase) return solve_right_base(square, size, b, count);
  const std::size_t head = half(size), tail = size - head;
  solve_right(square, head, b, count);
  product_.add({tail, count, head}, square.at(head, 0), b, b.at(head, 0));
  solve_right(square.at(head, head), tail, b.at(head, 0), count);
}

void Elimination::solve_right_base(Block square, std::size_t size, Block b, std::size_t count) {
  Triangle lower;
  std::array<float, kBase> scale;
  scale.fill(1);
  for (std::size_t i = 0; i < size; ++i) std::copy_n(square.row(i), i, lower[i].begin());
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t from = 0; from < static_cast<std::ptrdiff_t>(count); from += kStrip) {
    const std::size_t j = static_cast<std::size_t>(from), width = std::min(kStrip, count - j);
    Strip strip{};
    for (std::size_t i = 0; i < size; ++i) std::copy_n(b.row(i) + j, width, strip[i].begin());
    substitute(size, lower, scale, strip);
    for (std::size_t i = 0; i < size; ++i) std::copy_n(strip[i].begin(), width, b.row(i) + j);
  }
}

void Elimination::solve_below(Block square, std::size_t size, Block b, std::size_t count) {
  if (size <= kBase) return solve_below_base(square, size, b, count);
  const std::size_t head = half(size), tail = size - head;
  solve_below(square, head, b, count);
  product_.add({count, tail, head}, b, square.at(0, head), b.at(0, head));
  solve_below(square.at(head, head), tail, b.at(0, head), count);
}

void Elimination::solve_below_base(Block square, std::size_t size, Block b, std::size_t count) {
  Triangle upper;  // U11 transposed
  std::array<float, kBase> scale;
  for (std::size_t k = 0; k < size; ++k) {
    scale[k] = -1 / square.row(k)[k];
    for (std::size_t j = 0; j < k; ++j) upper[k][j] = square.row(j)[k];
  }
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t from = 0; from < static_cast<std::ptrdiff_t>(count); from += kStrip) {
    const std::size_t i = static_cast<std::size_t>(from), height = std::min(kStrip, count - i);
    Strip strip{};  // rows of the matrix as columns
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t k = 0; k < size; ++k) strip[k][r] = b.row(i + r)[k];
    substitute(size, upper, scale, strip);
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t k = 0; k < size; ++k) b.row(i + r)[k] = strip[k][r];
  }
}

}  // namespace tandem::kernels
