#include "kernels/montecarlo/bergomi.hpp"

#include <array>
#include <cmath>
#include <deque>

#include "harness/base/check.hpp"

namespace tandem::kernels {

double BergomiModel::variance(double t) const { return (1 - std::exp(-2 * reversion * t)) / (2 * reversion); }

BergomiDriver::BergomiDriver(const BergomiModel& model, std::uint64_t scramble)
    : model_(model), sobol_(model.dimensions(), scramble) {
  check(model.assets >= 1 && model.assets <= most_assets && model.steps >= 1,
        "{} assets and {} steps: expected 1 to {}", model.assets, model.steps, most_assets);
  const double dt = model.step();
  const auto time = [dt](std::size_t step) { return dt * static_cast<double>(step); };
  nodes_.push_back({model.steps, 0, 0, 0, 0, static_cast<float>(std::sqrt(time(model.steps)))});
  // Breadth first: coarse features come first, where the sequence is most uniform.
  std::deque<std::pair<std::size_t, std::size_t>> open = {{0, model.steps}};
  while (!open.empty()) {
    const auto [left, right] = open.front();
    open.pop_front();
    if (right - left < 2) continue;
    const std::size_t middle = (left + right) / 2;
    const double length = time(right - left), before = time(middle - left), after = time(right - middle);
    nodes_.push_back({middle, left, right, static_cast<float>(after / length), static_cast<float>(before / length),
                      static_cast<float>(std::sqrt(before * after / length))});
    open.emplace_back(left, middle);
    open.emplace_back(middle, right);
  }
  for (std::size_t t = 0; t < model.steps; ++t)
    half_variances_.push_back(static_cast<float>(model.vol_of_vol * model.vol_of_vol / 2 * model.variance(time(t))));
}

// Brownian motions at the steps, in the places of the sums.
void BergomiDriver::bridge(std::span<const std::uint32_t> words, Lanes* sums) const {
  const std::size_t factors = model_.factors();
  const NormalTable normal = normal_;  // in registers
  const WordLanes* within = sobol_.within();
  const std::uint32_t* word = words.data();
  for (const Node& node : nodes_) {
    Lanes* const to = sums + (node.at - 1) * factors;
    // Without a left neighbour it is the origin, and its place is never read.
    const Lanes* const right = node.right > 0 ? sums + (node.right - 1) * factors : to;
    const Lanes* const left = node.left > 0 ? sums + (node.left - 1) * factors : right;
    const float from_left = node.left > 0 ? node.from_left : 0.0f, from_right = node.from_right;
    if (node.right == 0)
      for (std::size_t f = 0; f < factors; ++f) to[f] = node.deviation * normal.at(*within++ ^ *word++);
    else
      for (std::size_t f = 0; f < factors; ++f)
        to[f] = from_left * left[f] + from_right * right[f] + node.deviation * normal.at(*within++ ^ *word++);
  }
}

void BergomiDriver::accumulate(Lanes* sums) const {
  const std::size_t factors = model_.factors();
  const double step = model_.step(), k = model_.reversion;
  const auto dt = static_cast<float>(step), nu = static_cast<float>(model_.vol_of_vol);
  const auto decay = static_cast<float>(std::exp(-k * step));
  const double gain = std::sqrt(model_.variance(step) / step);  // of X's deviation over that of Z's increment
  const auto of_market = static_cast<float>(gain * model_.leverage);
  const auto of_own = static_cast<float>(gain * std::sqrt(1 - model_.leverage * model_.leverage));
  std::array<Lanes, most_assets + 2> previous = {}, sum = {};
  Lanes x = {}, variance = {};
  for (std::size_t t = 0; t < model_.steps; ++t) {
    Lanes* const row = sums + t * factors;
    const Lanes h = exp(0.5f * (nu * x - half_variances_[t]));
    x = decay * x + of_market * (row[0] - previous[0]) + of_own * (row[1] - previous[1]);
    variance += h * h * dt;
    for (std::size_t f = 0; f < factors; ++f) {
      sum[f] += h * (row[f] - previous[f]);
      previous[f] = row[f];
      row[f] = sum[f];
    }
    row[1] = variance;
  }
}

void BergomiDriver::drive(std::size_t block, std::span<const std::uint32_t> shift, std::span<std::uint32_t> words,
                          Lanes* sums) const {
  sobol_.begin(block, shift, words);
  bridge(words, sums);
  accumulate(sums);
}

double driving_flops(const BergomiModel& model) {
  const auto normals = static_cast<double>(model.dimensions()), steps = static_cast<double>(model.steps);
  return normals * (normal_flops + 5 + 3) + steps * (exp_flops + 12);
}

}  // namespace tandem::kernels
