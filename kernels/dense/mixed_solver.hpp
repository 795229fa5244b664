// Solves A x = b to fp64 accuracy from LU factors of fewer bits: factors in fp32 whose products may have operands of 16
// bits, then GMRES in fp64 with the factors as preconditioner, until the residual is that of LAPACK's dsgesv.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/marks.hpp"
#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/rounded_product.hpp"

namespace tandem::kernels {

// Bytes that n unknowns need.
double mixed_solver_bytes(std::size_t n, Element element);

class MixedSolver {
 public:
  struct Refinement {
    std::size_t steps = 0;  // of GMRES
    double before = 0;      // HPL's scaled residual of the factors' own solution,
    double after = 0;       // and when refinement ended
  };

  MixedSolver(std::size_t n, Element element, int threads, Marks& marks = no_marks());
  virtual ~MixedSolver() = default;
  MixedSolver(const MixedSolver&) = delete;
  MixedSolver& operator=(const MixedSolver&) = delete;

  void load(const LinearSystem& system);  // A and b; forgets factors and x
  void solve();                           // any number of times

  std::size_t order() const { return n_; }
  std::span<double> x() { return x_; }
  const Refinement& refinement() const { return refinement_; }
  const RoundedProduct& product() const { return product_; }

  // Row i of the factors: -L left of the diagonal, U from it on.
  std::span<const float> factors(std::size_t i) const { return {factors_.data() + i * lead_, n_}; }

 protected:
  virtual void factored(float*, std::size_t) {}  // a seam for tests: the factors and their lead

 private:
  struct Parts {
    int convert, factor, refine;
  };
  void convert();  // A to fp32, and its norm
  void refine();
  void residual(std::vector<double>& r) const;  // b - A x
  void multiply(const std::vector<double>& from, std::vector<double>& to) const;
  void precondition(const std::vector<double>& from, std::vector<double>& to) const;  // U^-1 L^-1
  double scaled(double residual) const;

  std::size_t n_, lead_;
  int threads_;
  Marks& marks_;
  Parts parts_;
  Buffer<double> a_;
  Buffer<float> factors_;
  RoundedProduct product_;
  std::vector<double> b_, x_;
  double norm_a_ = 0, norm_b_ = 0;
  Refinement refinement_;
};

}  // namespace tandem::kernels
