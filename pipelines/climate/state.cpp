#include "pipelines/climate/state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

constexpr double reach = 8e5;  // m, of an eddy across the jet

// psi at the corners (i, j), j = 0 .. ny, unscaled: [ny + 1, nx].
std::vector<double> stream_function(const kernels::ShallowWaterGrid& grid, std::span<const double> p) {
  const std::size_t nx = grid.nx, ny = grid.ny;
  const double pi = std::numbers::pi, centre = grid.ly / 2 + p[jet_position];
  std::vector<double> psi((ny + 1) * nx), wave(nx);
  for (std::size_t m = 0; m < climate_waves; ++m) {
    const double k = 2 * pi * static_cast<double>(m + 1) / grid.lx;
    for (std::size_t i = 0; i < nx; ++i) wave[i] = std::cos(k * static_cast<double>(i) * grid.dx() + p[wave_phase + m]);
    for (std::size_t j = 0; j <= ny; ++j) {
      const double y = static_cast<double>(j) * grid.dy(), away = (y - centre - p[wave_offset + m]) / reach;
      const double height =
          p[wave_amplitude + m] * std::sin(pi * y / grid.ly) * std::exp(-away * away) / std::hypot(k, 1 / reach);
      for (std::size_t i = 0; i < nx; ++i) psi[j * nx + i] += height * wave[i];
    }
  }
  return psi;
}

void check_domain(std::span<const double> parameters) {
  check_usage(parameters.size() == climate_parameters, "climate: a case of {} parameters, expected {}",
              parameters.size(), static_cast<std::size_t>(climate_parameters));
  for (std::size_t d = 0; d < climate_numbers; ++d) {
    const ClimateRange& range = climate_range(d);
    check_usage(parameters[d] >= range.low && parameters[d] <= range.high,
                "climate: {} = {} {} is outside its domain, [{}, {}]", range.name, parameters[d], range.unit, range.low,
                range.high);
  }
}

}  // namespace

std::vector<double> climate_jet(const kernels::ShallowWaterGrid& grid, double speed, double width, double position) {
  std::vector<double> wind(grid.ny);
  for (std::size_t j = 0; j < grid.ny; ++j) {
    const double bell = 1 / std::cosh(((static_cast<double>(j) + 0.5) * grid.dy() - position) / width);
    wind[j] = speed * bell * bell;
  }
  return wind;
}

// From row to row: g (h_j - h_{j-1}) = -(u_j^2 - u_{j-1}^2) / 2 - dy q (h_j u_j + h_{j-1} u_{j-1}) / 2, a fixed point
// that each pass brings ten times closer; then the mean is taken off, which changes q, and again.
std::vector<double> climate_balance(const kernels::ShallowWaterGrid& grid, const kernels::ShallowWaterPhysics& physics,
                                    std::span<const double> wind) {
  std::vector<double> h(grid.ny, 0.0);
  for (int pass = 0; pass < 5; ++pass) {
    for (std::size_t j = 1; j < grid.ny; ++j) {
      const double u = wind[j], below = wind[j - 1], depth = physics.depth + h[j - 1];
      const double spin = physics.at(static_cast<double>(j) * grid.dy(), grid.ly) - (u - below) / grid.dy();
      double next = h[j - 1];
      for (int inner = 0; inner < 8; ++inner) {
        const double here = physics.depth + next;
        next = h[j - 1] -
               (0.5 * (u * u - below * below) + grid.dy() * spin * (here * u + depth * below) / (here + depth)) /
                   physics.gravity;
      }
      h[j] = next;
    }
    double mean = 0;
    for (const double value : h) mean += value / static_cast<double>(grid.ny);
    for (double& value : h) value -= mean;
  }
  return h;
}

std::vector<float> climate_initial(const kernels::ShallowWaterGrid& grid, std::span<const double> p) {
  check_domain(p);
  const std::size_t nx = grid.nx, ny = grid.ny, cells = grid.cells();
  const auto wind = climate_jet(grid, p[jet_speed], p[jet_width], grid.ly / 2 + p[jet_position]);
  const auto height = climate_balance(grid, climate_physics, wind);
  const auto psi = stream_function(grid, p);
  double square = 0;
  for (std::size_t j = 1; j < ny; ++j)
    for (std::size_t i = 0; i < nx; ++i) {
      const double v = (psi[j * nx + (i + 1) % nx] - psi[j * nx + i]) / grid.dx();
      square += v * v;
    }
  const double scale = square > 0 ? p[eddy_strength] / std::sqrt(square / static_cast<double>(cells)) : 0;
  std::vector<float> state(grid.values());
  const double lift = scale * climate_physics.coriolis / climate_physics.gravity / 4;
  for (std::size_t j = 0; j < ny; ++j)
    for (std::size_t i = 0; i < nx; ++i) {
      const std::size_t east = (i + 1) % nx, at = j * nx + i;
      const double here = psi[at], right = psi[j * nx + east], up = psi[at + nx], both = psi[(j + 1) * nx + east];
      state[at] = static_cast<float>(wind[j] - scale * (up - here) / grid.dy());
      state[cells + at] = j == 0 ? 0.0f : static_cast<float>(scale * (right - here) / grid.dx());
      state[2 * cells + at] = static_cast<float>(height[j] + lift * (here + right + up + both));
    }
  return state;
}

void climate_observe(const kernels::ShallowWaterGrid& grid, double key, std::size_t number, std::span<float> state) {
  const std::uint64_t stream = mix(mix(static_cast<std::uint64_t>(key)) ^ number);
  const std::size_t cells = grid.cells();
  const std::array<double, 3> sizes = {climate_noise, climate_noise, climate_depth_noise};
  for (std::size_t field = 0; field < 3; ++field) {
    // Four uniform 16-bit numbers: mean 131070, variance 4 (2^32 - 1) / 12.
    const auto scale = static_cast<float>(sizes[field] / std::sqrt(4 * 4294967295.0 / 12));
    const std::size_t begin = field == 1 ? grid.nx : 0;
#pragma omp simd
    for (std::size_t i = begin; i < cells; ++i) {
      const std::uint64_t bits = mix(stream ^ (field * cells + i));
      const auto sum =
          static_cast<std::int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
      state[field * cells + i] += scale * static_cast<float>(sum - 131070);
    }
  }
}

}  // namespace tandem::pipelines
