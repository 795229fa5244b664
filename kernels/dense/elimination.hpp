// LU factorisation without row exchanges of an fp32 matrix in memory, by recursive halves (Toledo 1997): nearly all
// work is in few large products, which may be computed with rounded operands. The multipliers are kept negated, in the
// place of what they eliminated, so that every step is of the kind C += A B. For matrices that need no pivots only.
#pragma once

#include <cstddef>

#include "kernels/dense/rounded_product.hpp"

namespace tandem::kernels {

class Elimination {
 public:
  // `product` for the rows of `matrix`, which are `lead` apart.
  Elimination(float* matrix, std::size_t lead, RoundedProduct& product, int threads)
      : matrix_(matrix), lead_(lead), product_(product), threads_(threads) {}

  // Rows and columns first .. first + size - 1 become -L below the diagonal and U from it on.
  void factor(std::size_t first, std::size_t size);

 private:
  void factor_base(std::size_t first, std::size_t size);
  void solve_right(std::size_t first, std::size_t size, std::size_t column, std::size_t count);
  void solve_right_base(std::size_t first, std::size_t size, std::size_t column, std::size_t count);
  void solve_below(std::size_t first, std::size_t size, std::size_t row, std::size_t count);
  void solve_below_base(std::size_t first, std::size_t size, std::size_t row, std::size_t count);
  void add(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns, std::size_t first,
           std::size_t depth);
  float* at(std::size_t row, std::size_t column) { return matrix_ + row * lead_ + column; }

  float* matrix_;
  std::size_t lead_;
  RoundedProduct& product_;
  int threads_;
};

// Entries of the largest operand of a product in factor(0, n).
std::size_t largest_operand(std::size_t n);

}  // namespace tandem::kernels
