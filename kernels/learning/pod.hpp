// Proper orthogonal decomposition of snapshots that lie on several ranks: eigenvectors of the Gram matrix of the
// deviations from the mean (method of snapshots, Sirovich 1987), in fp64. No rank ever holds more than its own block
// and one other's. Signs are fixed: the largest entry of a basis vector is positive.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem::kernels {

struct Pod {
  std::size_t modes = 0, values = 0;
  std::vector<float> mean;       // [values]
  std::vector<float> basis;      // [modes, values], orthonormal rows, by falling energy
  std::vector<double> energies;  // eigenvalues over the number of snapshots: variance along each mode
};

// `snapshots`: [own count, values] of this rank; `order`: their places 0..n-1 in the whole set, so that the Gram matrix
// is the same for every distribution. At most `modes` modes. On every rank.
Pod pod(std::span<const float> snapshots, std::span<const std::size_t> order, std::size_t values, std::size_t modes,
        const Ranks& ranks);

// Coefficients [count, modes] of snapshots [count, values] in the basis, less the mean, in fp64.
std::vector<double> pod_coefficients(const Pod& pod, std::span<const float> snapshots);

}  // namespace tandem::kernels
