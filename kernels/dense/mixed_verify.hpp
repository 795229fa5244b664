// Judges LU factors of few bits against the matrix, whose entries are computed again: refinement hides wrong factors.
// Each rank judges its own part; collective, the same result on every rank.
#pragma once

#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/mixed_solver.hpp"

namespace tandem::kernels {

// Entries of L and U that are not the known ones.
double wrong_factors(const MixedSolver& solver, const ExactSystem& system);

// The largest |A v - L (U v)|_i / bound_i for a random v, passes where <= 1, infinity where a number is not finite;
//   bound = (2 u + 4 (n + 8) 2^-24) |L| (|U| |v|) + 2^-24 |A| |v|:
// operands rounded with unit round-off u (2^-8 bf16, 2^-11 fp16, 2^-24 fp32), sums and matrix in fp32.
double factor_error(const MixedSolver& solver, const LinearSystem& system, Element element, std::uint64_t seed);

}  // namespace tandem::kernels
