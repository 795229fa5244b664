// Sizes of the climate pipeline and the layout of its cases, samples and outputs.
// Case::parameters: the 28 numbers of climate_domain, then the key of the observation noise. Case::snapshot "state":
// the noisy state [3, ny, nx] of kernels/stencil/shallow_water_solver.hpp; training cases have none.
// Sample: "fields" [8, 3, ny, nx], noisy states at 0, 6, ... 42 h; "curve" [23], s at 6, 12, ... 138 h; pair p maps
// fields[p] to curve[p .. p + 15]. "outputs" [18]: s at 6 ... 96 h, then what the run did to mass and energy.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "harness/pipeline/content.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "kernels/stencil/shallow_water_solver.hpp"

namespace tandem::pipelines {

inline constexpr double climate_lx = 2e7, climate_ly = 8e6;  // m
inline constexpr double climate_interval = 21600;            // s between two points of a curve
inline constexpr std::size_t climate_horizon = 16;           // points of a forecast: four days
inline constexpr std::size_t climate_pairs = 8;              // snapshots of a training run, an interval apart
inline constexpr std::size_t climate_points = climate_pairs - 1 + climate_horizon;
inline constexpr std::size_t climate_outputs = climate_horizon + 2;  // relative change of mass and of energy
inline constexpr std::size_t climate_waves = 8;                      // of the initial perturbation and of the features
inline constexpr double climate_broken = 5;                          // m/s: a jet breaks when s exceeds it
inline constexpr double climate_noise = 0.05;                        // m/s, of the observed u and v
inline constexpr double climate_depth_noise = 0.2;                   // m, of the observed h

inline constexpr kernels::ShallowWaterPhysics climate_physics = {9.80616, 3000, 1e-4, 1.6e-11, 1.5e5};

struct ClimateRange {
  std::string_view name, unit;
  double low, high;
};

// Uniform unless said. a_m: Rayleigh, drawn from a uniform number; A logarithmic, the rms of the eddies' v.
enum ClimateParameter : std::size_t {
  jet_speed,
  jet_width,
  jet_position,
  eddy_strength,
  wave_amplitude,
  wave_phase = wave_amplitude + climate_waves,
  wave_offset = wave_phase + climate_waves,
  climate_numbers = wave_offset + climate_waves,
  noise_key = climate_numbers,
  climate_parameters
};
inline constexpr std::array<ClimateRange, 7> climate_domain = {{
    {"U0", "m/s", 60, 120},
    {"W", "m", 4e5, 8.5e5},
    {"y0 - Ly/2", "m", -3e5, 3e5},
    {"A", "m/s", 0.05, 2},
    {"a_m", "1", 0, 10},
    {"phi_m", "rad", 0, 6.2831853071795865},
    {"d_m", "m", -5e5, 5e5},
}};
inline const ClimateRange& climate_range(std::size_t parameter) {
  return climate_domain[parameter < wave_amplitude ? parameter : 4 + (parameter - wave_amplitude) / climate_waves];
}

// How the simulation-only arm computes: its grid, the zonal waves that it keeps of a noisy snapshot, and its viscosity,
// less than the truth's where the grid itself damps.
struct ClimateCoarse {
  std::size_t nx = 0, ny = 0, waves = 0;
  double viscosity = climate_physics.viscosity;
  kernels::ShallowWaterPhysics physics() const {
    kernels::ShallowWaterPhysics result = climate_physics;
    result.viscosity = viscosity;
    return result;
  }
};

// Simulations after each round of a growing design: docs/pipelines/climate.md.
inline constexpr std::array<std::size_t, 9> climate_rounds = {128, 192, 256, 384, 512, 640, 768, 896, 1024};

struct ClimateSize {
  std::string_view name;
  std::size_t nx = 0, ny = 0;  // ny a multiple of 24
  ClimateCoarse coarse;        // found by the search of docs/pipelines/climate.md
  double target = 0;           // e*, relative L2 error of the curve
  Schedule schedule;
  std::size_t questions = 80, members = 250;  // a question is a block of members
  std::size_t width = 128;                    // of the hidden layers
  bool frozen = false;

  kernels::ShallowWaterGrid grid() const { return {nx, ny, climate_lx, climate_ly}; }
  kernels::ShallowWaterGrid coarse_grid() const { return {coarse.nx, coarse.ny, climate_lx, climate_ly}; }
};

inline constexpr std::array<ClimateSize, 3> climate_sizes = {{
    {"S", 64, 48, {32, 30, 10, 6e4}, 0.60, {1024, 512, 4000, 128}, 80, 250, 128, true},
    {"M", 128, 96, {32, 30, 10, 4e4}, 0.60, {1024, 512, 4000, 128}, 80, 1250},
    {"L", 512, 384, {64, 48, 10}, 0.60, {4096, 512, 16000, 256}, 4000, 250},
}};

inline const ClimateSize& climate_size(std::string_view name) {
  check_usage(name != "XL",
              "climate: size=XL (2048 x 1536 cells) needs one run shared out over ranks, which is not built");
  return size_named(climate_sizes, name, "climate");
}

}  // namespace tandem::pipelines
