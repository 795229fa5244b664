// The case sparse/hpcg as a class, so that a test can break its parts and sparse/hpg_mixed can solve in another way.
#pragma once

#include <algorithm>
#include <functional>
#include <limits>

#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/hpcg_judge.hpp"
#include "kernels/sparse/hpcg_reference.hpp"
#include "kernels/sparse/hpcg_settings.hpp"

namespace tandem::kernels {

class Hpcg : public Kernel {
 public:
  static constexpr std::size_t reference_iterations = HpcgJudge::reference_iterations;

  Hpcg(const Block& block, const Storage& storage, const KernelContext& context);

  void prepare(Data data) override;  // finds the reference's residual and the iterations that this order needs for it
  void run() override;               // one set
  std::vector<Verdict> verify() override;
  Facts facts() const override;
  Output output() override { return {output_.data(), output_.size(), Output::Type::fp64}; }

  HpcgSolver<double>& solver() { return solver_; }
  const CgResult& result() const { return result_; }
  std::size_t iterations() const { return iterations_; }
  double reference_residual() const { return judge_.reference_residual(); }

 protected:
  // From x = 0 until the residual is <= target, or `most` iterations, with or without the preconditioner. Slots.
  virtual CgResult solve(const double* right, double* x, double target, std::size_t most, bool precondition);
  // By this preconditioner m(r, z), z of the precision that `work` has for it.
  template <typename Z, typename M>
  CgResult solve_by(const M& m, const double* right, double* x, CgVectors<double, Z>& work, double target,
                    std::size_t most);
  virtual void set_diagonal(const std::function<double(std::size_t)>& of_row);
  double product_bytes() const;  // of an iteration: the fp64 product and the vectors, without the preconditioner

  // z = M r by this solver, of rows.
  template <typename T>
  static void precondition_rows(HpcgSolver<T>& solver, const double* r, double* z);
  template <typename T>
  static HpcgParts parts_of(HpcgSolver<T>& solver);

  const Ranks& ranks_;
  HpcgJudge judge_;
  HpcgSolver<double> solver_;
  CgVectors<double> work_;
  Buffer<double> right_, unknown_, output_;  // slots, slots, rows
  std::size_t iterations_ = reference_iterations;

 private:
  Order order_;
  CgResult result_;
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

template <typename T>
void Hpcg::precondition_rows(HpcgSolver<T>& solver, const double* r, double* z) {
  DistributedMatrix<T>& a = solver.matrix();
  Buffer<T> right(a.size()), unknown(a.size());
  a.to_slots(r, right.data());
  solver.precondition(right.data(), unknown.data());
  a.to_rows(unknown.data(), z);
}

template <typename T>
HpcgParts Hpcg::parts_of(HpcgSolver<T>& solver) {
  HpcgParts parts;
  if (sizeof(T) == sizeof(float)) parts.precision = ", fp32";
  parts.epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
  parts.multiply = [&solver](std::size_t level, const double* x, double* y) {
    DistributedMatrix<T>& a = solver.matrix(level);
    Buffer<T> from(a.size()), to(a.size());
    a.to_slots(x, from.data());
    a.multiply(from.data(), to.data());
    a.to_rows(to.data(), y);
  };
  parts.precondition = [&solver](const double* r, double* z) { precondition_rows(solver, r, z); };
  return parts;
}

}  // namespace tandem::kernels
