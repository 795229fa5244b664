// A path-dependent book under stochastic volatility: all prices in a million scenarios, value at risk, mis-marked
// bookings. docs/pipelines/risk.md.
#include "pipelines/risk/learner.hpp"
#include "pipelines/risk/problem.hpp"
#include "pipelines/risk/simulation.hpp"

namespace tandem::pipelines {
namespace {

Pipeline make(const Settings& settings, int threads) {
  const RiskSize& size = risk_size(settings.text("size"));
  return {std::make_unique<RiskProblem>(size), std::make_unique<RiskSimulation>(size, threads),
          [&size](std::uint64_t seed) { return make_risk_learner(size, seed); }};
}

// Samples and their copies while training, rows of the rivals, the network's weights with their moments, a block.
double memory(const Settings& settings) {
  const RiskSize& size = risk_size(settings.text("size"));
  const auto parameters = static_cast<double>(size.parameters()), products = static_cast<double>(size.products());
  const double sample = 4 * (parameters + products * (parameters + 1));
  double weights = 0, before = parameters;
  for (const std::size_t width : size.hidden) {
    weights += before * static_cast<double>(width);
    before = static_cast<double>(width);
  }
  weights += before * products;
  return static_cast<double>(size.schedule.samples) * (2 * sample + 16 * (parameters + products)) + 5 * 4 * weights +
         static_cast<double>(size.block) * 16 * (parameters + products) + 1e8;
}

std::vector<Slice> slices(const Settings& settings) {
  const RiskSize& size = risk_size(settings.text("size"));
  Slice prices{
      "Prices of the book: columns are products, rows maturities", "of notional", size.each(), size.maturities, {}};
  for (std::size_t p = 0; p < size.products(); ++p) prices.at.push_back(p);
  return {prices};
}

}  // namespace

PipelineEntry risk() {
  return {"risk",
          "a path-dependent book under stochastic volatility: all prices of a million scenarios, value at risk",
          {{"size", "S", "S, M: frozen targets; L, XL: larger, targets provisional"}},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
