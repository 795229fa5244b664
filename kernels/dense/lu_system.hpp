// The systems A x = b that dense/lu and dense/lu_mixed solve. Every entry is a pure function of (seed, row, column), so
// that each rank fills and checks its own part and nobody stores a copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tandem::kernels {

class LinearSystem {
 public:
  virtual ~LinearSystem() = default;
  virtual std::size_t order() const = 0;
  // Row `row` of [A | b] from column `column` on; column order() is b. Called by several threads at once.
  virtual void entries(std::size_t row, std::size_t column, std::span<double> values) const = 0;
};

// Uniform in [-1/2, 1/2), as HPL's.
class RandomSystem final : public LinearSystem {
 public:
  RandomSystem(std::size_t n, std::uint64_t seed) : n_(n), seed_(seed) {}
  std::size_t order() const override { return n_; }
  void entries(std::size_t row, std::size_t column, std::span<double> values) const override;

 private:
  std::size_t n_;
  std::uint64_t seed_;
};

// Uniform in [-1/2, 1/2) but for the diagonal: a matrix that can be factored stably without pivoting.
// scaled:   a_ii = sqrt(n). Off the diagonal A has a symmetric part of 2-norm about sqrt(n / 6), so that of A is
// positive
//           definite for n beyond a few, and elimination without pivoting is stable (Higham 2002, section 10.4). Row i
//           is far from diagonally dominant: the others sum up to n / 4 in magnitude.
// dominant: a_ii = the sum of the magnitudes of the others in its row.
class DiagonalSystem final : public LinearSystem {
 public:
  enum class Kind { scaled, dominant };
  DiagonalSystem(std::size_t n, std::uint64_t seed, Kind kind);
  std::size_t order() const override { return diagonal_.size(); }
  void entries(std::size_t row, std::size_t column, std::span<double> values) const override;

 private:
  RandomSystem others_;
  std::vector<double> diagonal_;
};

// A = P^T L U with known factors, on which elimination with partial pivoting is exact in fp64 in any order of the sums:
//   l_ik = alpha_i beta_k = +-1/2 (k < i), l_ii = 1;  u_kj = gamma_k delta_j = +-1 (k < j), |u_kk| = 1 or 2.
// Every multiplier but the pivot's is +-1/2, so the pivots are unique. x is of integers +-1 .. +-8. With prefix sums an
// entry of A and of b = A x costs O(1):
//   (L U)_ij = alpha_i delta_j S(min(i, j)) + {i < j: gamma_i delta_j, i = j: u_ii, i > j: alpha_i beta_j u_jj},
//   S(m) = sum_{k<m} beta_k gamma_k.
class ExactSystem final : public LinearSystem {
 public:
  enum class Rows { shuffled, in_order };  // in_order: P = 1, no pivoting is needed
  ExactSystem(std::size_t n, std::uint64_t seed, Rows rows = Rows::shuffled);
  std::size_t order() const override { return x_.size(); }
  void entries(std::size_t row, std::size_t column, std::span<double> values) const override;

  const std::vector<double>& x() const { return x_; }
  const std::vector<std::size_t>& pivots() const { return pivots_; }  // row that step k swaps with row k
  double factor(std::size_t i, std::size_t j) const;                  // l_ij below the diagonal, u_ij from it on

 private:
  void draw_factors(std::uint64_t seed);
  void multiply();  // b
  void shuffle(std::size_t count, std::uint64_t seed);

  std::vector<double> alpha_, beta_, gamma_, delta_, diagonal_;
  std::vector<double> prefix_;           // S(0 .. n)
  std::vector<double> x_, b_;            // b in the order of L's rows
  std::vector<std::size_t> factor_row_;  // of a row of A: its row in L
  std::vector<std::size_t> pivots_;
};

}  // namespace tandem::kernels
