// What network and rivals see of a noisy state. Spectra: log power of v in 8 zonal waves and 12 bands of latitude, the
// sine of the phase shift of each wave from band to band (88), the zonal mean of u in 24 bands. A shift along the
// channel changes none of them, as it changes nothing in the physics.
#pragma once

#include <span>
#include <vector>

#include "pipelines/climate/size.hpp"

namespace tandem::pipelines {

inline constexpr std::size_t climate_bands = 12, climate_wind_bands = 24;
inline constexpr std::size_t climate_powers = climate_bands * climate_waves;
inline constexpr std::size_t climate_shifts = (climate_bands - 1) * climate_waves;
inline constexpr std::size_t climate_features = climate_powers + climate_shifts + climate_wind_bands;

class ClimateSpectra {
 public:
  explicit ClimateSpectra(const kernels::ShallowWaterGrid& grid);
  // Of one state [3, ny, nx] to [climate_features]: log power by band and wave, shifts likewise, wind.
  void apply(std::span<const float> state, std::span<float> features) const;
  double flops() const;  // of one state: the product with the Fourier matrix

 private:
  kernels::ShallowWaterGrid grid_;
  std::vector<float> waves_;  // [nx, 2 climate_waves]: cosines, then sines, over nx
};

// The state of each case in turn; an error where one has none.
std::span<const float> climate_snapshot(const Case& problem_case, const kernels::ShallowWaterGrid& grid);
// body(i) for i < count over all threads.
template <typename Body>
void climate_each(std::size_t count, const Body& body) {
  const auto end = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < end; ++i) body(static_cast<std::size_t>(i));
}

}  // namespace tandem::pipelines
