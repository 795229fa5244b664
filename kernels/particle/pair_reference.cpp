#include "kernels/particle/pair_reference.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::kernels {

PairSum pair_sum(std::span<const Site> fixed, std::span<const Site> moving, const Interaction& interaction) {
  PairSum sum;
  sum.forces.resize(moving.size());
  sum.reactions.resize(fixed.size());
  sum.force_terms.resize(moving.size());
  for (std::size_t i = 0; i < moving.size(); ++i)
    for (std::size_t j = 0; j < fixed.size(); ++j) {
      const Site &a = moving[i], &b = fixed[j];
      const double d[3] = {a.x - b.x, a.y - b.y, a.z - b.z};
      const double s = (a.kind.sigma + b.kind.sigma) / 2, eps = std::sqrt(a.kind.epsilon * b.kind.epsilon);
      const double squared = std::max(d[0] * d[0] + d[1] * d[1] + d[2] * d[2], interaction.core * s * s);
      const double r = std::sqrt(squared), x6 = std::pow(s / r, 6);
      const double coulomb = interaction.bjerrum * a.kind.charge * b.kind.charge * std::exp(-interaction.kappa * r) / r;
      sum.energy += 4 * eps * (x6 * x6 - x6) + coulomb;
      sum.energy_terms += 4 * eps * (x6 * x6 + x6) + std::abs(coulomb);
      // -dE/dr / r
      const double repulsion = 48 * eps * x6 * x6, attraction = 24 * eps * x6;
      const double screened = coulomb * (1 + interaction.kappa * r);
      const double force = (repulsion - attraction + screened) / squared;
      for (std::size_t axis = 0; axis < 3; ++axis) {
        sum.forces[i][axis] += force * d[axis];
        sum.reactions[j][axis] -= force * d[axis];
      }
      sum.force_terms[i] += (repulsion + attraction + std::abs(screened)) / r;
    }
  return sum;
}

}  // namespace tandem::kernels
