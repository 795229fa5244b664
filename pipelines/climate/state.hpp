// Initial states of the climate pipeline and what is observed of a state.
#pragma once

#include <span>
#include <vector>

#include "pipelines/climate/size.hpp"

namespace tandem::pipelines {

// U0 sech^2((y - y0) / W) at the rows' centres.
std::vector<double> climate_jet(const kernels::ShallowWaterGrid& grid, double speed, double width, double position);
// h' at the rows' centres with zero mean that holds this zonal wind in the discrete balance of Coriolis force and
// pressure, so that v stays 0.
std::vector<double> climate_balance(const kernels::ShallowWaterGrid& grid, const kernels::ShallowWaterPhysics& physics,
                                    std::span<const double> wind);
// The state of these parameters at t = 0, without noise: the balanced jet and eddies psi = sin(pi y / Ly) sum_m a_m
// cos(2 pi m x / Lx + phi_m) exp(-((y - y0 - d_m) / 800 km)^2) / sqrt(k_m^2 + (800 km)^-2), scaled so that the rms of v
// is A, with h' = f0 psi / g. Refuses parameters outside their domain.
std::vector<float> climate_initial(const kernels::ShallowWaterGrid& grid, std::span<const double> parameters);
// Adds the observation noise of snapshot `number` with this key; value i is a pure function of (key, number, i). White:
// each a sum of four uniform numbers, the wall's v excepted.
void climate_observe(const kernels::ShallowWaterGrid& grid, double key, std::size_t number, std::span<float> state);

}  // namespace tandem::pipelines
