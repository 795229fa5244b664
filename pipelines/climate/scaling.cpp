#include "pipelines/climate/scaling.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::pipelines {

ClimateScaling::ClimateScaling(std::span<const float> rows, std::size_t columns) : mean(columns), spread(columns) {
  const std::size_t count = rows.size() / columns;
  check(count > 1, "climate: {} rows are too few to scale by", count);
  for (std::size_t c = 0; c < columns; ++c) {
    double sum = 0, square = 0;
    for (std::size_t r = 0; r < count; ++r) sum += static_cast<double>(rows[r * columns + c]);
    const double middle = sum / static_cast<double>(count);
    for (std::size_t r = 0; r < count; ++r) square += std::pow(static_cast<double>(rows[r * columns + c]) - middle, 2);
    const double deviation = std::sqrt(square / static_cast<double>(count));
    mean[c] = static_cast<float>(middle);
    spread[c] = deviation > 1e-6 ? static_cast<float>(deviation) : 1.0f;
  }
}

void ClimateScaling::apply(std::span<float> row) const {
  for (std::size_t c = 0; c < row.size(); ++c) row[c] = (row[c] - mean[c]) / spread[c];
}

void append_pairs(const Sample& sample, const ClimateSpectra& spectra, const kernels::ShallowWaterGrid& grid,
                  ClimatePairs& pairs) {
  const std::vector<float>& fields = sample.arrays.at("fields").values;
  const std::vector<float>& curve = sample.arrays.at("curve").values;
  check(fields.size() == climate_pairs * grid.values() && curve.size() == climate_points,
        "climate: a sample of {} and {} values, expected {} and {}", fields.size(), curve.size(),
        climate_pairs * grid.values(), climate_points);
  for (std::size_t p = 0; p < climate_pairs; ++p) {
    pairs.inputs.resize(pairs.inputs.size() + climate_features);
    spectra.apply(std::span(fields).subspan(p * grid.values(), grid.values()),
                  std::span(pairs.inputs).last(climate_features));
    for (std::size_t k = 0; k < climate_horizon; ++k) pairs.logs.push_back(std::log(std::max(curve[p + k], 1e-6f)));
  }
}

ClimatePairs climate_pairs_of(std::span<const Sample* const> mine, const ClimateSpectra& spectra,
                              const kernels::ShallowWaterGrid& grid, const Ranks& ranks) {
  constexpr std::size_t width = 1 + climate_pairs * (climate_features + climate_horizon);
  std::vector<ClimatePairs> own(mine.size());
  climate_each(mine.size(), [&](std::size_t i) { append_pairs(*mine[i], spectra, grid, own[i]); });
  std::vector<double> packed;
  for (std::size_t i = 0; i < mine.size(); ++i) {
    packed.push_back(static_cast<double>(mine[i]->index));
    packed.insert(packed.end(), own[i].inputs.begin(), own[i].inputs.end());
    packed.insert(packed.end(), own[i].logs.begin(), own[i].logs.end());
  }
  const GatheredRows all = gathered_rows(packed, width, ranks);
  ClimatePairs pairs;
  const auto to_float = [](double value) { return static_cast<float>(value); };
  for (const double* row : all.rows) {
    const double *inputs = row + 1, *logs = inputs + climate_pairs * climate_features, *end = row + width;
    std::transform(inputs, logs, std::back_inserter(pairs.inputs), to_float);
    std::transform(logs, end, std::back_inserter(pairs.logs), to_float);
  }
  return pairs;
}

}  // namespace tandem::pipelines
