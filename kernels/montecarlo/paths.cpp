// Prices of a path-dependent book and their derivatives in many markets: Sobol points with a digital shift for each
// market, normal deviates, Brownian bridge, one-factor Bergomi paths, payoffs with pathwise derivatives; what the
// simulation of the risk pipeline does. Operations by the formulas of bergomi.hpp and book.hpp. Judged by plain fp64
// loops over the same points, and by the known expectation of a call less a put of the same strike.
#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/choices.hpp"
#include "kernels/learning/judging.hpp"
#include "kernels/montecarlo/bergomi_reference.hpp"

namespace tandem::kernels {

namespace {

// The book of the risk pipeline at size S.
Book usual_book() {
  Book book;
  book.maturities = {12, 24, 36, 48};
  for (int i = 0; i < 6; ++i) book.weights.push_back((8.0 - i) / 33.0);
  book.calls = {0.95, 1.05};
  book.puts = {0.85, 0.95};
  book.worst = {0.6, 0.7, 0.8, 0.9};
  return book;
}
constexpr std::size_t shared_call = 0, shared_put = 3;  // the strike of 0.95, of each maturity

bool derivatives_of(const Settings& settings) { return second_of(settings, "derivatives", "no", "yes"); }

class Paths : public Kernel {
 public:
  Paths(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        markets_(count_of(settings, "markets", 1 << 20)),
        paths_(count_of(settings, "paths", 1 << 20)),
        derivatives_(derivatives_of(settings)),
        pricer_(BergomiDriver({}, 1), usual_book()),
        width_(pricer_.book().products() * (derivatives_ ? 1 + pricer_.parameters() : 1)),
        results_(markets_ * width_) {}

  void prepare(Data data) override {
    parameters_.clear();
    const std::uint64_t rank = static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000 : 0);
    for (std::size_t m = 0; m < markets_; ++m) {
      std::vector<double> p;
      for (std::size_t d = 0; d < pricer_.parameters(); ++d) {
        const double u = random_uniform(seed_, rank, m * pricer_.parameters() + d);
        p.push_back(d < 6 ? -0.3 + 0.6 * u : d < 12 ? -2 + 1.4 * u : d == 12 ? -0.01 + 0.07 * u : 0.2 + 0.6 * u);
      }
      parameters_.push_back(std::move(p));
    }
  }

  void run() override {
#pragma omp parallel for schedule(static)
    for (std::size_t m = 0; m < markets_; ++m) {
      const std::span<float> all = std::span<float>(results_).subspan(m * width_, width_);
      const std::size_t products = pricer_.book().products();
      pricer_.price(parameters_[m], m, paths_, all.first(products), all.subspan(products));
    }
  }

  // In single precision, prices round in sums of 48 steps; derivatives jump where a payoff has its kink, and a path
  // that ends there may lie on the other side: one path's share.
  std::vector<Verdict> verify() override {
    const std::size_t products = pricer_.book().products();
    double price = 0, slope = 0, parity = 0;
    for (std::size_t m = 0; m < markets_; ++m) {
      const BookReference reference = book_reference(pricer_, parameters_[m], m, paths_);
      const float* const own = &results_[m * width_];
      for (std::size_t p = 0; p < products; ++p)
        worse(price, std::abs(static_cast<double>(own[p]) - reference.prices[p]));
      for (std::size_t i = products; i < width_; ++i)
        worse(slope, std::abs(static_cast<double>(own[i]) - reference.jacobian[i - products]));
      const double rate = parameters_[m][12];
      for (std::size_t t = 0; t < reference.forwards.size(); ++t) {
        const float* const at = own + t * pricer_.book().each();
        const double discount = std::exp(-rate * 0.25 * static_cast<double>(t + 1));
        const double difference = static_cast<double>(at[shared_call]) - static_cast<double>(at[shared_put]);
        worse(parity,
              std::abs(difference + 0.95 * discount - reference.forwards[t]) / (4 * reference.errors[t] + 1e-5));
      }
    }
    std::vector<Verdict> verdicts = {{"price, error against fp64, of notional", price, 2e-5},
                                     {"call less put, error / 4 standard errors", parity, 1}};
    if (derivatives_)
      verdicts.push_back({"derivative, error against fp64", slope, 2e-4 + 1.0 / static_cast<double>(paths_)});
    for (Verdict& verdict : verdicts) verdict.value = worst_of(ranks_, verdict.value);
    return verdicts;
  }

  Facts facts() const override {
    const auto count = static_cast<double>(markets_ * paths_);
    const BergomiModel& model = pricer_.driver().model();
    Facts facts;
    facts.flops = count * (driving_flops(model) + pricing_flops(model, pricer_.book(), derivatives_));
    facts.bytes = 4 * static_cast<double>(results_.size()) + 8 * static_cast<double>(markets_ * pricer_.parameters());
    facts.working_set = 64.0 * static_cast<double>(2 * pricer_.driver().sums() + width_);
    facts.limit = "fp32";
    facts.notes = {{"flops a path", fmt::format("{:.0f}", facts.flops / count)},
                   {"normal deviates a path", fmt::format("{}", model.dimensions())}};
    return facts;
  }

  Output output() override { return {results_.data(), results_.size(), Output::Type::fp32}; }

 private:
  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t markets_, paths_;
  bool derivatives_;
  BookPricer pricer_;
  std::size_t width_;
  std::vector<std::vector<double>> parameters_;
  Buffer<float> results_;
};

double memory_of(const Settings& settings, const Placement&) {
  derivatives_of(settings);
  const auto paths = count_of(settings, "paths", 1 << 20);
  check_usage(paths % lanes == 0, "paths={}: expected a multiple of {}", paths, lanes);
  return 1e7 + 8.0 * 480 * static_cast<double>(count_of(settings, "markets", 1 << 20));
}

}  // namespace

KernelEntry montecarlo_paths() {
  KernelEntry entry;
  entry.name = "montecarlo/paths";
  entry.summary = "quasi-Monte Carlo prices of a path-dependent book with derivatives, in many markets";
  entry.parameters = {{"markets", "256", "markets of each rank"},
                      {"paths", "64", "paths of each market, a multiple of 16"},
                      {"derivatives", "yes", "yes, or no: prices alone"}};
  entry.memory = memory_of;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    memory_of(settings, {});
    return std::make_unique<Paths>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
