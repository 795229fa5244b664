// Solves A x = b to fp64 accuracy from LU factors of fewer bits, on a grid of processes: factors in fp32 whose products
// may have operands of 16 bits, then GMRES in fp64 with the factors as preconditioner, until the residual is that of
// LAPACK's dsgesv. Matrices lie block-cyclic; a vector by the rows of the grid, each part on all of a process row.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/marks.hpp"
#include "kernels/dense/grid_elimination.hpp"
#include "kernels/dense/lu_substitute.hpp"
#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/mixed_verify.hpp"
#include "kernels/dense/refine.hpp"

namespace tandem::kernels {

// Bytes that a rank needs.
double mixed_solver_bytes(const LuShape& shape, Element element);

class MixedSolver {
 public:
  MixedSolver(const LuShape& shape, const Ranks& ranks, Element element, int threads, Marks& marks = no_marks());
  virtual ~MixedSolver() = default;
  MixedSolver(const MixedSolver&) = delete;
  MixedSolver& operator=(const MixedSolver&) = delete;

  void load(const LinearSystem& system);  // A and b; forgets factors and x
  void solve();                           // any number of times; collective

  const LuGrid& grid() const { return grid_; }
  std::span<double> x() { return x_; }  // all of it, on every rank
  const Refinement& refinement() const { return refinement_; }
  const RoundedProduct& product() const { return elimination_.product(); }

  FactorRows factors() const { return {grid_, factors_.data(), lead_}; }

 protected:
  virtual void factored(Block) {}  // a seam for tests: the local factors

 private:
  using Vector = std::vector<double>;
  struct Parts {
    int convert, factor, refine;
  };
  void convert();  // A to fp32, and its norm
  Vector refined();
  void multiply(const Vector& from, Vector& to) const;
  void precondition(const Vector& from, Vector& to);  // U^-1 L^-1
  void substitute(Direction direction, Vector& sums);
  void solve_lower(const float* square, std::size_t width, double* x) const;
  void solve_upper(const float* square, std::size_t width, double* x) const;
  double largest_of(const Vector& values) const;  // over all ranks

  LuGrid grid_;
  std::size_t n_, width_, lead_;  // width_: local columns of A
  int threads_;
  Marks& marks_;
  Parts parts_;
  Buffer<double> a_;
  Buffer<float> factors_;
  GridElimination elimination_;
  Vector b_, x_;
  Vector solved_;  // by unknowns: what a substitution has found
  double norm_a_ = 0;
  Refinement refinement_;
};

}  // namespace tandem::kernels
