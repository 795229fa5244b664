#include "kernels/montecarlo/bergomi_reference.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/montecarlo/normal.hpp"

namespace tandem::kernels {
namespace {

// Deviates by factor and bridge level become increments of Brownian motions by factor and step.
using Motions = std::vector<std::vector<double>>;

void halve(std::vector<double>& w, double dt, std::size_t level_first, const std::vector<double>& z) {
  struct Interval {
    std::size_t left, right;
  };
  std::vector<Interval> queue = {{0, w.size() - 1}};
  std::size_t next = level_first;
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const auto [left, right] = queue[i];
    if (right - left < 2) continue;
    const std::size_t middle = (left + right) / 2;
    const double a = dt * static_cast<double>(middle - left), b = dt * static_cast<double>(right - middle);
    w[middle] = (b * w[left] + a * w[right]) / (a + b) + std::sqrt(a * b / (a + b)) * z[next++];
    queue.push_back({left, middle});
    queue.push_back({middle, right});
  }
}

Motions increments(const BergomiModel& model, const std::vector<double>& deviates) {
  Motions motions;
  const double dt = model.step();
  for (std::size_t f = 0; f < model.factors(); ++f) {
    std::vector<double> z(model.steps), w(model.steps + 1, 0.0);
    for (std::size_t level = 0; level < model.steps; ++level) z[level] = deviates[level * model.factors() + f];
    w.back() = std::sqrt(model.years) * z[0];
    halve(w, dt, 1, z);
    std::vector<double> steps;
    for (std::size_t t = 0; t < model.steps; ++t) steps.push_back(w[t + 1] - w[t]);
    motions.push_back(std::move(steps));
  }
  return motions;
}

// One path: assets and their derivatives by ln s_i and rho, averages and theirs, payoffs.
class Path {
 public:
  Path(const BookPricer& pricer, std::span<const double> market)
      : model_(pricer.driver().model()), book_(pricer.book()), p_(market), n_(model_.assets) {}

  // sums [product][1 + parameters]; averages [maturity]: of the basket, discounted.
  void run(const Motions& dw, std::vector<double>& sums, std::vector<double>& averages) {
    const double dt = model_.step(), rate = p_[2 * n_], rho = p_[2 * n_ + 1];
    std::vector<double> spot(n_), by_vol(n_, 0.0), by_rho(n_, 0.0), sum_spot(n_, 0.0), sum_vol(n_, 0.0);
    for (std::size_t i = 0; i < n_; ++i) spot[i] = std::exp(p_[i]);
    double x = 0, basket = 0, sum_rate = 0, sum_rho = 0;
    std::size_t maturity = 0;
    const double decay = std::exp(-model_.reversion * dt);
    for (std::size_t t = 0; t < model_.steps && maturity < book_.maturities.size(); ++t) {
      const double h = std::exp(0.5 * (model_.vol_of_vol * x - model_.vol_of_vol * model_.vol_of_vol / 2 *
                                                                   model_.variance(dt * static_cast<double>(t))));
      const double now = dt * static_cast<double>(t + 1);
      for (std::size_t i = 0; i < n_; ++i) {
        const double s = std::exp(p_[n_ + i]), noise = std::sqrt(rho) * dw[0][t] + std::sqrt(1 - rho) * dw[2 + i][t];
        spot[i] *= std::exp((rate - s * s * h * h / 2) * dt + s * h * noise);
        by_vol[i] += s * h * noise - s * s * h * h * dt;
        by_rho[i] += s * h * (dw[0][t] / (2 * std::sqrt(rho)) - dw[2 + i][t] / (2 * std::sqrt(1 - rho)));
        const double y = book_.weights[i] * spot[i];
        basket += y;
        sum_spot[i] += y;
        sum_vol[i] += y * by_vol[i];
        sum_rate += y * now;
        sum_rho += y * by_rho[i];
      }
      const double dz = model_.leverage * dw[0][t] + std::sqrt(1 - model_.leverage * model_.leverage) * dw[1][t];
      x = decay * x + std::sqrt(model_.variance(dt) / dt) * dz;
      if (t + 1 != book_.maturities[maturity]) continue;
      const auto steps = static_cast<double>(t + 1);
      std::vector<double> slope;
      slope.reserve(2 * sum_spot.size() + 2);
      for (const double v : sum_spot) slope.push_back(v / steps);
      for (const double v : sum_vol) slope.push_back(v / steps);
      slope.push_back(sum_rate / steps);
      slope.push_back(sum_rho / steps);
      double* to = &sums[maturity * book_.each() * (2 * n_ + 3)];
      const double discount = std::exp(-rate * now);
      const auto pay = [&](double gain, double sign, const std::vector<double>& slopes) {
        if (gain > 0) {
          to[0] += discount * gain;
          for (std::size_t d = 0; d < slopes.size(); ++d) to[1 + d] += discount * sign * slopes[d];
          to[1 + 2 * n_] -= discount * now * gain;
        }
        to += 2 * n_ + 3;
      };
      for (const double strike : book_.calls) pay(basket / steps - strike, 1, slope);
      for (const double strike : book_.puts) pay(strike - basket / steps, -1, slope);
      const auto worst = static_cast<std::size_t>(std::min_element(spot.begin(), spot.end()) - spot.begin());
      std::vector<double> single(2 * n_ + 2, 0.0);
      single[worst] = spot[worst];
      single[n_ + worst] = spot[worst] * by_vol[worst];
      single[2 * n_] = spot[worst] * now;
      single[2 * n_ + 1] = spot[worst] * by_rho[worst];
      for (const double strike : book_.worst) pay(strike - spot[worst], -1, single);
      averages[maturity++] = discount * basket / steps;
    }
  }

