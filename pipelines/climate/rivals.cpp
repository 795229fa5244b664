#include "pipelines/climate/rivals.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/image.hpp"
#include "pipelines/climate/ridge.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::uint64_t image_mark = 0x31564952494c4354;  // "TCLIRIV1"
constexpr std::size_t modes = 40, basis_runs = 256;
constexpr double interval_days = climate_interval / 86400;

// One state at a time, threads over cases.
class ClimateRule : public Model {
 public:
  ClimateRule(const kernels::ShallowWaterGrid& grid, ClimateFit fit)
      : grid_(grid), spectra_(grid), fit_(std::move(fit)) {}
  Fields predict(std::span<const Case> cases) const override {
    Fields fields(cases.size(), climate_outputs);
    for (const Case& one : cases) climate_snapshot(one, grid_);  // throws here rather than in the parallel loop
    climate_each(cases.size(), [&](std::size_t i) {
      fit_.curve(spectra_, climate_snapshot(cases[i], grid_), fields.row(i).first(climate_horizon));
    });
    return fields;
  }

 private:
  kernels::ShallowWaterGrid grid_;
  ClimateSpectra spectra_;
  ClimateFit fit_;
};

std::vector<double> to_double(std::span<const float> values) { return {values.begin(), values.end()}; }

// sum_j inputs_j weights[j, k], the last function 1.
float regressed(std::span<const double> weights, std::span<const float> inputs, std::size_t k) {
  double sum = weights[inputs.size() * climate_horizon + k];
  for (std::size_t j = 0; j < inputs.size(); ++j)
    sum += weights[j * climate_horizon + k] * static_cast<double>(inputs[j]);
  return static_cast<float>(sum);
}

std::size_t nearest(std::span<const float> all, std::span<const float> one) {
  std::size_t best = 0;
  float least = std::numeric_limits<float>::infinity();
  for (std::size_t row = 0; row < all.size() / one.size(); ++row) {
    const float* from = all.data() + row * one.size();
    float distance = 0;
#pragma omp simd reduction(+ : distance)
    for (std::size_t c = 0; c < one.size(); ++c) distance += (from[c] - one[c]) * (from[c] - one[c]);
    if (distance < least) least = distance, best = row;
  }
  return best;
}

// Rate (1/day) = w0 + w1 shear by least squares of log s(t) - log s(0) over what has not broken; w2: geometric mean of
// what has, where growth ends.
std::vector<double> fit_growth(const ClimatePairs& pairs) {
  double aa = 0, ab = 0, bb = 0, ya = 0, yb = 0, broken = 0, count = 0;
  for (std::size_t i = 0; i < pairs.count(); ++i) {
    const auto features = std::span(pairs.inputs).subspan(i * climate_features, climate_features);
    const double now = std::log(climate_present_strength(features)), shear = climate_shear(features);
    for (std::size_t k = 0; k < climate_horizon; ++k) {
      const auto log = static_cast<double>(pairs.logs[i * climate_horizon + k]);
      if (log > std::log(climate_broken)) {
        broken += log;
        ++count;
        continue;
      }
      const double t = interval_days * static_cast<double>(k + 1), a = t, b = t * shear, y = log - now;
      aa += a * a, ab += a * b, bb += b * b, ya += y * a, yb += y * b;
    }
  }
  const double determinant = aa * bb - ab * ab, most = count > 0 ? std::exp(broken / count) : 2 * climate_broken;
  if (!(determinant > 0)) return {0, 0, most};
  return {(ya * bb - yb * ab) / determinant, (yb * aa - ya * ab) / determinant, most};
}

void grow(std::span<const double> w, std::span<const float> features, std::span<float> curve) {
  const double now = climate_present_strength(features), rate = w[0] + w[1] * climate_shear(features);
  for (std::size_t k = 0; k < curve.size(); ++k)
    curve[k] = static_cast<float>(
        std::min(std::max(now, w[2]), now * std::exp(rate * interval_days * static_cast<double>(k + 1))));
}

