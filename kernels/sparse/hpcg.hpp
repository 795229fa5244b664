// The case sparse/hpcg as a class, so that a test can break its parts.
#pragma once

#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/conjugate_gradient.hpp"
#include "kernels/sparse/hpcg_reference.hpp"
#include "kernels/sparse/hpcg_solver.hpp"

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

  HpcgSolver& solver() { return solver_; }
  const CgResult& result() const { return result_; }
  std::size_t iterations() const { return iterations_; }
  double reference_residual() const { return reference_residual_; }  // scaled, after the reference's iterations

 private:
  CgResult solve(const double* right, double* x, CgVectors<double>& work, double target, std::size_t most,
                 bool precondition);
  double exact(std::int64_t point) const;  // of the solution that the right-hand side is made for
  // In [least, least + 1), a pure function of the point.
  Buffer<double> random_slots(std::uint64_t stream, std::size_t level, double least);
  double norm(const double* slots);
  void products(std::vector<Verdict>& verdicts);
  void symmetry(std::vector<Verdict>& verdicts);
  void spectrum(std::vector<Verdict>& verdicts);
  void solution(std::vector<Verdict>& verdicts);

  const Ranks& ranks_;
  std::uint64_t seed_;
  Storage storage_;
  HpcgSolver solver_;
  Data data_ = Data::exact;
  CgVectors<double> work_;
  Buffer<double> right_, unknown_, output_;  // slots, slots, rows
  std::size_t iterations_ = reference_iterations;
  double reference_residual_ = 0;
  CgResult result_;
  std::vector<double> scaled_residuals_;  // of each set since prepare
};

}  // namespace tandem::kernels
