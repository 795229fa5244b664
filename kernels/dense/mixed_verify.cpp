#include "kernels/dense/mixed_verify.hpp"

#include <algorithm>
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

struct Sum {
  double value = 0, size = 0;
};

// A sum of products and of their magnitudes. `sizes`: of the second factors.
template <typename T>
Sum multiply(const T* row, const double* values, const double* sizes, std::size_t count) {
  double value = 0, size = 0;
#pragma omp simd reduction(+ : value, size)
  for (std::size_t j = 0; j < count; ++j) {
    const auto factor = static_cast<double>(row[j]);
    value += factor * values[j];
    size += std::abs(factor) * sizes[j];
  }
  return {value, size};
}

}  // namespace

double wrong_factors(const MixedSolver& solver, const ExactSystem& system) {
  const std::size_t n = solver.order();
  std::ptrdiff_t wrong = 0;
#pragma omp parallel for schedule(static) reduction(+ : wrong)
  for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n); ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < n; ++j) {
      const double right = system.factor(row, j);
      wrong += static_cast<double>(solver.factors(row)[j]) == (j < row ? -right : right) ? 0 : 1;
    }
  }
  return static_cast<double>(wrong);
}

double factor_error(const MixedSolver& solver, const LinearSystem& system, Element element, std::uint64_t seed) {
  const std::size_t n = solver.order();
  std::vector<double> v(n), v_size(n), uv(n), uv_size(n);
  for (std::size_t j = 0; j < n; ++j) {
    v[j] = random_uniform(seed, 0xfac7, j) - 0.5;
    v_size[j] = std::abs(v[j]);
  }
  const double of_factors = 2 * unit_round_off(element) + 4 * static_cast<double>(n + 8) * 0x1p-24;
  double worst = 0;
#pragma omp parallel reduction(max : worst)
  {
    std::vector<double> a(n);
#pragma omp for schedule(dynamic, 16)
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n); ++i) {
      const auto row = static_cast<std::size_t>(i);
      const Sum u = multiply(solver.factors(row).data() + row, &v[row], &v_size[row], n - row);
      uv[row] = u.value;
      uv_size[row] = u.size;
    }
#pragma omp for schedule(dynamic, 16)
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(n); ++i) {
      const auto row = static_cast<std::size_t>(i);
      system.entries(row, 0, a);
      const Sum left = multiply(a.data(), v.data(), v_size.data(), n);
      const Sum right = multiply(solver.factors(row).data(), uv.data(), uv_size.data(), row);
      const double error = std::abs(left.value - (uv[row] - right.value));
      const double bound = of_factors * (uv_size[row] + right.size) + 0x1p-24 * left.size;
      const double ratio = error == 0 ? 0 : error / bound;
      worst = std::max(worst, std::isfinite(ratio) ? ratio : kInfinity);
    }
  }
  return worst;
}

}  // namespace tandem::kernels
