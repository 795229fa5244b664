// Sizes of the risk pipeline and the layout of its cases and outputs.
// Case::parameters: ln S_i of every asset, ln s_i of every asset, r, rho. Outputs: the prices of the book per notional
// of 1, maturity by maturity: calls, then puts on the average basket, then puts on the worst asset.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "harness/pipeline/content.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "kernels/montecarlo/book.hpp"

namespace tandem::pipelines {

struct RiskRange {
  double low = 0, high = 0;
};

// The box of all markets, per year.
inline const RiskRange risk_spot = {std::log(0.7), std::log(1.3)};   // ln S_i
inline const RiskRange risk_vol = {std::log(0.12), std::log(0.60)};  // ln s_i
inline constexpr RiskRange risk_rate = {-0.01, 0.06}, risk_rho = {0.2, 0.8};

inline constexpr std::array<double, 2> risk_calls = {0.95, 1.05}, risk_puts = {0.85, 0.95};
inline constexpr std::array<double, 4> risk_worst = {0.6, 0.7, 0.8, 0.9};
inline constexpr double risk_years = 1;

// Of the network's training, beside the schedule.
struct RiskTraining {
  double rate = 6e-3;  // peak of the one-cycle schedule
  double balance = 1;  // weight of the derivatives beside the values
  double decay = 0;
  std::size_t steps = 0;  // of the whole training: the end of the cycle
};

// Simulations after each round of a growing design: docs/pipelines/risk.md.
inline constexpr std::array<std::size_t, 12> risk_rounds = {64,  96,   128,  192,  256,  384,
                                                            512, 1024, 2048, 4096, 8192, 16384};

struct RiskSize {
  std::string_view name;
  std::size_t assets = 6, steps = 48, maturities = 4;
  std::size_t train_paths = 256, truth_paths = 16384, coarse_paths = 512;
  double target = 0;  // e*, relative L2 error of the prices
  Schedule schedule;
  std::array<std::size_t, 3> hidden = {128, 128, 128};
  std::size_t blocks = 125, block = 8000;  // questions, and the scenarios of each
  std::size_t audited = 160;               // of a block, for each book: scenarios with the largest losses
  bool frozen = false;                     // targets, on fresh seeds; else runs are provisional
  double tail_error = 0.015;               // VaR and shortfall: relative error of what is stated

  std::size_t parameters() const { return 2 * assets + 2; }
  std::size_t each() const { return risk_calls.size() + risk_puts.size() + risk_worst.size(); }
  std::size_t products() const { return maturities * each(); }
};

inline constexpr std::array<RiskSize, 4> risk_sizes = {{
    {"S", 6, 48, 4, 256, 16384, 512, 0.025, {16384, 1024, 5000, 256}, {128, 128, 128}, 125, 8000, 160, true},
    {"M", 10, 96, 8, 256, 16384, 512, 0.025, {16384, 1024, 6000, 256}, {256, 256, 256}, 1250, 8000, 160, true, 0.03},
    {"L", 20, 160, 32, 256, 16384, 512, 0.025, {1048576, 16384, 100000, 1024}, {1024, 1024, 1024}, 12500, 8000},
    {"XL", 50, 64, 32, 256, 16384, 512, 0.025, {8388608, 65536, 400000, 2048}, {2048, 2048, 2048}, 125000, 8000},
}};

inline const RiskSize& risk_size(std::string_view name) { return size_named(risk_sizes, name, "risk"); }

kernels::BergomiModel risk_model(const RiskSize& size);
// The basket's weights are unequal: a book that is the same under any permutation of the assets would be an easy game
// for a network that is symmetric, too.
kernels::Book risk_book(const RiskSize& size);
// Of parameter `d`.
RiskRange risk_range(const RiskSize& size, std::size_t d);
// How far outside the box, in widths of the ranges; 0 inside.
double risk_outside(const RiskSize& size, std::span<const double> parameters);

}  // namespace tandem::pipelines
