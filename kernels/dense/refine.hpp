// Refinement of a solution by factors of few bits, wherever matrix and factors lie: GMRES in fp64 with the factors as
// preconditioner.
#pragma once

#include <cmath>
#include <cstddef>

#include "kernels/dense/gmres.hpp"

namespace tandem::kernels {

struct Refinement {
  std::size_t steps = 0;  // of GMRES
  double before = 0;      // HPL's scaled residual of the factors' own solution,
  double after = 0;       // and when refinement ended
};

inline constexpr std::size_t refine_steps = 30;  // of a cycle, at most
inline constexpr std::size_t refine_cycles = 3;

// x of A x = b with n unknowns, of which x and b may hold a process' part. norm_a: the largest row sum of magnitudes;
// multiply(z, y): y = A z; precondition(v, z): z = (L U)^-1 v; largest(v): the largest magnitude; dot as in gmres().
// dsgesv's end: ||b - A x|| <= sqrt(n) u ||A|| ||x||, all by the largest entry or row sum; GMRES ends by the 2-norm,
// which is not less. Another cycle starts where rounding hid that the end was not reached, unless cycles no longer
// help.
template <typename Operator, typename Preconditioner, typename Largest, typename Product = Dot>
Refinement refine(std::size_t n, double norm_a, const Vector& b, Vector& x, const Operator& multiply,
                  const Preconditioner& precondition, const Largest& largest, const Product& dot = {}) {
  const auto unknowns = static_cast<double>(n);
  const double norm_b = largest(b);
  Vector r(b.size());
  const auto residual = [&] {
    multiply(x, r);
    for (std::size_t i = 0; i < r.size(); ++i) r[i] = b[i] - r[i];
    return largest(r);
  };
  const auto scaled = [&](double value) { return value / (0x1p-53 * (norm_a * largest(x) + norm_b) * unknowns); };
  precondition(b, x);
  double now = residual();
  Refinement refinement;
  refinement.before = refinement.after = scaled(now);
  for (std::size_t cycle = 0; cycle < refine_cycles; ++cycle) {
    const double target = std::sqrt(unknowns) * 0x1p-53 * norm_a * largest(x);
    if (!(now > target)) break;
    refinement.steps += gmres(x, r, target, refine_steps, multiply, precondition, dot).steps;
    const double before = now;
    now = residual();
    refinement.after = scaled(now);
    if (!(now < before / 2)) break;
  }
  return refinement;
}

}  // namespace tandem::kernels
