// The field of fixed sites written from its definition, one pair after another in fp64: what PairField is judged by.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "kernels/particle/site.hpp"

namespace tandem::kernels {

using Vector3 = std::array<double, 3>;

struct PairSum {
  double energy = 0;
  std::vector<Vector3> forces;     // on the moving sites
  std::vector<Vector3> reactions;  // on the fixed sites, summed on their own
  // Sums of the terms' magnitudes: rounding errors are measured by them.
  double energy_terms = 0;
  std::vector<double> force_terms;  // of each moving site
};

PairSum pair_sum(std::span<const Site> fixed, std::span<const Site> moving, const Interaction& interaction = {});

}  // namespace tandem::kernels
