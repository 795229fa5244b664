// Judges LU factors of few bits against the matrix, whose entries are computed again: refinement hides wrong factors.
// Each rank judges its own part; collective, the same result on every rank.
#pragma once

#include "kernels/dense/element.hpp"
#include "kernels/dense/lu_grid.hpp"
#include "kernels/dense/lu_system.hpp"

namespace tandem::kernels {

// This rank's part of the factors in fp32: -L left of the diagonal, U from it on.
struct FactorRows {
  const LuGrid& grid;
  const float* data;
  std::size_t lead;
  const float* operator()(std::size_t i) const { return data + i * lead; }  // local row i
};

// Entries of L and U that are not the known ones.
double wrong_factors(const FactorRows& factors, const ExactSystem& system);

// The largest |A v - L (U v)|_i / bound_i for a random v, passes where <= 1, infinity where a number is not finite;
//   bound = 8 (u sqrt(2 sum_k<i l_ik^2 sum_j>k (u_kj v_j)^2) + sqrt(n + 8) 2^-24 |L| (|U| |v|)) + 2^-24 |A| |v|:
// operands rounded with unit round-off u (2^-8 bf16, 2^-11 fp16, 2^-24 fp32), sums and matrix in fp32. Rounding errors
// are taken as independent and of mean 0, which they exceed at 8 with a chance below n 1e-13 (Higham and Mary, SIAM J.
// Sci. Comput. 41, 2019, theorem 2.4): the bound for the worst of them all would let a lost block of a small matrix
// pass.
double factor_error(const FactorRows& factors, const LinearSystem& system, Element element, std::uint64_t seed);

}  // namespace tandem::kernels
