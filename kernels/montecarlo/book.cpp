// With y_i = w_i S_i and m_i = s_i (sqrt(rho) A_0 + sqrt(1 - rho) A_i), ln S_i = ln S_i(0) + r t + m_i - s_i^2/2 V and
//   d ln S_i / d ln s_i = m_i - s_i^2 V,  d/dr = t,  d/drho = s_i (A_0 / (2 sqrt(rho)) - A_i / (2 sqrt(1 - rho))).
#include "kernels/montecarlo/book.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t blocks_in_fp32 = 32;  // whose sums are added up before they go to fp64

}  // namespace

struct BookPricer::Market {
  std::array<float, most_assets> level, common, own, drift, rho_common, rho_own, unweigh;  // of each asset
  std::vector<double> discounts;                                                           // of each maturity
  double rate;

  Market(const BergomiModel& model, const Book& book, std::span<const double> p) : rate(p[2 * model.assets]) {
    const double rho = p[2 * model.assets + 1];
    check(rho > 0 && rho < 1, "a correlation of {}: expected between 0 and 1", rho);
    for (std::size_t i = 0; i < model.assets; ++i) {
      const double s = std::exp(p[model.assets + i]);
      level[i] = static_cast<float>(p[i] + std::log(book.weights[i]));
      common[i] = static_cast<float>(s * std::sqrt(rho));
      own[i] = static_cast<float>(s * std::sqrt(1 - rho));
      drift[i] = static_cast<float>(-s * s / 2);
      rho_common[i] = static_cast<float>(s / (2 * std::sqrt(rho)));
      rho_own[i] = static_cast<float>(-s / (2 * std::sqrt(1 - rho)));
      unweigh[i] = static_cast<float>(1 / book.weights[i]);
    }
    for (const std::size_t at : book.maturities)
      discounts.push_back(std::exp(-rate * model.step() * static_cast<double>(at)));
  }
};

// Sums over the steps so far, and the assets at the last of them.
struct BookPricer::Average {
  Lanes basket = {}, by_rate = {}, by_rho = {};
  std::array<Lanes, most_assets> by_spot, by_vol;  // the basket is the sum of by_spot
  std::array<Lanes, most_assets> y, vol, rho;      // y_i, d ln S_i / d ln s_i, d ln S_i / d rho now
  float steps = 0, time = 0;
};

BookPricer::BookPricer(BergomiDriver driver, Book book) : driver_(std::move(driver)), book_(std::move(book)) {
  check(book_.weights.size() == driver_.model().assets, "a basket of {} weights for {} assets", book_.weights.size(),
        driver_.model().assets);
  for (std::size_t m = 0; m < book_.maturities.size(); ++m)
    check(book_.maturities[m] > (m == 0 ? 0 : book_.maturities[m - 1]) && book_.maturities[m] <= driver_.model().steps,
          "maturities of a book must rise from 1 to {} steps", driver_.model().steps);
}

// totals [product][1 + parameters]: sums of payoffs and of their derivatives.
template <bool greeks>
void BookPricer::pay(const Market& market, std::size_t maturity, const Average& average, Lanes* totals) const {
  const std::size_t assets = driver_.model().assets, width = greeks ? 1 + parameters() : 1;
  const float scale = 1 / average.steps;
  const Lanes mean = average.basket * scale;
  Lanes* to = totals + maturity * book_.each() * width;
  const auto asian = [&](double strike, float sign) {
    const Lanes gain = sign * (mean - static_cast<float>(strike));
    const Lanes in = gain > 0.0f ? Lanes{} + sign * scale : Lanes{};
    to[0] += gain > 0.0f ? gain : Lanes{};
    if constexpr (greeks) {
      for (std::size_t i = 0; i < assets; ++i) to[1 + i] += in * average.by_spot[i];
      for (std::size_t i = 0; i < assets; ++i) to[1 + assets + i] += in * average.by_vol[i];
      to[1 + 2 * assets] += in * average.by_rate;
      to[2 + 2 * assets] += in * average.by_rho;
    }
    to += width;
  };
  for (const double strike : book_.calls) asian(strike, 1);
  for (const double strike : book_.puts) asian(strike, -1);

  Lanes worst = average.y[0] * market.unweigh[0];
  for (std::size_t i = 1; i < assets; ++i) {
    const Lanes spot = average.y[i] * market.unweigh[i];
    worst = spot < worst ? spot : worst;
  }
  std::array<Lanes, most_assets> by_spot, by_vol;  // of the worst alone
  Lanes by_rho = {};
  if constexpr (greeks)
    for (std::size_t i = 0; i < assets; ++i) {
      by_spot[i] = average.y[i] * market.unweigh[i] == worst ? worst : Lanes{};
      by_vol[i] = by_spot[i] * average.vol[i];
      by_rho += by_spot[i] * average.rho[i];
    }
  for (const double strike : book_.worst) {
    const Lanes gain = static_cast<float>(strike) - worst;
    to[0] += gain > 0.0f ? gain : Lanes{};
    if constexpr (greeks) {
      const Lanes in = gain > 0.0f ? Lanes{} - 1.0f : Lanes{};
      for (std::size_t i = 0; i < assets; ++i) to[1 + i] += in * by_spot[i];
      for (std::size_t i = 0; i < assets; ++i) to[1 + assets + i] += in * by_vol[i];
      to[1 + 2 * assets] += in * worst * average.time;
      to[2 + 2 * assets] += in * by_rho;
    }
    to += width;
  }
}

