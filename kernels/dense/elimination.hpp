// LU factorisation without row exchanges of an fp32 matrix in memory, by recursive halves (Toledo 1997): nearly all
// work is in few large products, which may be computed with rounded operands. The multipliers are kept negated, in the
// place of what they eliminated, so that every step is of the kind C += A B. For matrices that need no pivots only.
#pragma once

#include <cstddef>

#include "kernels/dense/rounded_product.hpp"

namespace tandem::kernels {

class Elimination {
 public:
  Elimination(RoundedProduct& product, int threads) : product_(product), threads_(threads) {}

  // A square becomes -L below the diagonal and U from it on.
  void factor(Block a, std::size_t size);
  // With such a square: U12 = L11^-1 A12 for `count` columns in the place of A12,
  void solve_right(Block square, std::size_t size, Block b, std::size_t count);
  // and -L21 = -A21 U11^-1 for `count` rows in the place of A21.
  void solve_below(Block square, std::size_t size, Block b, std::size_t count);

 private:
  void solve_right_base(Block square, std::size_t size, Block b, std::size_t count);
  void solve_below_base(Block square, std::size_t size, Block b, std::size_t count);

  RoundedProduct& product_;
  int threads_;
};

// Entries of the largest operand of a product where a square is factored, and `count` rows or columns solved for.
std::size_t largest_operand(std::size_t size, std::size_t count = 0);

}  // namespace tandem::kernels
