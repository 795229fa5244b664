// Means and standard deviations of columns, and all training pairs of all ranks in canonical order.
#pragma once

#include <span>
#include <vector>

#include "pipelines/climate/features.hpp"

namespace tandem::pipelines {

struct ClimateScaling {
  std::vector<float> mean, spread;
  ClimateScaling() = default;
  // Of rows of `columns` values; a column that does not vary has spread 1.
  ClimateScaling(std::span<const float> rows, std::size_t columns);
  void apply(std::span<float> row) const;  // in place, to mean 0 and spread 1
};

// Of these samples on all ranks, by rising index, all pairs: inputs [pairs, climate_features], logs of the curves
// [pairs, climate_horizon]. On every rank.
struct ClimatePairs {
  std::vector<float> inputs, logs;
  std::size_t count() const { return logs.size() / climate_horizon; }
};
ClimatePairs climate_pairs_of(std::span<const Sample* const> mine, const ClimateSpectra& spectra,
                              const kernels::ShallowWaterGrid& grid, const Ranks& ranks);

// Of one sample, appended.
void append_pairs(const Sample& sample, const ClimateSpectra& spectra, const kernels::ShallowWaterGrid& grid,
                  ClimatePairs& pairs);

}  // namespace tandem::pipelines
