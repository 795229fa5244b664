// The same scheme in fp64, cell by cell as the formulas stand in shallow_water_solver.hpp: what its results are judged
// by.
#pragma once

#include <vector>

#include "kernels/stencil/shallow_water_solver.hpp"

namespace tandem::kernels {

// `steps` steps from this state, [3, ny, nx].
std::vector<double> shallow_water_reference(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics,
                                            std::vector<double> state, double step, std::size_t steps);

}  // namespace tandem::kernels
