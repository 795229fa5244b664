// The molecules and the pocket: reduced units, length 3.5 Angstrom, energy k T at room temperature.
// A molecule is a rigid cluster of ten sites: one of four scaffolds, whose sites carry a permutation of one multiset of
// fragments, so that all molecules are isomers: 4 x 10! / (1! 2! 3! 2! 2!) = 302,400.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/particle/site.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t molecule_sites = 10, molecule_scaffolds = 4, molecule_kinds = 5;
inline constexpr std::size_t molecule_permutations = 75600,
                             molecule_isomers = molecule_scaffolds * molecule_permutations;

// Fragments: sigma, epsilon, charge.
inline constexpr std::array<kernels::SiteKind, molecule_kinds> fragments = {
    {{0.7, 0.2, 0}, {1.0, 0.7, 0}, {1.25, 1.1, 0}, {0.9, 0.5, 2}, {0.9, 0.5, -2}}};
inline constexpr std::array<std::size_t, molecule_sites> composition = {0, 1, 1, 2, 2, 2, 3, 3, 4, 4};

struct Molecule {
  std::size_t scaffold = 0;
  std::array<std::size_t, molecule_sites> kinds = {};  // of the sites, in the scaffold's order
};

// The isomer of this number, 0 to 302,399: scaffold times permutations in lexicographic order.
Molecule isomer(std::size_t number);
bool is_isomer(const Molecule& molecule);  // a scaffold of the four, and the composition

// Coordinates of the scaffold's sites, their centroid at the origin.
const std::array<std::array<double, 3>, molecule_sites>& scaffold(std::size_t which);
// Two thirds of the sum of the squared distances from the centroid: the mean of the three moments of inertia.
double inertia(std::size_t which);

// `count` isomers without repetition, a pure function of the seed: the library is shuffled, so any run of it is random.
std::vector<std::size_t> draw_library(std::size_t count, std::uint64_t seed);

// Fixed sites on an irregular cavity with one opening at the top, in `shells` layers (131, 364, 728, 1,252 ... sites).
std::vector<kernels::Site> receptor(std::size_t shells, std::uint64_t seed);

}  // namespace tandem::pipelines
