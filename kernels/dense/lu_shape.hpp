// What the settings of dense/lu mean on a given number of ranks.
#pragma once

#include "harness/base/settings.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/lu_solver.hpp"

namespace tandem::kernels {

// n, nb, p and q as given or chosen; `available`: bytes that each rank may use. Usage errors (exit code 2) say what
// would be right: sizes that make no sense or do not fit, NB > N, P x Q other than the ranks, no grid that is nearly
// square.
LuShape lu_shape(const Settings& settings, int ranks, double available);

}  // namespace tandem::kernels
