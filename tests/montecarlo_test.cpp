// The simulation of the risk pipeline against closed forms and published values (docs/pipelines/risk.md holds the
// table), and the proof that a wrong simulation fails these checks: the paths are taken from the routine that the
// pipeline runs, and varied here only.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/montecarlo/bergomi_reference.hpp"
#include "tests/normal_distribution.hpp"

namespace tandem::kernels {
namespace {

// P(X < a, Y < b) of standard normals of this correlation, by Simpson's rule.
double cdf2(double a, double b, double correlation) {
  const int n = 2000;
  const double from = -9, h = (std::min(a, 9.0) - from) / n;
  double sum = 0;
  for (int i = 0; i <= n; ++i) {
    const double x = from + h * i, weight = i == 0 || i == n ? 1 : i % 2 == 1 ? 4 : 2;
    sum += weight * density(x) * cdf((b - correlation * x) / std::sqrt(1 - correlation * correlation));
  }
  return sum * h / 3;
}

// Black and Scholes on a forward: discount * E(F e^(..) - K)+.
double black_call(double forward, double strike, double deviation, double discount) {
  const double d = std::log(forward / strike) / deviation + deviation / 2;
  return discount * (forward * cdf(d) - strike * cdf(d - deviation));
}

struct Market {
  BergomiModel model;
  std::vector<double> spots, vols;
  double rate = 0.05, rho = 0.5;
  std::vector<double> parameters() const {
    std::vector<double> p;
    for (const double s : spots) p.push_back(std::log(s));
    for (const double s : vols) p.push_back(std::log(s));
    p.push_back(rate);
    p.push_back(rho);
    return p;
  }
};

Market black(std::size_t assets, double rate = 0.05) {
  Market market{{}, std::vector<double>(assets, 1.0), {}, rate, 0.5};
  market.model.assets = assets;
  market.model.vol_of_vol = 0;
  for (std::size_t i = 0; i < assets; ++i) market.vols.push_back(0.2 + 0.05 * static_cast<double>(i));
  return market;
}

// What is wrong with the simulation; for these tests only.
struct Fault {
  double bias = 0;     // of every Brownian motion, a year
  double drift = 1;    // sign of r in the paths
  bool common = true;  // the factor that all assets share
  bool leverage = true;
  double convexity = 1;  // of -s^2/2 V
};

struct Estimate {
  double value = 0, error = 0;  // mean and standard error over independent shifts
};

// spots[step][asset]
using Path = std::vector<std::vector<double>>;
using Payoff = std::function<double(const Path&)>;

// Discounted expectations of several payoffs at the end, from 16 shifts of the Sobol points.
std::vector<Estimate> expectations(const Market& market, const std::vector<Payoff>& payoffs, std::size_t paths,
                                   const Fault& fault = {}) {
  constexpr std::size_t shifts = 16;
  BergomiModel model = market.model;
  if (!fault.leverage) model.leverage = 0;
  const BergomiDriver driver(model, 1);
  std::vector<std::uint32_t> shift(model.dimensions()), words(model.dimensions());
  std::vector<Lanes> sums(driver.sums());
  std::vector<std::vector<double>> means(payoffs.size(), std::vector<double>(shifts, 0.0));
  const double rho = fault.common ? market.rho : 0.0;
  Path path(model.steps, std::vector<double>(model.assets));
  for (std::size_t s = 0; s < shifts; ++s) {
    driver.sobol().shift(100 + s, shift);
    for (std::size_t b = 0; b < paths / lanes; ++b) {
      driver.drive(b, shift, words, sums.data());
      for (std::size_t l = 0; l < lanes; ++l) {
        for (std::size_t t = 0; t < model.steps; ++t) {
          const Lanes* row = &sums[t * model.factors()];
          const double time = model.step() * static_cast<double>(t + 1), biased = fault.bias * time;
          for (std::size_t i = 0; i < model.assets; ++i) {
            const double vol = market.vols[i];
            const double noise = std::sqrt(rho) * (static_cast<double>(row[0][l]) + biased) +
                                 std::sqrt(1 - rho) * (static_cast<double>(row[2 + i][l]) + biased);
            path[t][i] = market.spots[i] * std::exp(fault.drift * market.rate * time + vol * noise -
                                                    fault.convexity * vol * vol / 2 * static_cast<double>(row[1][l]));
          }
        }
        for (std::size_t k = 0; k < payoffs.size(); ++k) means[k][s] += payoffs[k](path) / static_cast<double>(paths);
      }
    }
  }
  std::vector<Estimate> estimates;
  const double discount = std::exp(-market.rate * model.years);
  for (const auto& all : means) {
    double mean = 0, square = 0;
    for (const double m : all) mean += m / shifts;
    for (const double m : all) square += (m - mean) * (m - mean) / (shifts * (shifts - 1));
    estimates.push_back({discount * mean, discount * std::sqrt(square)});
  }
  return estimates;
}

// Checks by name: |simulated - known| over 4 standard errors and rounding.
using Checks = std::map<std::string, double>;

void record(Checks& checks, const std::string& name, const Estimate& found, double known, double slack = 1e-5) {
  checks[name] = std::abs(found.value - known) / (4 * found.error + slack);
  ::testing::Test::RecordProperty(name, std::to_string(found.value) + " known " + std::to_string(known));
}

double positive(double x) { return std::max(x, 0.0); }

// Black-Scholes limit, nu = 0.
Checks closed_forms(const Fault& fault = {}) {
  constexpr std::size_t paths = 512;
  Checks checks;
  const Market one = black(1);
  const double vol = one.vols[0], rate = one.rate;
  const auto last = [](const Path& path) { return path.back()[0]; };
  const auto geometric = [](const Path& path) {
    double sum = 0;
    for (const auto& spots : path) sum += std::log(spots[0]);
    return std::exp(sum / static_cast<double>(path.size()));
  };
  const auto single = expectations(
      one,
      {[&](const Path& p) { return positive(last(p) - 1.05); }, [&](const Path& p) { return positive(0.95 - last(p)); },
       [&](const Path& p) { return positive(geometric(p) - 1); }, last},
      paths, fault);
  const double discount = std::exp(-rate), forward = std::exp(rate);
  record(checks, "Black-Scholes call", single[0], black_call(forward, 1.05, vol, discount));
  record(checks, "Black-Scholes put", single[1],
         black_call(forward, 0.95, vol, discount) - discount * (forward - 0.95));
  // Kemna and Vorst (J. Banking Finance 14, 1990), n dates t_j = j / n: ln G has mean (r - s^2/2) (n + 1)/(2 n) and
  // variance s^2 (n + 1)(2 n + 1)/(6 n^2).
  const double n = 48, mean = (rate - vol * vol / 2) * (n + 1) / (2 * n);
  const double deviation = vol * std::sqrt((n + 1) * (2 * n + 1) / (6 * n * n));
  record(checks, "geometric Asian call", single[2],
         black_call(std::exp(mean + deviation * deviation / 2), 1, deviation, discount));
  record(checks, "martingale", single[3], 1);

  const Market two = black(2);
  const double a = two.vols[0], b = two.vols[1], correlation = two.rho;
  const auto pair = expectations(two,
                                 {[](const Path& p) { return positive(p.back()[0] - p.back()[1]); },
                                  [](const Path& p) { return positive(0.95 - std::min(p.back()[0], p.back()[1])); },
                                  [](const Path& p) { return positive(std::sqrt(p.back()[0] * p.back()[1]) - 1); }},
                                 paths, fault);
  const double apart = std::sqrt(a * a + b * b - 2 * correlation * a * b);
  record(checks, "exchange option (Margrabe)", pair[0], black_call(1, 1, apart, 1));
  // Stulz (J. Financial Economics 10, 1982): call on the minimum; the put follows by parity.
  const auto minimum_call = [&](double strike) {
    const auto d = [&](double s) { return (std::log(1 / strike) + rate) / s + s / 2; };
    const double d1 = d(a), d2 = d(b), e = apart / 2;  // spots of 1: ln(S_2/S_1) = 0
    return cdf2(d1, -e, (correlation * b - a) / apart) + cdf2(d2, -e, (correlation * a - b) / apart) -
           strike * discount * cdf2(d1 - a, d2 - b, correlation);
  };
  const double exchange = black_call(1, 1, apart, 1);
  record(checks, "put on the worst of two (Stulz)", pair[1], 0.95 * discount - (1 - exchange) + minimum_call(0.95));
  const double basket = std::sqrt(a * a + b * b + 2 * correlation * a * b) / 2;
  const double basket_forward = std::exp(rate - (a * a + b * b) / 4 + basket * basket / 2);
  record(checks, "geometric basket call", pair[2], black_call(basket_forward, 1, basket, discount));
  return checks;
}

// Stochastic volatility.
Checks stochastic_volatility(const Fault& fault = {}) {
  Checks checks;
  Market market = black(2, 0.04);
  market.model.vol_of_vol = 1.6;
  market.vols = {0.3, 0.5};
  const auto found = expectations(
      market, {[](const Path& p) { return p.back()[0]; }, [](const Path& p) { return p.back()[1]; }}, 2048, fault);
  record(checks, "martingale 1", found[0], 1);
  record(checks, "martingale 2", found[1], 1);
  // At-the-money skew at first order in nu (Bergomi and Guyon, Risk, May 2012): corr nu (kT - 1 + e^-kT) / (2 (kT)^2).
  Market small = black(1, 0);
  small.model.vol_of_vol = 0.2;
  small.rho = 0.81;
  const double up = 1.05, down = 1 / up, vol = small.vols[0];
  const auto smile = expectations(small,
                                  {[&](const Path& p) { return positive(p.back()[0] - up); },
                                   [&](const Path& p) { return positive(p.back()[0] - down); }},
                                  4096, fault);
  const auto implied = [](double price, double strike) {
    double low = 0.01, high = 1;
    for (int i = 0; i < 60; ++i) {
      const double middle = (low + high) / 2;
      (black_call(1, strike, middle, 1) < price ? low : high) = middle;
    }
    return (low + high) / 2;
  };
  const double skew = (implied(smile[0].value, up) - implied(smile[1].value, down)) / (2 * std::log(up));
  const double kt = 2, expected = -0.7 * 0.9 * 0.2 * (kt - 1 + std::exp(-kt)) / (2 * kt * kt);
  checks["skew"] = std::abs(skew / expected - 1) / 0.06;
  ::testing::Test::RecordProperty("skew", std::to_string(skew) + " known " + std::to_string(expected));
  checks["level"] = std::abs(implied(smile[0].value, up) + implied(smile[1].value, down) - 2 * vol) / 0.004;
  return checks;
}

void expect_all(const Checks& checks) {
  for (const auto& [name, value] : checks) EXPECT_LE(value, 1) << name;
}

bool fails(const Checks& checks, const std::string& name) { return !(checks.at(name) <= 1); }

TEST(Verification, BlackScholesLimitGivesTheClosedForms) { expect_all(closed_forms()); }

TEST(Verification, StochasticVolatilityIsAMartingaleWithTheKnownSkew) { expect_all(stochastic_volatility()); }

TEST(Verification, AWrongSimulationFails) {
  for (const char* name : {"martingale", "Black-Scholes call", "geometric Asian call"}) {
    EXPECT_TRUE(fails(closed_forms({.bias = 0.01}), name)) << "a biased stream, " << name;
    EXPECT_TRUE(fails(closed_forms({.drift = -1}), name)) << "a wrong sign of the drift, " << name;
  }
  for (const char* name : {"exchange option (Margrabe)", "put on the worst of two (Stulz)", "geometric basket call"})
    EXPECT_TRUE(fails(closed_forms({.common = false}), name)) << "no correlation, " << name;
  EXPECT_TRUE(fails(stochastic_volatility({.convexity = 0.9}), "martingale 2"));
  EXPECT_TRUE(fails(stochastic_volatility({.leverage = false}), "skew"));
  EXPECT_TRUE(fails(stochastic_volatility({.bias = 0.01}), "martingale 1"));
}

// A mean of the basket over n dates comes to the continuous mean of the literature as 1/n: once extrapolated.
TEST(Verification, ArithmeticAsiansOfTheLiterature) {
  // Linetsky, "Spectral expansions for Asian (average price) options", Operations Research 52 (2004), table 3; K = 2.
  struct Row {
    double rate, vol, years, spot, price;
  };
  for (const Row& row : {Row{0.02, 0.10, 1, 2.0, 0.0559860415}, Row{0.18, 0.30, 1, 2.0, 0.2183875466},
                         Row{0.0125, 0.25, 2, 2.0, 0.1722687410}, Row{0.05, 0.50, 1, 1.9, 0.1931737903},
                         Row{0.05, 0.50, 1, 2.0, 0.2464156905}, Row{0.05, 0.50, 1, 2.1, 0.3062203648},
                         Row{0.05, 0.50, 2, 2.0, 0.3500952190}}) {
    std::vector<double> prices;
    for (const std::size_t steps : {std::size_t{24}, std::size_t{48}}) {
      BergomiModel model;
      model.assets = 1;
      model.steps = steps;
      model.years = row.years;
      model.vol_of_vol = 0;
      const BookPricer pricer(BergomiDriver(model, 1), {{steps}, {1.0}, {1.0}, {}, {}});
      const std::vector<double> market = {std::log(row.spot / 2), std::log(row.vol), row.rate, 0.5};
      float price = 0;
      double mean = 0;
      for (std::uint64_t key = 0; key < 8; ++key) {
        pricer.price(market, key, 8192, std::span(&price, 1), {});
        mean += 2 * static_cast<double>(price) / 8;
      }
      prices.push_back(mean);
    }
    const double found = 2 * prices[1] - prices[0];
    RecordProperty(fmt::format("r={} s={} T={} S={}", row.rate, row.vol, row.years, row.spot),
                   fmt::format("{:.6f} known {:.6f}", found, row.price));
    EXPECT_NEAR(found, row.price, 1e-3 * row.price);
    EXPECT_NEAR(std::log2((prices[0] - row.price) / (prices[1] - row.price)), 1, 0.25) << "order in 1/n";
  }
}

// The moments of V = int h^2 dt over the steps of the model, in closed form.
TEST(Verification, IntegratedVarianceHasItsMoments) {
  const BergomiModel model;
  const BergomiDriver driver(model, 1);
  double first = 0, second = 0, expected = 0;
  std::vector<std::uint32_t> shift(model.dimensions()), words(model.dimensions());
  std::vector<Lanes> sums(driver.sums());
  constexpr std::size_t blocks = 512;
  for (std::uint64_t key = 0; key < 2; ++key) {
    driver.sobol().shift(key, shift);
    for (std::size_t b = 0; b < blocks; ++b) {
      driver.drive(b, shift, words, sums.data());
      for (std::size_t l = 0; l < lanes; ++l) {
        const auto v = static_cast<double>(sums[(model.steps - 1) * model.factors() + 1][l]);
        first += v / (2 * blocks * lanes);
        second += v * v / (2 * blocks * lanes);
      }
    }
  }
  const double dt = model.step(), k = model.reversion;
  for (std::size_t i = 0; i < model.steps; ++i)
    for (std::size_t j = 0; j < model.steps; ++j) {
      const double s = dt * static_cast<double>(std::min(i, j)), t = dt * static_cast<double>(std::max(i, j));
      const double covariance = std::exp(-k * (t - s)) * model.variance(s);
      expected += dt * dt * std::exp(model.vol_of_vol * model.vol_of_vol * covariance);
    }
  EXPECT_NEAR(first, 1, 2e-3);
  EXPECT_NEAR(second, expected, 0.03 * expected);
}

}  // namespace
}  // namespace tandem::kernels
