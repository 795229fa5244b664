// HPCG's problem, rules and tests of validity, for a solver on any device: what must be solved, how far, and whether it
// was. It knows the definition (hpcg_reference.hpp) and not the matrix that a solver stores; the solver shows itself as
// functions on this rank's rows in natural order, in the host's memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/block.hpp"

namespace tandem::kernels {

inline constexpr std::size_t hpcg_levels = 4;

// HPCG's operation count of one set of `iterations`, for these rows and nonzeros a level (the whole grid or a rank's
// part).
double hpcg_flops(std::span<const double> rows, std::span<const double> nonzeros, double iterations);

// A preconditioned solver as it is judged. Collective, as all of a judge.
struct HpcgParts {
  std::string precision;  // "" fp64; ", fp32" of a multigrid in single precision
  double epsilon = 0x1p-52;
  std::function<void(std::size_t level, const double* x, double* y)> multiply;  // y = A x
  std::function<void(const double* r, double* z)> precondition;                 // z = M r
};

class HpcgJudge {
 public:
  static constexpr std::size_t reference_iterations = 50;
  // HPCG accepts a residual that agrees to six digits, and gives up after ten times the reference's iterations.
  static constexpr double accepted = 1 + 1e-6;
  static constexpr std::size_t most_iterations = 10 * reference_iterations;

  HpcgJudge(const Ranks& ranks, const Block& block, std::uint64_t seed);

  // Draws the right-hand side; the residual that the reference's iterations in the natural order leave of it becomes
  // the target.
  void prepare(Data data);
  const Buffer<double>& right() const { return right_; }
  double target() const { return target_; }                          // of a solver's residual, absolute
  double reference_residual() const { return reference_residual_; }  // scaled by the right-hand side's norm
  const Block& block(std::size_t level) const { return blocks_[level]; }

  // After each run since prepare(): the residual over the first.
  void add_set(double scaled_residual) { scaled_residuals_.push_back(scaled_residual); }
  double last_residual() const { return scaled_residuals_.empty() ? 0.0 : scaled_residuals_.back(); }

  // Residual and error of the last run's result, and the residuals of all runs.
  void judge_result(const Buffer<double>& rows, std::vector<Verdict>& verdicts) const;
  // Products on all levels, exactly; symmetry of matrix and preconditioner.
  void judge_parts(const HpcgParts& parts, std::vector<Verdict>& verdicts) const;
  // What a solver with the preconditioner `single` has beside the one in fp64: its parts, how far the two differ, and
  // that the fp64 solve which it is compared with reached the target.
  void judge_single(const HpcgParts& full, const HpcgParts& single, double residual_of_full,
                    std::vector<Verdict>& verdicts) const;
  // HPCG's spectral test. solve: iterations from zero until the residual is <= target, at most `most`, with or without
  // the preconditioner. set_diagonal: the finest level's diagonal, a value for each row.
  void judge_spectrum(
      const std::function<std::size_t(const double* right, double target, std::size_t most, bool precondition)>& solve,
      const std::function<void(const std::function<double(std::size_t row)>&)>& set_diagonal,
      std::vector<Verdict>& verdicts) const;

  // Operations of 50 iterations by HPCG's count, of this rank, where a set takes `iterations`.
  double flops(std::size_t iterations) const;

 private:
  double exact(std::int64_t point) const;  // of the solution that the right-hand side is made for
  double inner(const Buffer<double>& x, const Buffer<double>& y) const;
  double norm(const Buffer<double>& rows) const;
  Buffer<double> random_rows(std::uint64_t stream) const;  // in [-1/2, 1/2), each of them a value of fp32

  const Ranks& ranks_;
  std::vector<Block> blocks_;  // a level each
  std::uint64_t seed_;
  Data data_ = Data::exact;
  Buffer<double> right_;
  double target_ = 0, reference_residual_ = 0;
  std::vector<double> scaled_residuals_;
};

}  // namespace tandem::kernels
