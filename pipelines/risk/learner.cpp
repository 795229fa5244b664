// Training. All sums run in canonical order.
#include "pipelines/risk/learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "harness/base/image.hpp"
#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::uint64_t image_mark = 0x314b534952444d54;  // "TMDRISK1"
constexpr std::uint64_t direction_stream = 77;
constexpr double least_norm = 0.05;  // of the prices: what is cheaper than this counts no more

kernels::MlpShape shape_of(const RiskSize& size) {
  kernels::MlpShape shape{1, {size.parameters()}};
  shape.layers.insert(shape.layers.end(), size.hidden.begin(), size.hidden.end());
  shape.layers.push_back(size.products());
  return shape;
}

// One cycle: up to the peak over the first third of the steps, down to a hundredth of it by a cosine.
double rate_of(const RiskTraining& training, std::size_t step) {
  const double t = static_cast<double>(step + 1) / static_cast<double>(training.steps), top = 0.3;
  const auto between = [](double u) { return 0.5 * (1 - std::cos(std::numbers::pi * std::clamp(u, 0.0, 1.0))); };
  return training.rate * (t < top ? 0.04 + 0.96 * between(t / top) : 1 - 0.999 * between((t - top) / (1 - top)));
}

const std::vector<float>& array_of(const Sample& sample, const char* name, std::size_t count) {
  const std::vector<float>& values = sample.arrays.at(name).values;
  check(values.size() == count, "risk: a sample with {} values of {}, expected {}", values.size(), name, count);
  return values;
}

}  // namespace

RiskLearner::RiskLearner(const RiskSize& size, RiskTraining training, std::uint64_t seed)
    : size_(size),
      training_(training),
      seed_(seed),
      mlp_(shape_of(size), kernels::MlpPrecision::fp32),
      adam_(mlp_.parameters().size(), {training.decay, 0.9, 0.99, 1e-8}) {}

void RiskLearner::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  const std::size_t parameters = size_.parameters(), products = size_.products();
  std::vector<double> sums(1 + 2 * parameters + 2 * products);
  for (const Sample* sample : mine) {
    sums[0] += 1;
    const auto add = [&](std::span<const float> values, std::size_t at) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        const auto value = static_cast<double>(values[i]);
        sums[at + 2 * i] += value;
        sums[at + 2 * i + 1] += value * value;
      }
    };
    add(array_of(*sample, "parameters", parameters), 1);
    add(array_of(*sample, "price", products), 1 + 2 * parameters);
  }
  ranks.sum(std::span(sums));
  check(sums[0] >= 2, "risk: {} samples to prepare from, at least 2 are needed", sums[0]);
  scales_ = {};
  double square = 0;
  for (std::size_t i = 0; i < parameters + products; ++i) {
    const double mean = sums[1 + 2 * i] / sums[0], variance = sums[2 + 2 * i] / sums[0] - mean * mean;
    (i < parameters ? scales_.mean : scales_.price).push_back(static_cast<float>(mean));
    if (i < parameters)
      scales_.spread.push_back(static_cast<float>(std::sqrt(std::max(variance, 1e-12))));
    else
      square += variance / static_cast<double>(products);
  }
  scales_.unit = static_cast<float>(std::sqrt(std::max(square, 1e-12)));
  mlp_.initialise(seed_);
  adam_.reset();
  ready_ = true;
  flops_ = 0;
}

// Inputs, directions of +-1 in the standardised market, prices, their derivatives along them, and weights: errors are
// judged relative to the norm of the prices.
void RiskLearner::fill(std::size_t step, std::span<const Pair> mine, std::size_t batch) {
  const std::size_t parameters = size_.parameters(), products = size_.products();
  inputs_.resize(mine.size() * parameters);
  directions_.resize(inputs_.size());
  prices_.resize(mine.size() * products);
  slopes_.resize(prices_.size());
  weights_.resize(mine.size());
#pragma omp parallel for schedule(static)
  for (std::size_t r = 0; r < mine.size(); ++r) {
    const Sample& sample = *mine[r].sample;
    const float *const p = sample.arrays.at("parameters").values.data(),
                       *const price = array_of(sample, "price", products).data(),
                       *const jacobian = array_of(sample, "jacobian", products * parameters).data();
    float *const x = &inputs_[r * parameters], *const u = &directions_[r * parameters];
    for (std::size_t d = 0; d < parameters; ++d) {
      const std::uint64_t bits = random_bits(seed_, direction_stream + step * 64 + d / 64, sample.index);
      x[d] = (p[d] - scales_.mean[d]) / scales_.spread[d];
      u[d] = (bits >> d % 64) % 2 == 1 ? 1.0f : -1.0f;
    }
    double norm = 0;
    for (std::size_t k = 0; k < products; ++k) {
      float slope = 0;
      for (std::size_t d = 0; d < parameters; ++d) slope += jacobian[k * parameters + d] * u[d] * scales_.spread[d];
      prices_[r * products + k] = (price[k] - scales_.price[k]) / scales_.unit;
      slopes_[r * products + k] = slope / scales_.unit;
      norm += static_cast<double>(price[k]) * static_cast<double>(price[k]);
    }
    const double scale = static_cast<double>(scales_.unit) / (std::sqrt(norm) + least_norm);
    weights_[r] = static_cast<float>(scale * scale / static_cast<double>(batch));
  }
}

