// r = b - A(theta) theta; every pass solves A' d = r to a fraction of the present residual, adds d and renews A. A' is
// the first A in single precision: silicon changes by some per cent, and passes are an iterative refinement anyway.
#include "pipelines/heat/solver.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

namespace tandem::pipelines {
namespace {
constexpr std::size_t most_passes = 30, most_iterations = 200;

// r = b - y; r.r
template <typename T>
double subtract(std::size_t n, const T* b, const T* y, T* r) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    r[i] = b[i] - y[i];
    sum += r[i] * r[i];
  }
  return static_cast<double>(sum);
}

}  // namespace

void check_converged(double residual, double target, std::size_t passes) {
  check(residual <= target, "heat: residual {:.3g} of {:.3g} after {} passes", residual, target, passes);
}

template <typename T>
BasicHeatSolver<T>::BasicHeatSolver(const HeatMesh& mesh, const HeatTolerance& tolerance)
    : tolerance_(tolerance),
      assembly_(mesh),
      matrix_(assembly_.grid()),
      multigrid_(assembly_.grid(), kernels::Edge::natural, false),
      vectors_(assembly_.grid().size()),
      correction_(assembly_.grid().size()),
      theta_(assembly_.grid().size()),
      load_(assembly_.grid().size()),
      adjoint_(assembly_.grid().size()),
      seeds_(assembly_.grid().size()),
      image_(assembly_.grid().size()),
      residual_(assembly_.grid().size()),
      nodes_(mesh.nodes()),
      adjoint_nodes_(mesh.nodes()),
      along_(mesh.nx * mesh.ny),
      across_(mesh.nx * mesh.ny) {}

template <typename T>
void BasicHeatSolver<T>::scatter(std::span<const double> nodes, T* to) const {
  const kernels::Grid27& grid = assembly_.grid();
  const double* from = nodes.data();
  for (std::size_t k = 0; k < grid.nz; ++k)
    for (std::size_t j = 0; j < grid.ny; ++j, from += grid.nx) {
      T* row = to + grid.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
      for (std::size_t i = 0; i < grid.nx; ++i) row[grid.column(i)] = static_cast<T>(from[i]);
    }
}

template <typename T>
void BasicHeatSolver<T>::gather(const T* from, std::span<double> nodes) const {
  const kernels::Grid27& grid = assembly_.grid();
  double* to = nodes.data();
  for (std::size_t k = 0; k < grid.nz; ++k)
    for (std::size_t j = 0; j < grid.ny; ++j, to += grid.nx) {
      const T* row = from + grid.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
      for (std::size_t m = 0; m < grid.odds(); ++m) {
        to[2 * m] = static_cast<double>(row[m]);
        to[2 * m + 1] = static_cast<double>(row[grid.odd_start() + m]);
      }
      if (grid.nx % 2 != 0) to[grid.nx - 1] = static_cast<double>(row[grid.odds()]);
    }
}

template <typename T>
void BasicHeatSolver<T>::correct(double target, Buffer<T>& x) {
  const std::size_t n = x.size();
  std::transform(residual_.begin(), residual_.end(), vectors_.residual.begin(),
                 [](T r) { return static_cast<float>(r); });
  std::fill(correction_.begin(), correction_.end(), 0.0f);
  const kernels::CgResult result = kernels::conjugate_gradient(
      false, n, correction_.data(), vectors_, target, most_iterations,
      [&](const float* from, float* to) { kernels::apply(multigrid_.matrix(), from, to, false); },
      [&](const float* from, float* to) { multigrid_.apply(from, to); });
  for (std::size_t i = 0; i < n; ++i) x[i] += static_cast<T>(correction_[i]);
  iterations_ += result.iterations;
  ++passes_;
}

template <typename T>
double BasicHeatSolver<T>::renew(const Buffer<T>& right) {
  return std::sqrt(kernels::sum_blocks(false, right.size(), [&](std::size_t begin, std::size_t end) {
    return subtract(end - begin, right.data() + begin, image_.data() + begin, residual_.data() + begin);
  }));
}

template <typename T>
std::span<const double> BasicHeatSolver<T>::solve(std::span<const double> parameters) {
  assembly_.set(parameters);
  assembly_.conduct(static_cast<T>(assembly_.guess()));
  assembly_.assemble(0, matrix_);
  assembly_.load(load_.data());
  multigrid_.set_up(matrix_);
  std::fill(theta_.begin(), theta_.end(), T(0));
  std::fill(image_.begin(), image_.end(), T(0));
  double norm = renew(load_);
  const double target = tolerance_.residual * norm;
  iterations_ = passes_ = 0;
  constexpr bool has_floor = std::is_same_v<T, float>;
  for (double before = 2 * norm; norm > target && passes_ < most_passes && !(has_floor && norm > 0.5 * before);) {
    before = norm;
    correct(std::max(tolerance_.pass * norm, 0.5 * target), theta_);
    assembly_.conduct(theta_.data());
    assembly_.assemble(assembly_.chip_layer(), matrix_);
    kernels::apply(matrix_, theta_.data(), image_.data(), false);
    norm = renew(load_);
  }
  if (!has_floor) check_converged(norm, target, passes_);
  gather(theta_.data(), nodes_);
  return nodes_;
}

// What stands here; gradient.cpp has the rest.
template class BasicHeatSolver<double>;
template class BasicHeatSolver<float>;

}  // namespace tandem::pipelines