std::vector<float> project(const kernels::Pod& pod, std::span<const float> state) {
  std::vector<float> coefficients(pod.modes);
  for (std::size_t k = 0; k < pod.modes; ++k) {
    const float* basis = pod.basis.data() + k * pod.values;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::size_t n = 0; n < pod.values; ++n) sum += basis[n] * (state[n] - pod.mean[n]);
    coefficients[k] = sum;
  }
  return coefficients;
}

}  // namespace

double climate_present_strength(std::span<const float> features) {
  double power = 0;
  for (std::size_t i = 0; i < climate_powers; ++i)
    power += 2 * std::exp(static_cast<double>(features[i])) / climate_bands;
  return std::sqrt(power);
}

double climate_shear(std::span<const float> features) {
  const auto wind = features.last(climate_wind_bands);
  double most = 0;
  for (std::size_t b = 0; b + 1 < wind.size(); ++b)
    most = std::max(most, std::abs(static_cast<double>(wind[b + 1]) - static_cast<double>(wind[b])));
  return most / (climate_ly / climate_wind_bands) * 86400;  // 1/day
}

void ClimateFit::curve(const ClimateSpectra& spectra, std::span<const float> state, std::span<float> to) const {
  if (kind == ClimateRivalKind::linear) {
    const std::vector<float> coefficients = project(pod, state);
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = std::max(0.0f, regressed(weights, coefficients, k));
    return;
  }
  std::vector<float> features(climate_features);
  spectra.apply(state, features);
  if (kind == ClimateRivalKind::growth) return grow(weights, features, to);
  if (!scaling.mean.empty()) scaling.apply(features);
  const std::size_t row = kind == ClimateRivalKind::nearest ? nearest(inputs, features) : 0;
  for (std::size_t k = 0; k < to.size(); ++k)
    to[k] =
        std::exp(kind == ClimateRivalKind::loglog ? regressed(weights, features, k) : logs[row * climate_horizon + k]);
}

// POD of the first snapshots of the first 256 runs; regression on the coefficients of all. Errors count relative to a
// curve.
void ClimateRival::prepare_linear(std::span<const Sample* const> mine, const Ranks& ranks) {
  const std::size_t values = grid_.values();
  std::vector<float> snapshots;
  std::vector<double> indices;
  for (const Sample* sample : mine) {
    if (sample->index >= basis_runs) continue;
    const std::vector<float>& fields = sample->arrays.at("fields").values;
    snapshots.insert(snapshots.end(), fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(values));
    indices.push_back(static_cast<double>(sample->index));
  }
  std::vector<double> all = ranks.gather(indices);
  std::sort(all.begin(), all.end());
  std::vector<std::size_t> order;
  order.reserve(indices.size());
  for (const double index : indices)
    order.push_back(static_cast<std::size_t>(std::lower_bound(all.begin(), all.end(), index) - all.begin()));
  fit_.pod = kernels::pod(snapshots, order, values, modes, ranks);
  const std::size_t width = 1 + climate_pairs * (fit_.pod.modes + climate_horizon);
  std::vector<double> packed(mine.size() * width);
  climate_each(mine.size(), [&](std::size_t i) {
    double* row = packed.data() + i * width;
    *row++ = static_cast<double>(mine[i]->index);
    const std::vector<float>& curve = mine[i]->arrays.at("curve").values;
    for (std::size_t p = 0; p < climate_pairs; ++p) {
      const auto c = project(fit_.pod, std::span(mine[i]->arrays.at("fields").values).subspan(p * values, values));
      row = std::copy(c.begin(), c.end(), row);
      row = std::copy_n(curve.begin() + static_cast<std::ptrdiff_t>(p), climate_horizon, row);
    }
  });
  const GatheredRows gathered = gathered_rows(packed, width, ranks);
  std::vector<double> inputs, curves, importance;
  for (const double* row : gathered.rows)
    for (std::size_t p = 0; p < climate_pairs; ++p) {
      const double* from = row + 1 + p * (fit_.pod.modes + climate_horizon);
      inputs.insert(inputs.end(), from, from + fit_.pod.modes);
      double norm = 0;
      for (std::size_t k = 0; k < climate_horizon; ++k) norm += std::pow(from[fit_.pod.modes + k], 2);
      curves.insert(curves.end(), from + fit_.pod.modes, from + fit_.pod.modes + climate_horizon);
      importance.push_back(1 / std::max(norm, 1e-12));
    }
  fit_.weights = climate_ridge(inputs, fit_.pod.modes, curves, climate_horizon, importance);
}