template <bool greeks>
void BookPricer::add(const Market& market, const Lanes* sums, Lanes* totals) const {
  const BergomiModel& model = driver_.model();
  const std::size_t assets = model.assets, factors = model.factors();
  const auto dt = static_cast<float>(model.step()), rate = static_cast<float>(market.rate);
  Average average;
  if constexpr (greeks)
    for (std::size_t i = 0; i < assets; ++i) average.by_spot[i] = average.by_vol[i] = Lanes{};
  std::size_t maturity = 0;
  for (std::size_t t = 0; t < model.steps && maturity < book_.maturities.size(); ++t) {
    const Lanes* const row = sums + t * factors;
    average.steps = static_cast<float>(t + 1);
    average.time = dt * average.steps;
    Lanes basket = {};
    for (std::size_t i = 0; i < assets; ++i) {
      const Lanes moved = market.common[i] * row[0] + market.own[i] * row[2 + i];
      const Lanes damped = market.drift[i] * row[1];
      const Lanes y = exp(moved + damped + (market.level[i] + rate * average.time));
      average.y[i] = y;
      basket += y;
      if constexpr (greeks) {
        average.vol[i] = moved + 2.0f * damped;
        average.rho[i] = market.rho_common[i] * row[0] + market.rho_own[i] * row[2 + i];
        average.by_spot[i] += y;
        average.by_vol[i] += y * average.vol[i];
        average.by_rho += y * average.rho[i];
      }
    }
    average.basket += basket;
    if constexpr (greeks) average.by_rate += average.time * basket;
    if (t + 1 == book_.maturities[maturity]) pay<greeks>(market, maturity++, average, totals);
  }
}

void BookPricer::finish(const Market& market, std::size_t paths, std::span<const double> totals,
                        std::span<float> prices, std::span<float> jacobian) const {
  const std::size_t width = totals.size() / book_.products(), count = parameters();
  for (std::size_t p = 0; p < book_.products(); ++p) {
    const std::size_t maturity = p / book_.each();
    const double scale = market.discounts[maturity] / static_cast<double>(paths), price = scale * totals[p * width];
    prices[p] = static_cast<float>(price);
    for (std::size_t d = 0; d < jacobian.size() / book_.products(); ++d)
      jacobian[p * count + d] = static_cast<float>(scale * totals[p * width + 1 + d]);
    if (jacobian.empty()) continue;
    const double time = driver_.model().step() * static_cast<double>(book_.maturities[maturity]);
    jacobian[p * count + count - 2] -= static_cast<float>(time * price);
  }
}

namespace {

// Sums over lanes and blocks.
class Totals {
 public:
  explicit Totals(std::size_t count) : block_(count), sums_(count) {}
  Lanes* block() { return block_.data(); }
  void flush() {
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      double sum = 0;
      for (std::size_t l = 0; l < lanes; ++l) sum += static_cast<double>(block_[i][l]);
      sums_[i] += sum;
      block_[i] = Lanes{};
    }
  }
  std::span<const double> sums() const { return sums_; }

 private:
  std::vector<Lanes> block_;
  std::vector<double> sums_;
};

std::size_t blocks_of(std::size_t paths) {
  check(paths > 0 && paths % lanes == 0, "{} paths: expected a multiple of {}", paths, lanes);
  return paths / lanes;
}

}  // namespace

void BookPricer::price(std::span<const double> parameters_of, std::uint64_t key, std::size_t paths,
                       std::span<float> prices, std::span<float> jacobian) const {
  const Market market(driver_.model(), book_, parameters_of);
  const std::size_t blocks = blocks_of(paths);
  std::vector<std::uint32_t> shift(driver_.model().dimensions()), words(shift.size());
  std::vector<Lanes> sums(driver_.sums());
  driver_.sobol().shift(key, shift);
  Totals totals(book_.products() * (jacobian.empty() ? 1 : 1 + parameters()));
  for (std::size_t b = 0; b < blocks; ++b) {
    driver_.drive(b, shift, words, sums.data());
    if (jacobian.empty())
      add<false>(market, sums.data(), totals.block());
    else
      add<true>(market, sums.data(), totals.block());
    if ((b + 1) % blocks_in_fp32 == 0 || b + 1 == blocks) totals.flush();
  }
  finish(market, paths, totals.sums(), prices, jacobian);
}

Buffer<Lanes> BookPricer::table(std::uint64_t key, std::size_t paths) const {
  const std::size_t blocks = blocks_of(paths);
  Buffer<Lanes> table(blocks * driver_.sums());
  std::vector<std::uint32_t> shift(driver_.model().dimensions()), words(shift.size());
  driver_.sobol().shift(key, shift);
  for (std::size_t b = 0; b < blocks; ++b) driver_.drive(b, shift, words, table.data() + b * driver_.sums());
  return table;
}

void BookPricer::price(std::span<const double> parameters_of, const Buffer<Lanes>& table,
                       std::span<float> prices) const {
  const Market market(driver_.model(), book_, parameters_of);
  const std::size_t blocks = table.size() / driver_.sums();
  Totals totals(book_.products());
  for (std::size_t b = 0; b < blocks; ++b) {
    add<false>(market, table.data() + b * driver_.sums(), totals.block());
    if ((b + 1) % blocks_in_fp32 == 0 || b + 1 == blocks) totals.flush();
  }
  finish(market, blocks * lanes, totals.sums(), prices, {});
}

double pricing_flops(const BergomiModel& model, const Book& book, bool jacobian) {
  const auto assets = static_cast<double>(model.assets), steps = static_cast<double>(model.steps);
  const auto products = static_cast<double>(book.products()), maturities = static_cast<double>(book.maturities.size());
  const double payoffs = 3 * products + 2 * assets * maturities;
  const double prices = steps * (assets * (exp_flops + 7) + 1) + payoffs;
  if (!jacobian) return prices;
  return prices + steps * (assets * 10 + 2) + products * 2 * (2 * assets + 2) + 5 * assets * maturities;
}

}  // namespace tandem::kernels