 private:
  const BergomiModel& model_;
  const Book& book_;
  std::span<const double> p_;
  std::size_t n_;
};

// Discounted expectation of the average, of each maturity.
std::vector<double> forwards(const BookPricer& pricer, std::span<const double> p) {
  const BergomiModel& model = pricer.driver().model();
  const double rate = p[2 * model.assets];
  double basket = 0, sum = 0;
  for (std::size_t i = 0; i < model.assets; ++i) basket += pricer.book().weights[i] * std::exp(p[i]);
  std::vector<double> result;
  for (std::size_t t = 1; t <= model.steps; ++t) {
    const double now = model.step() * static_cast<double>(t);
    sum += basket * std::exp(rate * now);
    const auto& all = pricer.book().maturities;
    if (std::find(all.begin(), all.end(), t) != all.end())
      result.push_back(std::exp(-rate * now) * sum / static_cast<double>(t));
  }
  return result;
}

}  // namespace

BookReference book_reference(const BookPricer& pricer, std::span<const double> market, std::uint64_t key,
                             std::size_t paths) {
  const Sobol& sobol = pricer.driver().sobol();
  const std::size_t maturities = pricer.book().maturities.size(), width = pricer.parameters() + 1;
  std::vector<std::uint32_t> shift(sobol.dimensions()), words(sobol.dimensions());
  sobol.shift(key, shift);
  std::vector<double> sums(pricer.book().products() * width), means(maturities), squares(maturities),
      deviates(shift.size());
  Path path(pricer, market);
  for (std::size_t n = 0; n < paths; ++n) {
    sobol.begin(n / lanes, shift, words);
    for (std::size_t d = 0; d < words.size(); ++d) {
      const std::uint32_t word = words[d] ^ sobol.within()[d][n % lanes];
      deviates[d] = normal_quantile((static_cast<double>(word >> 9) + 0.5) * 0x1p-23);
    }
    std::vector<double> averages(maturities);
    path.run(increments(pricer.driver().model(), deviates), sums, averages);
    for (std::size_t m = 0; m < maturities; ++m) {
      means[m] += averages[m] / static_cast<double>(paths);
      squares[m] += averages[m] * averages[m] / static_cast<double>(paths);
    }
  }
  BookReference result;
  for (std::size_t at = 0; at < sums.size(); ++at)
    (at % width == 0 ? result.prices : result.jacobian).push_back(sums[at] / static_cast<double>(paths));
  result.forwards = forwards(pricer, market);
  for (std::size_t m = 0; m < maturities; ++m)
    result.errors.push_back(std::sqrt((squares[m] - means[m] * means[m]) / static_cast<double>(paths)));
  return result;
}

}  // namespace tandem::kernels
