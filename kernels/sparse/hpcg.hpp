// The case sparse/hpcg as a class, so that a test can break its parts and sparse/hpg_mixed can solve in another way.
#pragma once

#include <algorithm>
#include <functional>

#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/hpcg_reference.hpp"
#include "kernels/sparse/hpcg_settings.hpp"

namespace tandem::kernels {

class Hpcg : public Kernel {
 public:
  static constexpr std::size_t reference_iterations = 50;

  Hpcg(const Block& block, const Storage& storage, const KernelContext& context);

  void prepare(Data data) override;  // finds the reference's residual and the iterations that this order needs for it
  void run() override;               // one set
  std::vector<Verdict> verify() override;
  Facts facts() const override;
  Output output() override { return {output_.data(), output_.size(), Output::Type::fp64}; }

  HpcgSolver<double>& solver() { return solver_; }
  const CgResult& result() const { return result_; }
  std::size_t iterations() const { return iterations_; }
  double reference_residual() const { return reference_residual_; }  // scaled, after the reference's iterations

 protected:
  // HPCG accepts a residual that agrees to six digits, and gives up after ten times the reference's iterations.
  static constexpr double accepted = 1 + 1e-6;
  static constexpr std::size_t most_iterations = 10 * reference_iterations;

  // From x = 0 until the residual is <= target, or `most` iterations, with or without the preconditioner.
  virtual CgResult solve(const double* right, double* x, double target, std::size_t most, bool precondition);
  // By this preconditioner m(r, z), z of the precision that `work` has for it.
  template <typename Z, typename M>
  CgResult solve_by(const M& m, const double* right, double* x, CgVectors<double, Z>& work, double target,
                    std::size_t most);
  virtual void set_diagonal(const std::function<double(std::size_t)>& of_row);
  double product_bytes() const;  // of an iteration: the fp64 product and the vectors, without the preconditioner

  // In [-1/2, 1/2), a pure function of the point.
  template <typename T>
  Buffer<T> random_slots(HpcgSolver<T>& solver, std::uint64_t stream);
  template <typename T>
  double norm(const Buffer<T>& slots);
  template <typename T>
  void products(HpcgSolver<T>& solver, std::vector<Verdict>& verdicts);
  template <typename T>
  void symmetry(HpcgSolver<T>& solver, std::vector<Verdict>& verdicts);

  const Ranks& ranks_;
  HpcgSolver<double> solver_;
  CgVectors<double> work_;
  Buffer<double> right_, unknown_, output_;  // slots, slots, rows
  double target_ = 0;                        // of the residual, from the reference
  std::size_t iterations_ = reference_iterations;

 private:
  double exact(std::int64_t point) const;  // of the solution that the right-hand side is made for
  void spectrum(std::vector<Verdict>& verdicts);
  void solution(std::vector<Verdict>& verdicts);

  std::uint64_t seed_;
  Order order_;
  Data data_ = Data::exact;
  double reference_residual_ = 0;
  CgResult result_;
  std::vector<double> scaled_residuals_;  // of each set since prepare
};

template <typename Z, typename M>
CgResult Hpcg::solve_by(const M& m, const double* right, double* x, CgVectors<double, Z>& work, double target,
                        std::size_t most) {
  DistributedMatrix<double>& a = solver_.matrix();
  const std::size_t n = a.slots();
  std::copy_n(right, n, work.residual.data());
  std::fill_n(x, n, 0.0);
  return conjugate_gradient(
      true, n, x, work, target, most, [&](double* p, double* q) { a.multiply(p, q); }, m,
      [&](double sum) { return ranks_.sum(sum); });
}

}  // namespace tandem::kernels
