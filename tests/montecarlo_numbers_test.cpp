// Derivatives, common paths and the random numbers of the risk pipeline's simulation.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/montecarlo/bergomi_reference.hpp"
#include "kernels/montecarlo/normal.hpp"
#include "tests/normal_distribution.hpp"

namespace tandem::kernels {
namespace {

Book usual() {
  Book book{{12, 24, 36, 48}, {}, {0.95, 1.05}, {0.85, 0.95}, {0.6, 0.7, 0.8, 0.9}};
  for (int i = 0; i < 6; ++i) book.weights.push_back((8.0 - i) / 33);
  return book;
}

std::vector<double> market_of(std::uint64_t index) {
  std::vector<double> p;
  for (std::size_t d = 0; d < 14; ++d) {
    const double u = random_uniform(9, d, index);
    p.push_back(d < 6 ? -0.3 + 0.6 * u : d < 12 ? -2 + 1.4 * u : d == 12 ? 0.07 * u - 0.01 : 0.2 + 0.6 * u);
  }
  return p;
}

TEST(Derivatives, AreThoseOfThePricesAndOfTheClosedForm) {
  const BookPricer pricer(BergomiDriver({}, 1), usual());
  const std::vector<double> market = market_of(1);
  constexpr std::size_t paths = 2048;
  std::vector<float> prices(32), jacobian(32 * 14), up(32), down(32);
  pricer.price(market, 5, paths, prices, jacobian);
  for (std::size_t d = 0; d < 14; ++d) {
    auto above = market, below = market;
    const double step = 0.01;
    above[d] += step;
    below[d] -= step;
    pricer.price(above, 5, paths, up, {});
    pricer.price(below, 5, paths, down, {});
    for (std::size_t p = 0; p < 32; ++p)
      EXPECT_NEAR(static_cast<double>(jacobian[p * 14 + d]), static_cast<double>(up[p] - down[p]) / (2 * step), 2e-3)
          << "product " << p << " by parameter " << d;
  }
  // One asset, nu = 0: delta and vega of Black and Scholes.
  BergomiModel model;
  model.assets = 1;
  model.vol_of_vol = 0;
  const BookPricer single(BergomiDriver(model, 1), {{48}, {1.0}, {}, {}, {0.95}});
  const double vol = 0.3, rate = 0.03, d1 = std::log(1 / 0.95) / vol + rate / vol + vol / 2;
  float price = 0;
  std::vector<float> slopes(4);
  single.price(std::vector<double>{0, std::log(vol), rate, 0.5}, 1, 16384, std::span(&price, 1), slopes);
  EXPECT_NEAR(static_cast<double>(slopes[0]), -cdf(-d1), 1e-3);
  EXPECT_NEAR(static_cast<double>(slopes[1]), vol * density(d1), 1e-3);
  EXPECT_NEAR(static_cast<double>(slopes[2]), -0.95 * std::exp(-rate) * cdf(vol - d1), 1e-3);
  EXPECT_NEAR(static_cast<double>(slopes[3]), 0, 1e-3);
}

TEST(Prices, CommonPathsAreThePathsOfTheirKey) {
  const BookPricer pricer(BergomiDriver({}, 1), usual());
  const auto table = pricer.table(7, 256);
  std::vector<float> direct(32), common(32);
  pricer.price(market_of(2), 7, 256, direct, {});
  pricer.price(market_of(2), table, common);
  EXPECT_EQ(direct, common);
  EXPECT_THROW(pricer.price(market_of(2), 7, 100, direct, {}), Error);
}

// Root mean square error over shifts falls faster than the -1/2 of independent paths.
TEST(Sobol, ErrorFallsFasterThanThatOfIndependentPaths) {
  const BookPricer pricer(BergomiDriver({}, 1), usual());
  const std::vector<double> market = market_of(3);
  const auto price = [&](std::uint64_t key, std::size_t paths) {
    std::vector<float> prices(32);
    pricer.price(market, key, paths, prices, {});
    return prices;
  };
  std::vector<double> truth(32);
  for (std::uint64_t key = 100; key < 104; ++key) {
    const auto prices = price(key, 16384);
    for (std::size_t p = 0; p < 32; ++p) truth[p] += static_cast<double>(prices[p]) / 4;
  }
  std::vector<double> errors;
  for (const std::size_t paths : {std::size_t{64}, std::size_t{512}, std::size_t{4096}}) {
    double square = 0;
    for (std::uint64_t key = 0; key < 12; ++key) {
      const auto prices = price(key, paths);
      for (std::size_t p = 0; p < 32; ++p) square += std::pow(static_cast<double>(prices[p]) - truth[p], 2);
    }
    errors.push_back(std::sqrt(square / 12));
  }
  const double order = std::log2(errors[0] / errors[2]) / 6;
  RecordProperty("order", std::to_string(order));
  EXPECT_GT(order, 0.6);
}

TEST(Sobol, EveryDimensionIsStratifiedAndThePublishedPointsComeFirst) {
  const Sobol published(8, 0), scrambled(384, 5);
  std::vector<std::uint32_t> zero(8, 0), words(8);
  published.begin(0, zero, words);
  const auto coordinate = [&](std::size_t point, std::size_t d) {
    return static_cast<double>(published.within()[d][point] ^ words[d]) * 0x1p-32;
  };
  // In natural order; Joe and Kuo's first points 0.5; 0.75 0.25; 0.25 0.75 come as numbers 1, 3, 2.
  EXPECT_EQ(coordinate(1, 0), 0.5);
  EXPECT_EQ(coordinate(1, 1), 0.5);
  EXPECT_EQ(coordinate(3, 0), 0.75);
  EXPECT_EQ(coordinate(3, 1), 0.25);
  EXPECT_EQ(coordinate(2, 0), 0.25);
  EXPECT_EQ(coordinate(2, 1), 0.75);
  std::vector<std::uint32_t> shift(384), all(384);
  scrambled.shift(9, shift);
  std::vector<std::vector<int>> hits(384, std::vector<int>(256, 0));
  for (std::size_t b = 0; b < 16; ++b) {
    scrambled.begin(b, shift, all);
    for (std::size_t d = 0; d < 384; ++d)
      for (std::size_t l = 0; l < lanes; ++l) ++hits[d][(all[d] ^ scrambled.within()[d][l]) >> 24];
  }
  for (const auto& strata : hits)
    for (const int count : strata) ASSERT_EQ(count, 1);
  EXPECT_THROW(Sobol(3668, 0), Unsupported);
}

TEST(Normal, IsAccurateAndFiniteToItsEnds) {
  const NormalTable table;
  double worst = 0;
  for (std::uint32_t k = 0; k < (1U << 23); k += 997) {
    for (const std::uint32_t at : {k, (1U << 23) - 1 - k}) {
      const WordLanes words = WordLanes{} + (at << 9);
      const auto found = static_cast<double>(table.at(words)[3]);
      const double expected = normal_quantile((static_cast<double>(at) + 0.5) * 0x1p-23);
      ASSERT_TRUE(std::isfinite(found)) << at;
      worst = std::max(worst, std::abs(found - expected));
    }
  }
  EXPECT_LT(worst, 5e-6);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  for (double u = 0x1p-30; u < 1; u += 0.01) EXPECT_NEAR(cdf(normal_quantile(u)), u, 1e-13);
  const WordLanes ends = {0, 0xffffffffU};
  EXPECT_NEAR(static_cast<double>(table.at(ends)[0]), -5.2946, 1e-3);
  EXPECT_NEAR(static_cast<double>(table.at(ends)[1]), 5.2946, 1e-3);
}

}  // namespace
}  // namespace tandem::kernels
