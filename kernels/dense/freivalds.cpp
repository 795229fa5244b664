#include "kernels/dense/freivalds.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem::kernels {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double int64_limit = 0x1p62;

double largest(std::span<const double> values) {
  double result = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) return infinity;
    result = std::max(result, std::abs(value));
  }
  return result;
}

bool whole(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == std::trunc(value); });
}

std::int64_t dot(std::span<const double> row, const std::int64_t* x) {
  std::int64_t sum = 0;
  for (std::size_t j = 0; j < row.size(); ++j) sum += static_cast<std::int64_t>(row[j]) * x[j];
  return sum;
}

// What a product of integers needs to stay in int64, and the vectors.
struct IntegerCheck {
  std::size_t vectors;
  std::vector<std::int64_t> x;   // vectors x n
  std::vector<std::int64_t> bx;  // vectors x k
  double largest_b = 0;
  double largest_bx = 0;
};

IntegerCheck multiply_b(const Product& product, std::uint64_t seed, std::size_t vectors) {
  const auto n = product.n, k = product.k;
  IntegerCheck result{vectors, std::vector<std::int64_t>(vectors * n), std::vector<std::int64_t>(vectors * k)};
  for (std::size_t i = 0; i < vectors * n; ++i)
    result.x[i] = static_cast<std::int64_t>(random_bits(seed, 0xf4e1, i) % 1024) - 512;
  double big = 0;
  bool integers = true;
#pragma omp parallel reduction(max : big) reduction(&& : integers)
  {
    std::vector<double> row(n);
#pragma omp for schedule(static)
    for (std::ptrdiff_t l = 0; l < static_cast<std::ptrdiff_t>(k); ++l) {
      product.b(static_cast<std::size_t>(l), row);
      const double here = largest(row);
      big = std::max(big, here);
      if (!(static_cast<double>(n) * here * 512 < int64_limit) || !whole(row)) {
        integers = false;
        continue;
      }
      for (std::size_t v = 0; v < vectors; ++v)
        result.bx[v * k + static_cast<std::size_t>(l)] = dot(row, &result.x[v * n]);
    }
  }
  check(integers, "the exact check of a product needs integers of moderate size in B");
  result.largest_b = big;
  for (const std::int64_t value : result.bx)
    result.largest_bx = std::max(result.largest_bx, std::abs(static_cast<double>(value)));
  return result;
}

}  // namespace

double differing_rows(const Product& product, std::uint64_t seed, int rounds) {
  const IntegerCheck right = multiply_b(product, seed, static_cast<std::size_t>(rounds));
  const auto n = product.n, k = product.k;
  std::ptrdiff_t different = 0;
  bool integers = true;
#pragma omp parallel reduction(+ : different) reduction(&& : integers)
  {
    std::vector<double> a(k), c(n);
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(product.m); ++i) {
      product.a(static_cast<std::size_t>(i), a);
      product.c(static_cast<std::size_t>(i), c);
      const double big = largest(a);
      const double bound = static_cast<double>(k) * big * right.largest_b;  // of an entry of C
      const bool fits = static_cast<double>(k) * big * right.largest_bx < int64_limit &&
                        static_cast<double>(n) * bound * 512 < int64_limit;
      if (!fits || !whole(a)) {
        integers = false;
        continue;
      }
      bool same = largest(c) <= bound && whole(c);
      for (std::size_t v = 0; same && v < right.vectors; ++v)
        same = dot(c, &right.x[v * n]) == dot(a, &right.bx[v * k]);
      different += same ? 0 : 1;
    }
  }
  check(integers, "the exact check of a product needs integers of moderate size in A");
  return static_cast<double>(different);
}

double componentwise_error(const Product& product, std::uint64_t seed, double u_accumulator, double u_output) {
  const auto n = product.n, k = product.k;
  std::vector<double> x(n), bx(k), bx_size(k);
  for (std::size_t j = 0; j < n; ++j) x[j] = random_uniform(seed, 0xc0de, j) - 0.5;
  double worst = 0;
#pragma omp parallel reduction(max : worst)
  {
    std::vector<double> a(k), row(n);
#pragma omp for schedule(static)
    for (std::ptrdiff_t l = 0; l < static_cast<std::ptrdiff_t>(k); ++l) {
      product.b(static_cast<std::size_t>(l), row);
      double sum = 0, size = 0;
#pragma omp simd reduction(+ : sum, size)
      for (std::size_t j = 0; j < n; ++j) {
        sum += row[j] * x[j];
        size += std::abs(row[j] * x[j]);
      }
      bx[static_cast<std::size_t>(l)] = sum;
      bx_size[static_cast<std::size_t>(l)] = size;
    }
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(product.m); ++i) {
      product.a(static_cast<std::size_t>(i), a);
      product.c(static_cast<std::size_t>(i), row);
      double left = 0, left_size = 0, right = 0, size = 0;
#pragma omp simd reduction(+ : left, left_size)
      for (std::size_t j = 0; j < n; ++j) {
        left += row[j] * x[j];
        left_size += std::abs(row[j] * x[j]);
      }
#pragma omp simd reduction(+ : right, size)
      for (std::size_t l = 0; l < k; ++l) {
        right += a[l] * bx[l];
        size += std::abs(a[l]) * bx_size[l];
      }
      const double bound = 4 * (static_cast<double>(k) + 8) * u_accumulator * size + u_output * left_size;
      const double error = std::abs(left - right);
      const double ratio = error == 0 ? 0 : error / bound;
      worst = std::max(worst, std::isfinite(ratio) ? ratio : infinity);  // std::max alone would lose a NaN
    }
  }
  return worst;
}

}  // namespace tandem::kernels
