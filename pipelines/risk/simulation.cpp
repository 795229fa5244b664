#include "pipelines/risk/simulation.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <exception>

#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::uint64_t train_scramble = 1, truth_scramble = 2, coarse_key = 3;

kernels::BookPricer pricer_of(const RiskSize& size, std::uint64_t scramble) {
  return {kernels::BergomiDriver(risk_model(size), scramble), risk_book(size)};
}

std::uint64_t key_of(const Case& one, Fidelity fidelity) {
  std::uint64_t key = mix(static_cast<std::uint64_t>(fidelity) + 1);
  for (const double value : one.parameters) key = mix(key ^ std::bit_cast<std::uint64_t>(value));
  return key;
}

// body(i) for every case, shared over threads; the first error is thrown again.
template <typename Body>
void each_case(std::size_t count, int threads, const Body& body) {
  std::exception_ptr error;
#pragma omp parallel for schedule(dynamic, 4) num_threads(std::max(1, threads))
  for (std::size_t i = 0; i < count; ++i) {
    try {
      body(i);
    } catch (...) {
#pragma omp critical(risk_error)
      if (!error) error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

void check_market(const RiskSize& size, const Case& one) {
  check(one.parameters.size() == size.parameters(), "risk: a market of {} parameters, expected {}",
        one.parameters.size(), size.parameters());
  for (const double value : one.parameters) check(std::isfinite(value), "risk: a market with a parameter of {}", value);
}

}  // namespace

kernels::BergomiModel risk_model(const RiskSize& size) {
  kernels::BergomiModel model;
  model.assets = size.assets;
  model.steps = size.steps;
  model.years = risk_years;
  return model;
}

kernels::Book risk_book(const RiskSize& size) {
  kernels::Book book;
  for (std::size_t m = 1; m <= size.maturities; ++m) book.maturities.push_back(size.steps * m / size.maturities);
  double total = 0;
  for (std::size_t i = 0; i < size.assets; ++i) total += static_cast<double>(size.assets + 2 - i);
  for (std::size_t i = 0; i < size.assets; ++i)
    book.weights.push_back(static_cast<double>(size.assets + 2 - i) / total);  // falling
  book.calls.assign(risk_calls.begin(), risk_calls.end());
  book.puts.assign(risk_puts.begin(), risk_puts.end());
  book.worst.assign(risk_worst.begin(), risk_worst.end());
  return book;
}

RiskRange risk_range(const RiskSize& size, std::size_t d) {
  if (d < size.assets) return risk_spot;
  if (d < 2 * size.assets) return risk_vol;
  return d == 2 * size.assets ? risk_rate : risk_rho;
}

double risk_outside(const RiskSize& size, std::span<const double> parameters) {
  double worst = 0;
  for (std::size_t d = 0; d < parameters.size(); ++d) {
    const RiskRange range = risk_range(size, d);
    const double u = (parameters[d] - range.low) / (range.high - range.low);
    worst = std::max(worst, std::isfinite(u) ? std::max(-u, u - 1) : HUGE_VAL);
  }
  return worst;
}

RiskCoarse::RiskCoarse(const RiskSize& size, std::size_t paths, int threads)
    : pricer_(pricer_of(size, train_scramble)), table_(pricer_.table(coarse_key, paths)), threads_(threads) {}

Fields RiskCoarse::predict(std::span<const Case> cases) const {
  Fields prices(cases.size(), pricer_.book().products());
  each_case(cases.size(), threads_, [&](std::size_t i) { pricer_.price(cases[i].parameters, table_, prices.row(i)); });
  return prices;
}

double RiskCoarse::flops() const {
  const std::size_t blocks = table_.size() / pricer_.driver().sums();
  return static_cast<double>(blocks * kernels::lanes) *
         kernels::pricing_flops(pricer_.driver().model(), pricer_.book(), false);
}

RiskSimulation::RiskSimulation(const RiskSize& size, int threads)
    : size_(size),
      threads_(threads),
      train_(pricer_of(size, train_scramble)),
      truth_(pricer_of(size, truth_scramble)),
      coarse_(coarse_model()) {}

std::vector<Sample> RiskSimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  const std::size_t products = size_.products(), parameters = size_.parameters();
  std::vector<Sample> samples(cases.size());
  Fields coarse;
  if (fidelity == Fidelity::coarse) coarse = coarse_->predict(cases);
  each_case(cases.size(), threads_, [&](std::size_t i) {
    check_market(size_, cases[i]);
    Sample& sample = samples[i];
    sample.index = cases[i].index;
    sample.arrays["parameters"] = {{parameters}, {cases[i].parameters.begin(), cases[i].parameters.end()}};
    Array& price = sample.arrays["price"];
    price = {{products}, std::vector<float>(products)};
    const std::uint64_t key = key_of(cases[i], fidelity);
    if (fidelity == Fidelity::coarse) {
      price.values.assign(coarse.row(i).begin(), coarse.row(i).end());
    } else if (fidelity == Fidelity::truth) {
      truth_.price(cases[i].parameters, key, size_.truth_paths, price.values, {});
    } else {
      Array& jacobian = sample.arrays["jacobian"];
      jacobian = {{products, parameters}, std::vector<float>(products * parameters)};
      train_.price(cases[i].parameters, key, size_.train_paths, price.values, jacobian.values);
    }
  });
  return samples;
}

std::span<const float> RiskSimulation::outputs(const Sample& sample) const { return sample.arrays.at("price").values; }

double RiskSimulation::invariant(const Case& problem_case, std::span<const float> prices) const {
  check(prices.size() == size_.products(), "risk: {} outputs, expected {}", prices.size(), size_.products());
  const kernels::Book& book = train_.book();
  const std::vector<double>& p = problem_case.parameters;
  const double rate = p[2 * size_.assets], dt = train_.driver().model().step();
  double basket = 0, worst = 0, forward = 0;
  for (std::size_t i = 0; i < size_.assets; ++i) basket += book.weights[i] * std::exp(p[i]);
  const auto breach = [&](double by) { worst = std::isnan(by) ? by : std::max(worst, by); };
  std::size_t step = 0, at = 0;
  for (const std::size_t maturity : book.maturities) {
    for (; step < maturity; ++step) forward += basket * std::exp(rate * dt * static_cast<double>(step + 1));
    const double discount = std::exp(-rate * dt * static_cast<double>(maturity));
    const auto price = [&](std::size_t k) { return static_cast<double>(prices[at + k]); };
    const std::size_t calls = book.calls.size(), puts = book.puts.size();
    for (std::size_t k = 0; k < book.each(); ++k) breach(-price(k));
    for (std::size_t c = 0; c < calls; ++c)
      for (std::size_t q = 0; q < puts; ++q)
        if (book.calls[c] == book.puts[q])
          breach(std::abs(price(c) - price(calls + q) -
                          discount * (forward / static_cast<double>(maturity) - book.calls[c])));
    for (std::size_t k = 1; k < calls; ++k) breach(price(k) - price(k - 1));
    for (std::size_t k = calls + 1; k < book.each(); ++k)
      if (k != calls + puts) breach(price(k - 1) - price(k));
    at += book.each();
    if (std::isnan(worst)) return worst;
  }
  return worst;
}

std::unique_ptr<Model> RiskSimulation::coarse_model() const {
  return std::make_unique<RiskCoarse>(size_, size_.coarse_paths, threads_);
}

}  // namespace tandem::pipelines
