// Cases, the metric and what the Problem is.
#include "pipelines/risk/problem.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"
#include "pipelines/risk/rivals.hpp"
#include "pipelines/risk/simulation.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t most_streams = 256;

std::uint64_t stream(Purpose purpose, std::size_t d) { return static_cast<std::uint64_t>(purpose) * most_streams + d; }

// Of the market today.
double base_vol(std::size_t asset) {
  constexpr std::array<double, 6> vols = {0.20, 0.24, 0.28, 0.22, 0.30, 0.26};
  return vols[asset % vols.size()];
}
constexpr double base_rate = 0.025, base_rho = 0.5;
constexpr double spot_shock = 0.08, vol_shock = 0.15;

}  // namespace

std::vector<double> risk_portfolio(const RiskSize& size, bool b) {
  const std::size_t calls = risk_calls.size(), asians = calls + risk_puts.size();
  std::vector<double> units;
  for (std::size_t m = 0; m < size.maturities; ++m)
    for (std::size_t k = 0; k < size.each(); ++k) {
      if (b)
        units.push_back(k < calls ? 0 : -1);
      else
        units.push_back(k < calls ? 1 : k < asians ? -0.5 : 0.25);
    }
  return units;
}

std::vector<double> risk_today(const RiskSize& size) {
  std::vector<double> market(size.assets, 0.0);
  for (std::size_t i = 0; i < size.assets; ++i) market.push_back(std::log(base_vol(i)));
  market.push_back(base_rate);
  market.push_back(base_rho);
  return market;
}

std::vector<double> risk_scenario(const RiskSize& size, Purpose purpose, std::uint64_t seed, std::uint64_t index) {
  const std::size_t assets = size.assets;
  const auto deviate = [&](std::size_t d) { return random_normal(seed, stream(purpose, d), index); };
  constexpr std::size_t freedom = 5;
  double square = 0;
  for (std::size_t d = 0; d < freedom; ++d) square += deviate(d) * deviate(d);
  const double stretch = std::sqrt(static_cast<double>(freedom) / square), common = deviate(freedom);
  const double common_vol = deviate(freedom + 1);
  std::size_t next = freedom + 4;
  std::vector<double> market = risk_today(size);
  for (std::size_t i = 0; i < assets; ++i)
    market[i] += spot_shock * stretch * std::sqrt(0.5) * (common + deviate(next++));
  for (std::size_t i = 0; i < assets; ++i)
    market[assets + i] += vol_shock * (-0.7 * stretch * common + 0.5 * common_vol + 0.5 * deviate(next++));
  market[2 * assets] += 0.005 * deviate(freedom + 2);
  market[2 * assets + 1] += 0.08 * deviate(freedom + 3);
  return market;
}

RiskProblem::RiskProblem(const RiskSize& size)
    : size_(size), box_(size.parameters(), 0), a_(risk_portfolio(size, false)), b_(risk_portfolio(size, true)) {
  spec_.version = fmt::format("risk-{}-2", size.name);
  if (!size.frozen)
    spec_.provisional = fmt::format(
        "e*, the limits on invariant and answers, and the simulation-only paths of size {} are not frozen", size.name);
  spec_.schedule = size.schedule;
  spec_.gate = {124, 2, size.target, 0.005, 0.012};
  spec_.steering = {
      fmt::format("risk-{}-steering-2", size.name),
      {risk_rounds.begin(), risk_rounds.end()},
      size.block,
      fmt::format("VaR99 and ES99 of both portfolios in a fresh block within {} %", 100 * risk_tail_criterion),
      "cubic"};
  spec_.questions = size.blocks;
  spec_.queries = size.blocks * size.block;
  const auto model = risk_model(size);
  const auto book = risk_book(size);
  spec_.flops = static_cast<double>(size.schedule.samples * size.train_paths) *
                    (kernels::driving_flops(model) + kernels::pricing_flops(model, book, true)) +
                static_cast<double>(spec_.queries * size.coarse_paths) * kernels::pricing_flops(model, book, false);
  spec_.answer_names = {"VaR99 A", "ES99 A", "VaR99 B", "ES99 B", "mean A", "mean B", "outside", "digest"};
  for (std::size_t k = 0; k < risk_booked; ++k) spec_.answer_names.push_back(fmt::format("price {}", k + 1));
  if (size.steps == 48 && size.assets == 6)  // the kernel's own book
    spec_.predictions = {{"simulate",
                          fmt::format("montecarlo/paths/markets=256/paths={}/derivatives=yes", size.train_paths),
                          static_cast<double>(size.schedule.samples) / 256, "", "drawing markets, making samples"}};
  spec_.facts = {
      {"physics", "one-factor Bergomi: k = 2 / year, nu = 1.6, leverage -0.7; log-Euler, exact steps of X"},
      {"book", fmt::format("{} products on {} assets: Asian calls and puts on a basket, puts on the worst",
                           size.products(), size.assets)},
      {"steps", fmt::format("{} a year", size.steps)},
      {"training", fmt::format("{} Sobol paths a market, half of the markets from the scenarios", size.train_paths)},
      {"truth", fmt::format("{} Sobol paths", size.truth_paths)},
      {"simulation-only", fmt::format("{} Sobol paths, the same for all markets", size.coarse_paths)},
      {"question", fmt::format("all prices in {} blocks of {} scenarios; VaR99 and ES99 of portfolios A and B",
                               size.blocks, size.block)},
      {"spec flops", "samples with derivatives, and coarse prices of all scenarios"}};
}

Case RiskProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  const std::size_t parameters = size_.parameters();
  const bool boxed = purpose == Purpose::training || purpose == Purpose::holdout;
  Case result{purpose, index, {}, {}};
  if (!boxed || index % 2 == 1) {
    result.parameters = risk_scenario(size_, purpose, seed, index);
    for (std::size_t d = 0; d < parameters; ++d) {
      const RiskRange range = risk_range(size_, d);
      result.parameters[d] = std::clamp(result.parameters[d], range.low, range.high);
    }
    return result;
  }
  std::vector<std::uint32_t> words(parameters), shift(parameters);
  if (purpose == Purpose::training) {
    box_.shift(mix(seed), shift);
    box_.begin(index / 2 / kernels::lanes, shift, words);
  }
  for (std::size_t d = 0; d < parameters; ++d) {
    const std::uint32_t word = words[d] ^ box_.within()[d][index / 2 % kernels::lanes];
    const double u = purpose == Purpose::training ? (static_cast<double>(word) + 0.5) * 0x1p-32
                                                  : random_uniform(seed, stream(purpose, d), index);
    const RiskRange range = risk_range(size_, d);
    result.parameters.push_back(range.low + (range.high - range.low) * u);
  }
  return result;
}

double RiskProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  return relative_error(truth, prediction, "risk");
}

std::vector<Rival> RiskProblem::rivals() const { return risk_rivals(size_); }

}  // namespace tandem::pipelines
