#include "pipelines/climate/learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "harness/base/image.hpp"
#include "harness/base/random.hpp"

namespace tandem::pipelines {

using kernels::Mlp;
using kernels::MlpPass;

namespace {

constexpr std::uint64_t image_mark = 0x31454d494c434454;  // "TDCLIME1"
constexpr std::size_t tile = 128;
constexpr float largest_log = 10;  // of a strength, in m/s: nothing here blows faster than e^10

float strength_of(float output, float mean, float spread) {
  return std::exp(std::clamp(mean + spread * output, -largest_log, largest_log));
}

class ClimateNetwork : public Model {
 public:
  ClimateNetwork(const Mlp& trained, ClimateSpectra spectra, const kernels::ShallowWaterGrid& grid,
                 ClimateScaling inputs, ClimateScaling outputs)
      : spectra_(std::move(spectra)),
        grid_(grid),
        inputs_(std::move(inputs)),
        outputs_(std::move(outputs)),
        mlp_(trained, kernels::MlpPrecision::fp32) {}

  Fields predict(std::span<const Case> cases) const override {
    const std::lock_guard lock(mutex_);
    Fields fields(cases.size(), climate_outputs);
    std::vector<float> features(tile * climate_features);
    for (std::size_t at = 0; at < cases.size(); at += tile) {
      const std::size_t count = std::min(tile, cases.size() - at);
      climate_each(count, [&](std::size_t r) {
        const auto row = std::span(features).subspan(r * climate_features, climate_features);
        spectra_.apply(climate_snapshot(cases[at + r], grid_), row);
        inputs_.apply(row);
      });
      // A row does not depend on how many others there are: one product for few, one for many.
      MlpPass& pass = passes_.of(count <= kernels::mlp_rows ? kernels::mlp_rows : tile);
      pass.set_inputs(std::span<const float>(features).first(count * climate_features));
      pass.forward();
      for (std::size_t r = 0; r < count; ++r)
        expand(std::span(features).subspan(r * climate_features, climate_features), pass, r, fields.row(at + r));
    }
    return fields;
  }

  double flops() const override {
    return spectra_.flops() + 2 * static_cast<double>(mlp_.shape().nets * mlp_.shape().weights());
  }

 private:
  void expand(std::span<const float> inputs, MlpPass& pass, std::size_t row, std::span<float> curve) const {
    const bool inside =
        std::all_of(inputs.begin(), inputs.end(), [](float value) { return std::abs(value) <= climate_domain_limit; });
    const std::size_t nets = mlp_.shape().nets;
    for (std::size_t k = 0; k < climate_horizon; ++k) {
      float sum = 0;
      for (std::size_t net = 0; net < nets; ++net)
        sum += strength_of(pass.outputs()[(net * pass.rows() + row) * climate_horizon + k], outputs_.mean[k],
                           outputs_.spread[k]);
      curve[k] = inside ? sum / static_cast<float>(nets) : std::numeric_limits<float>::quiet_NaN();
    }
  }

  ClimateSpectra spectra_;
  kernels::ShallowWaterGrid grid_;
  ClimateScaling inputs_, outputs_;
  mutable Mlp mlp_;
  mutable std::mutex mutex_;
  mutable kernels::MlpPasses passes_{mlp_, MlpPass::Backward::none};
};

}  // namespace

ClimateLearner::ClimateLearner(const kernels::ShallowWaterGrid& grid, ClimateTraining training, std::uint64_t seed)
    : grid_(grid), training_(std::move(training)), seed_(seed), spectra_(grid) {}

void ClimateLearner::make_network() {
  network_ = std::make_unique<kernels::MlpTraining>(training_, climate_features, climate_horizon);
}

void ClimateLearner::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  pairs_.clear();
  const ClimatePairs all = climate_pairs_of(mine, spectra_, grid_, ranks);
  inputs_ = ClimateScaling(all.inputs, climate_features);
  outputs_ = ClimateScaling(all.logs, climate_horizon);
  make_network();
  network_->mlp().initialise(seed_);
  flops_ = static_cast<double>(mine.size() * climate_pairs) * spectra_.flops();
}