double RiskLearner::learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) {
  check(ready_ && training_.steps > 0, "risk: learn before prepare");
  fill(step, mine, batch);
  const std::size_t rows = kernels::mlp_rows_for(mine.size());
  auto& pass = passes_[rows];
  if (!pass) pass = std::make_unique<kernels::TwinPass>(mlp_, rows);
  pass->set_inputs(inputs_, directions_);
  pass->forward();
  const double loss = pass->squared_error(prices_, slopes_, weights_, static_cast<float>(training_.balance));
  pass->backward();
  flops_ += pass->flops() * static_cast<double>(mine.size());
  ranks.sum(mlp_.gradients());
  adam_.step(mlp_.trained(), rate_of(training_, step));
  return ranks.sum(loss);
}

std::unique_ptr<Model> RiskLearner::model() const {
  check(ready_, "risk: a model before any training");
  return std::make_unique<RiskSurrogate>(size_, mlp_, scales_);
}

std::vector<std::byte> RiskLearner::save() const {
  check(ready_, "risk: nothing to save before training");
  ImageWriter image;
  image.put(image_mark);
  image.put(mlp_.shape().layers);
  for (const auto* values : {&scales_.mean, &scales_.spread, &scales_.price}) image.put(*values);
  image.put(scales_.unit);
  image.put(mlp_.parameters());
  return image.take();
}

void RiskLearner::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark, "risk: not the image of a risk network");
  check(image.vector<std::size_t>() == mlp_.shape().layers, "risk: an image of another network");
  for (auto* values : {&scales_.mean, &scales_.spread, &scales_.price}) *values = image.vector<float>();
  check(scales_.mean.size() == size_.parameters() && scales_.spread.size() == size_.parameters() &&
            scales_.price.size() == size_.products(),
        "risk: an image with scales of {} parameters", scales_.mean.size());
  scales_.unit = image.get<float>();
  image.get(mlp_.parameters());
  image.finish();
  ready_ = true;
}

std::unique_ptr<Learner> make_risk_learner(const RiskSize& size, std::uint64_t seed) {
  RiskTraining training;
  training.steps = size.schedule.batches;
  return std::make_unique<RiskLearner>(size, training, seed);
}

namespace {

constexpr std::size_t few_rows = kernels::mlp_rows, tile_rows = 1000;

}  // namespace

void RiskSurrogate::fill(std::span<const Case> cases) const {
  const std::size_t parameters = size_.parameters();
  inputs_.resize(cases.size() * parameters);
#pragma omp parallel for schedule(static)
  for (std::size_t r = 0; r < cases.size(); ++r)
    for (std::size_t d = 0; d < parameters; ++d)
      inputs_[r * parameters + d] = (static_cast<float>(cases[r].parameters[d]) - scales_.mean[d]) / scales_.spread[d];
}

Fields RiskSurrogate::predict(std::span<const Case> cases) const {
  const std::lock_guard lock(mutex_);
  const std::size_t products = size_.products();
  Fields result(cases.size(), products);
  for (std::size_t at = 0; at < cases.size();) {
    const std::size_t rows = cases.size() - at >= tile_rows ? tile_rows : few_rows;
    const std::size_t count = std::min(rows, cases.size() - at);
    fill(cases.subspan(at, count));
    kernels::MlpPass& pass = passes_.of(rows);
    pass.set_inputs(inputs_);
    pass.forward();
#pragma omp parallel for schedule(static)
    for (std::size_t r = 0; r < count; ++r) {
      const bool inside = risk_outside(size_, cases[at + r].parameters) <= 1e-6;
      for (std::size_t k = 0; k < products; ++k)
        result.row(at + r)[k] = inside ? scales_.price[k] + scales_.unit * pass.outputs()[r * products + k]
                                       : std::numeric_limits<float>::quiet_NaN();
    }
    at += count;
  }
  return result;
}

}  // namespace tandem::pipelines
