// The scheme of boltzmann_solver.hpp as it is written down, in fp64: collide each population, then push it to where it
// goes. Judges the fast one.
#pragma once

#include <span>

#include "kernels/lattice/boltzmann_solver.hpp"

namespace tandem::kernels {

// From equilibrium at `start` through `steps` steps in a duct; what Lattice::observe() shows, [r, u, v] of each cell.
std::vector<double> lattice_reference(std::size_t nx, std::size_t ny, const LatticePhysics& physics,
                                      std::span<const float> inlet, std::span<const float> solid,
                                      const LatticeFields& start, std::size_t steps);

}  // namespace tandem::kernels
