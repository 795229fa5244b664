// The settings that sparse/hpcg and sparse/hpg_mixed share: what they allow, and the storage that is the fastest here.
#pragma once

#include <optional>

#include "kernels/sparse/grid_settings.hpp"
#include "kernels/sparse/hpcg_solver.hpp"

namespace tandem::kernels {

inline constexpr std::array<const char*, 4> hpcg_formats = {"csr", "sell", "packed", "auto"};
inline constexpr std::array<const char*, 3> hpcg_orders = {"levels", "colours", "auto"};

std::vector<Parameter> hpcg_parameters();

// Refuses values that cannot be; the points that a rank has.
double hpcg_points(const Settings& settings, int ranks);

Block hpcg_block(const Settings& settings, const Ranks& ranks);

// The fastest storage of those that the settings leave open (and of this order), by one iteration's products of this
// precision on a thin block.
template <typename T>
Storage choose_storage(const Settings& settings, const Block& block, const Ranks& ranks,
                       std::optional<Order> order = {});

}  // namespace tandem::kernels
