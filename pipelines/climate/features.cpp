#include "pipelines/climate/features.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "kernels/dense/onednn.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t columns = 2 * climate_waves;
constexpr float least_power = 1e-6f;  // (m/s)2, below that of the noise

}  // namespace

ClimateSpectra::ClimateSpectra(const kernels::ShallowWaterGrid& grid) : grid_(grid), waves_(grid.nx * columns) {
  check_usage(grid.ny % climate_wind_bands == 0 && grid.nx > 2 * climate_waves,
              "climate: features of {} x {} cells; rows in multiples of {} and more than {} columns are needed",
              grid.nx, grid.ny, climate_wind_bands, 2 * climate_waves);
  for (std::size_t i = 0; i < grid.nx; ++i)
    for (std::size_t m = 0; m < climate_waves; ++m) {
      const double angle = 2 * std::numbers::pi * static_cast<double>((m + 1) * i) / static_cast<double>(grid.nx);
      waves_[i * columns + m] = static_cast<float>(std::cos(angle) / static_cast<double>(grid.nx));
      waves_[i * columns + climate_waves + m] = static_cast<float>(std::sin(angle) / static_cast<double>(grid.nx));
    }
}

double ClimateSpectra::flops() const { return 2 * static_cast<double>(grid_.cells() * columns); }

void ClimateSpectra::apply(std::span<const float> state, std::span<float> features) const {
  std::vector<float> amplitudes(grid_.ny * columns, 0.0f);
  kernels::add_product({grid_.ny, columns, grid_.nx}, state.data() + grid_.cells(), grid_.nx, waves_.data(), columns,
                       amplitudes.data(), columns);
  const std::size_t height = grid_.ny / climate_bands;
  std::array<std::array<float, columns>, climate_bands> means = {};
  for (std::size_t band = 0; band < climate_bands; ++band)
    for (std::size_t m = 0; m < climate_waves; ++m) {
      float power = 0;
      for (std::size_t j = band * height; j < (band + 1) * height; ++j) {
        const float c = amplitudes[j * columns + m], s = amplitudes[j * columns + climate_waves + m];
        power += c * c + s * s;
        means[band][m] += c;
        means[band][climate_waves + m] += s;
      }
      features[band * climate_waves + m] = std::log(power / static_cast<float>(height) + least_power);
    }
  for (std::size_t band = 0; band + 1 < climate_bands; ++band)
    for (std::size_t m = 0; m < climate_waves; ++m) {
      const float c = means[band][m], s = means[band][climate_waves + m];
      const float c_n = means[band + 1][m], s_n = means[band + 1][climate_waves + m];
      features[climate_powers + band * climate_waves + m] =
          (c * s_n - s * c_n) / (std::sqrt((c * c + s * s) * (c_n * c_n + s_n * s_n)) + least_power);
    }
  const std::size_t values = grid_.cells() / climate_wind_bands;
  for (std::size_t band = 0; band < climate_wind_bands; ++band) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t i = 0; i < values; ++i) sum += state[band * values + i];
    features[climate_powers + climate_shifts + band] = sum / static_cast<float>(values);
  }
}

std::span<const float> climate_snapshot(const Case& problem_case, const kernels::ShallowWaterGrid& grid) {
  const auto found = problem_case.snapshot.find("state");
  check(found != problem_case.snapshot.end() && found->second.values.size() == grid.values(),
        "climate: a forecast needs a snapshot of {} values", grid.values());
  return found->second.values;
}

}  // namespace tandem::pipelines