void ClimateRival::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  if (fit_.kind == ClimateRivalKind::linear) return prepare_linear(mine, ranks);
  ClimatePairs pairs = climate_pairs_of(mine, spectra_, grid_, ranks);
  const std::size_t count = pairs.count();
  if (fit_.kind == ClimateRivalKind::growth) {
    fit_.weights = fit_growth(pairs);
  } else if (fit_.kind == ClimateRivalKind::mean) {
    fit_.logs = ClimateScaling(pairs.logs, climate_horizon).mean;
  } else {
    fit_.scaling = ClimateScaling(pairs.inputs, climate_features);
    for (std::size_t i = 0; i < count; ++i)
      fit_.scaling.apply(std::span(pairs.inputs).subspan(i * climate_features, climate_features));
    if (fit_.kind == ClimateRivalKind::nearest) {
      fit_.inputs = std::move(pairs.inputs);
      fit_.logs = std::move(pairs.logs);
    } else {
      fit_.weights = climate_ridge(to_double(pairs.inputs), climate_features, to_double(pairs.logs), climate_horizon,
                                   std::vector<double>(count, 1.0));
    }
  }
}

std::unique_ptr<Model> ClimateRival::model() const {
  check(!fit_.weights.empty() || !fit_.logs.empty(), "climate: a rival's model before prepare");
  return std::make_unique<ClimateRule>(grid_, fit_);
}

std::vector<std::byte> ClimateRival::save() const {
  check(!fit_.weights.empty() || !fit_.logs.empty(), "climate: a rival saved before prepare");
  ImageWriter image;
  image.put(image_mark);
  image.put(fit_.kind);
  for (const std::vector<float>* values : {&fit_.scaling.mean, &fit_.scaling.spread, &fit_.inputs, &fit_.logs})
    image.put(*values);
  image.put(fit_.weights);
  image.put(fit_.pod.mean);
  image.put(fit_.pod.basis);
  return image.take();
}

void ClimateRival::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<ClimateRivalKind>() == fit_.kind,
        "climate: not the image of this rival");
  for (std::vector<float>* values : {&fit_.scaling.mean, &fit_.scaling.spread, &fit_.inputs, &fit_.logs})
    *values = image.vector<float>();
  fit_.weights = image.vector<double>();
  fit_.pod.mean = image.vector<float>();
  fit_.pod.basis = image.vector<float>();
  image.finish();
  fit_.pod.values = fit_.pod.mean.size();
  fit_.pod.modes = fit_.pod.values == 0 ? 0 : fit_.pod.basis.size() / fit_.pod.values;
  const std::size_t functions = fit_.kind == ClimateRivalKind::linear   ? fit_.pod.modes + 1
                                : fit_.kind == ClimateRivalKind::loglog ? climate_features + 1
                                                                        : 0;
  check(fit_.kind != ClimateRivalKind::linear || fit_.pod.values == grid_.values(),
        "climate: an image for {} values, expected {}", fit_.pod.values, grid_.values());
  check(fit_.weights.size() == (fit_.kind == ClimateRivalKind::growth ? 3 : functions * climate_horizon) &&
            fit_.logs.size() * climate_features >= fit_.inputs.size() * climate_horizon,
        "climate: an image with {} weights", fit_.weights.size());
}

std::vector<Rival> climate_rivals(const ClimateSize& size) {
  const kernels::ShallowWaterGrid grid = size.grid();
  const auto rival = [grid](const char* name, ClimateRivalKind kind, bool trivial) {
    return Rival{name, trivial, [=] { return std::make_unique<ClimateRival>(kind, grid); }};
  };
  return {rival("mean", ClimateRivalKind::mean, true), rival("nearest", ClimateRivalKind::nearest, true),
          rival("linear", ClimateRivalKind::linear, true), rival("growth", ClimateRivalKind::growth, true),
          rival("loglog", ClimateRivalKind::loglog, false)};
}

}  // namespace tandem::pipelines
