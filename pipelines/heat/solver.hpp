// One thread's solver of the module on one mesh: inexact Picard passes on k(theta), their residuals in double
// precision, each corrected by a few iterations of single-precision conjugate gradients with multigrid; and the
// discrete adjoint. Or all of it in single precision (T = float): then the residual has a floor far above the truth's
// tolerance, passes end where they no longer halve it, and the invariant of what they leave is for others to judge.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "kernels/sparse/conjugate_gradient.hpp"
#include "kernels/sparse/multigrid.hpp"
#include "pipelines/heat/assembly.hpp"

namespace tandem::pipelines {

// Throws where it is not: of a case that has no solution.
void check_converged(double residual, double target, std::size_t passes);

template <typename T>
class BasicHeatSolver {
 public:
  BasicHeatSolver(const HeatMesh& mesh, const HeatTolerance& tolerance);

  // Nodal theta of a case, layout of size.hpp; valid until the next call.
  std::span<const double> solve(std::span<const double> parameters);
  // d objective / d parameters for seeds d objective / d theta at the last solution. In double precision only.
  std::array<double, 12> gradient(std::span<const double> seeds);

  std::size_t iterations() const { return iterations_; }  // of conjugate gradients in the last call
  std::size_t passes() const { return passes_; }

 private:
  // Adds to x an approximate solution of A d = residual_, whose residual is at most `target`.
  void correct(double target, Buffer<T>& x);
  double renew(const Buffer<T>& right);  // residual_ = right - image_, its norm
  void scatter(std::span<const double> nodes, T* to) const;
  void gather(const T* from, std::span<double> nodes) const;
  void element_products(std::size_t layer);  // theta and adjoint, into along_ and across_
  void feedback(T* to);                      // adds (dA/dk dk/dtheta theta)^T adjoint
  std::array<double, 12> contract();

  HeatTolerance tolerance_;
  BasicHeatAssembly<T> assembly_;
  kernels::Stencil27<T> matrix_;
  kernels::Multigrid<float> multigrid_;
  kernels::CgVectors<float> vectors_;
  Buffer<float> correction_;
  Buffer<T> theta_, load_, adjoint_, seeds_, image_, residual_;
  std::vector<double> nodes_, adjoint_nodes_, along_, across_;
  std::size_t iterations_ = 0, passes_ = 0;
};
using HeatSolver = BasicHeatSolver<double>;

}  // namespace tandem::pipelines