const ClimatePairs& ClimateLearner::pairs(const Sample& sample) {
  const auto found = pairs_.find(sample.index);
  if (found != pairs_.end()) return found->second;
  ClimatePairs& own = pairs_[sample.index];
  append_pairs(sample, spectra_, grid_, own);
  for (std::size_t p = 0; p < climate_pairs; ++p)
    inputs_.apply(std::span(own.inputs).subspan(p * climate_features, climate_features));
  flops_ += climate_pairs * spectra_.flops();
  return own;
}

double ClimateLearner::gradient(std::span<const float> inputs, std::span<const float> logs, std::size_t batch) {
  const std::size_t count = logs.size() / climate_horizon;
  MlpPass& pass = network_->pass(count);
  const std::size_t rows = pass.rows();
  pass.set_inputs(inputs);
  pass.forward();
  double loss = 0;
  for (std::size_t net = 0; net < training_.nets; ++net)
    for (std::size_t r = 0; r < rows; ++r) {
      const auto out = pass.outputs().subspan((net * rows + r) * climate_horizon, climate_horizon);
      if (r >= count) {
        std::fill(out.begin(), out.end(), 0.0f);
        continue;
      }
      const auto log = logs.subspan(r * climate_horizon, climate_horizon);
      float norm = 0;
      for (const float value : log) norm += std::exp(2 * value);
      const float weight = 1 / (norm * static_cast<float>(batch));
      for (std::size_t k = 0; k < climate_horizon; ++k) {
        const float made = strength_of(out[k], outputs_.mean[k], outputs_.spread[k]), miss = made - std::exp(log[k]);
        loss += static_cast<double>(weight * miss * miss);
        out[k] = 2 * weight * miss * made * outputs_.spread[k];
      }
    }
  pass.backward();
  return loss / static_cast<double>(training_.nets);
}

double ClimateLearner::learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) {
  check(network_ != nullptr, "climate: learn before prepare");
  std::vector<float> inputs, logs;
  for (const Pair& pair : mine) {
    const ClimatePairs& own = pairs(*pair.sample);
    const std::uint64_t stream = pair.sample->index * climate_pairs + pair.pair;
    for (std::size_t c = 0; c < climate_features; ++c) {
      const double u = random_uniform(seed_ ^ 0x6a69747465723432, stream, step * climate_features + c);
      inputs.push_back(own.inputs[pair.pair * climate_features + c] +
                       static_cast<float>(training_.jitter * std::sqrt(12.0) * (u - 0.5)));
    }
    const auto first = own.logs.begin() + static_cast<std::ptrdiff_t>(pair.pair * climate_horizon);
    logs.insert(logs.end(), first, first + climate_horizon);
  }
  const double loss = gradient(inputs, logs, batch);
  network_->step(step, mine.size(), ranks);
  return ranks.sum(loss);
}

std::unique_ptr<Model> ClimateLearner::model() const {
  check(network_ != nullptr, "climate: a model before any training");
  return std::make_unique<ClimateNetwork>(network_->mlp(), spectra_, grid_, inputs_, outputs_);
}

std::vector<std::byte> ClimateLearner::save() const {
  check(network_ != nullptr, "climate: nothing to save before training");
  ImageWriter image;
  image.put(image_mark);
  image.put(network_->mlp().shape().layers);
  for (const ClimateScaling* scaling : {&inputs_, &outputs_}) {
    image.put(scaling->mean);
    image.put(scaling->spread);
  }
  network_->save(image);
  return image.take();
}

void ClimateLearner::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark, "climate: not the image of a climate network");
  check(image.vector<std::size_t>() == training_.shape(climate_features, climate_horizon).layers,
        "climate: an image of another network");
  for (ClimateScaling* scaling : {&inputs_, &outputs_}) {
    scaling->mean = image.vector<float>();
    scaling->spread = image.vector<float>();
  }
  check(inputs_.mean.size() == climate_features && inputs_.spread.size() == climate_features &&
            outputs_.mean.size() == climate_horizon && outputs_.spread.size() == climate_horizon,
        "climate: an image with scalings of {} and {} values", inputs_.mean.size(), outputs_.mean.size());
  make_network();
  network_->load(image);
  image.finish();
}

std::unique_ptr<Learner> make_climate_learner(const ClimateSize& size, std::uint64_t seed) {
  ClimateTraining training;
  training.hidden = {size.width, size.width};
  training.steps = size.schedule.batches;
  training.warm_up = std::min(training.warm_up, training.steps / 10);
  return std::make_unique<ClimateLearner>(size.grid(), training, seed);
}

}  // namespace tandem::pipelines
