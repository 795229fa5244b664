// What the settings of dense/lu and dense/lu_mixed mean on a given number of ranks.
#pragma once

#include <functional>

#include "harness/base/settings.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/lu_solver.hpp"

namespace tandem::kernels {

// nb = auto: wide enough for the product to run at speed, narrow enough that panels are a small part of a small matrix.
std::size_t lu_block(const LuShape& shape);

// In what the kernels differ.
struct LuRules {
  std::function<double(const LuShape&)> bytes = lu_bytes;       // that a rank needs
  std::function<std::size_t(const LuShape&)> block = lu_block;  // nb = auto
};

// n, nb, p and q as given or chosen; `available`: bytes that each rank may use. Usage errors (exit code 2) say what
// would be right: sizes that make no sense or do not fit, NB > N, P x Q other than the ranks, no grid that is nearly
// square.
LuShape lu_shape(const Settings& settings, int ranks, double available, const LuRules& rules = {});

// The same on one device: n is the order itself, and the device is asked for memory, not the host.
LuShape device_lu_shape(const Settings& settings, const std::function<std::size_t(const LuShape&)>& block);

// The least over ranks, so that all choose the same order. Collective.
double available_to_each(const Ranks& ranks);

}  // namespace tandem::kernels
