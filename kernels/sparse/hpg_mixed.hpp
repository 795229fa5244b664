// The case sparse/hpg_mixed as a class, so that a test can break its parts.
#pragma once

#include "kernels/sparse/hpcg.hpp"

namespace tandem::kernels {

// sparse/hpcg with another preconditioner: the same matrix, right-hand side, target, product and judgement.
class HpgMixed : public Hpcg {
 public:
  HpgMixed(const Block& block, const Storage& full, const Storage& single, const KernelContext& context);

  void prepare(Data data) override;
  std::vector<Verdict> verify() override;
  Facts facts() const override;

  void solve_plainly();  // sparse/hpcg's set: what the speed-up is over
  HpcgSolver<float>& single() { return single_; }

 protected:
  CgResult solve(const double* right, double* x, double target, std::size_t most, bool precondition) override;
  void set_diagonal(const std::function<double(std::size_t)>& of_row) override;

 private:
  HpcgSolver<float> single_;
  CgVectors<double, float> mixed_;
  std::size_t plain_iterations_ = 0;
  double plain_residual_ = 0;
};

}  // namespace tandem::kernels
