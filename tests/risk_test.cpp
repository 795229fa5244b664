// The risk pipeline in small, inside this process: its words, its answers and their judgement.
#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "pipelines/risk/learner.hpp"
#include "pipelines/risk/problem.hpp"
#include "pipelines/risk/rivals.hpp"
#include "pipelines/risk/simulation.hpp"
#include "tests/risk_small.hpp"

namespace tandem::pipelines {
namespace {

constexpr const RiskSize& size = risk_small_size;
const Ranks& one_rank() {
  static const Ranks ranks(1);
  return ranks;
}

std::vector<Case> cases_of(Purpose purpose, std::uint64_t seed, std::size_t count) {
  const RiskProblem problem(size);
  std::vector<Case> cases;
  for (std::size_t i = 0; i < count; ++i) cases.push_back(problem.draw(purpose, seed, i));
  return cases;
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all =
      RiskSimulation(size, 2).simulate(cases_of(Purpose::training, 5, size.schedule.samples), Fidelity::train);
  return all;
}

std::vector<const Sample*> pointers() {
  std::vector<const Sample*> all;
  for (const Sample& sample : samples()) all.push_back(&sample);
  return all;
}

std::unique_ptr<Learner> trained(std::size_t steps) {
  auto learner = make_risk_learner(size, 3);
  const auto all = pointers();
  learner->prepare(all, one_rank());
  for (std::size_t step = 0; step < steps; ++step) {
    std::vector<Pair> batch;
    for (std::size_t i = 0; i < 60; ++i) batch.push_back({all[random_bits(1, step, i) % all.size()], 0});
    learner->learn(step, batch, batch.size(), one_rank());
  }
  return learner;
}

const Model& network() {
  static const auto model = trained(size.schedule.batches)->model();
  return *model;
}

std::vector<double> errors(const Model& model) {
  const RiskProblem problem(size);
  const RiskSimulation simulation(size, 2);
  const auto cases = cases_of(Purpose::holdout, 77, 124);
  const auto truths = simulation.simulate(cases, Fidelity::truth);
  const Fields predicted = model.predict(cases);
  std::vector<double> all;
  for (std::size_t i = 0; i < cases.size(); ++i)
    all.push_back(problem.error(cases[i], simulation.outputs(truths[i]), predicted.row(i)));
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<Verdict> judged(const Model& model) {
  const RiskProblem problem(size);
  const RiskSimulation simulation(size, 2);
  return problem.judge(problem.answer(model, 4, 20, one_rank()), 4, simulation, one_rank());
}

bool passes(const std::vector<Verdict>& verdicts, const std::string& check) {
  for (const Verdict& verdict : verdicts)
    if (verdict.check == check) return verdict.pass();
  ADD_FAILURE() << "no verdict " << check;
  return false;
}

TEST(Risk, TheNetworkPassesAndTheRivalsAreWorse) {
  const auto network_errors = errors(network());
  EXPECT_LT(network_errors[121], size.target);
  for (const Rival& rival : RiskProblem(size).rivals()) {
    const auto learner = rival.make();
    learner->prepare(pointers(), one_rank());
    const auto rival_errors = errors(*learner->model());
    if (rival.trivial) {
      EXPECT_LT(network_errors[62], 0.5 * rival_errors[62]) << rival.name;
      EXPECT_GT(rival_errors[121], size.target) << rival.name;
    } else {
      EXPECT_LT(network_errors[62], rival_errors[62]) << rival.name;
    }
  }
}

TEST(Risk, AnswersOfNetworkAndCoarseMethodHoldAndThoseOfTheMeanDoNot) {
  for (const Verdict& verdict : judged(network()))
    EXPECT_TRUE(verdict.pass()) << "network: " << verdict.check << " " << verdict.value;
  const RiskSimulation simulation(size, 2);
  for (const Verdict& verdict : judged(*simulation.coarse_model()))
    EXPECT_TRUE(verdict.pass()) << "coarse: " << verdict.check << " " << verdict.value;
  RiskPolynomial mean(size, 0);
  mean.prepare(pointers(), one_rank());
  const auto verdicts = judged(*mean.model());
  for (const char* check : {"VaR99 of A, relative error", "ES99 of B, relative error", "mis-marked by 50 bp, 1 - AUC"})
    EXPECT_FALSE(passes(verdicts, check)) << check;
  EXPECT_TRUE(passes(verdicts, "parity of full revaluations / notional"));
}

// A model that answers as the network does and has lost one price in a thousand.
class Losing : public Model {
 public:
  Fields predict(std::span<const Case> cases) const override {
    Fields fields = network().predict(cases);
    for (std::size_t i = 0; i < fields.values.size(); i += 1000) fields.values[i] = std::nanf("");
    return fields;
  }
};

TEST(Risk, ANotANumberPassesNothing) {
  const auto verdicts = judged(Losing());
  for (const char* check : {"VaR99 of A, relative error", "ES99 of A, relative error"})
    EXPECT_FALSE(passes(verdicts, check)) << check;
  EXPECT_TRUE(std::isnan(risk_auc(std::vector<double>{0.0, std::nan("")}, 0.01)));
}

// A growing design simulates where the model sees losses, and stops by VaR and shortfall of a fresh block.
TEST(Risk, SteeringGoesToTheTailsAndStopsByThem) {
  const RiskProblem problem(size);
  const std::vector<Case> known(16);
  const auto proposed = problem.propose(network(), 6, known, 11, one_rank());
  ASSERT_EQ(proposed.size(), 11u);
  std::vector<Case> all = {{Purpose::question, 0, risk_today(size), {}}};
  for (std::size_t i = 0; i < 88; ++i) all.push_back(problem.draw(Purpose::steering, 6, 8 * known.size() + i));
  const Fields prices = network().predict(all);
  const std::vector<double> units = risk_portfolio(size, true);  // B
  std::vector<double> values;
  for (std::size_t i = 1; i < all.size(); ++i) {
    double value = 0;
    for (std::size_t p = 0; p < units.size(); ++p) value += units[p] * static_cast<double>(prices.row(i)[p]);
    values.push_back(value);
  }
  const auto least = std::min_element(values.begin(), values.end()) - values.begin();
  std::set<std::vector<double>> distinct;
  for (const Case& one : proposed) distinct.insert(one.parameters);
  EXPECT_EQ(distinct.size(), 11u);
  EXPECT_TRUE(distinct.contains(all[static_cast<std::size_t>(least) + 1].parameters)) << "the largest loss of B";
  const RiskSimulation simulation(size, 2);
  for (const Verdict& verdict : problem.criterion(network(), 3, simulation, one_rank())) {
    EXPECT_LT(verdict.value, 0.1) << verdict.check;
    EXPECT_EQ(verdict.limit, risk_tail_criterion);
  }
  EXPECT_FALSE(problem.criterion(Losing(), 3, simulation, one_rank())[0].pass());
}

TEST(Risk, InvariantsHoldInTheTruthAndSeeAWrongDrift) {
  const auto spec = RiskProblem(size).spec();
  const auto pipeline = risk_small().make({}, 2), wrong = risk_drift().make({}, 2);
  const auto cases = cases_of(Purpose::training, 6, 64);
  const auto worst = [&](const Simulation& simulation, Fidelity fidelity) {
    double largest = 0;
    const auto all = simulation.simulate(cases, fidelity);
    for (std::size_t i = 0; i < cases.size(); ++i)
      largest = std::max(largest, simulation.invariant(cases[i], simulation.outputs(all[i])));
    return largest;
  };
  EXPECT_LT(worst(*pipeline.simulation, Fidelity::train), spec.gate.truth_invariant);
  EXPECT_LT(worst(*pipeline.simulation, Fidelity::truth), risk_truth_parity);
  EXPECT_GT(worst(*wrong.simulation, Fidelity::truth), 10 * risk_truth_parity);
  EXPECT_GT(worst(*wrong.simulation, Fidelity::train), spec.gate.truth_invariant);
  auto prices = std::vector<float>(size.products(), 0.1f);
  EXPECT_GT(pipeline.simulation->invariant(cases[0], prices), 0.01);
  prices[3] = std::nanf("");
  EXPECT_TRUE(std::isnan(pipeline.simulation->invariant(cases[0], prices)));
}

TEST(Risk, AMarketOutsideTheBoxIsFlaggedNotExtrapolated) {
  auto cases = cases_of(Purpose::holdout, 8, 3);
  cases[1].parameters[0] = risk_spot.high + 0.01;
  const Fields prices = network().predict(cases);
  for (std::size_t p = 0; p < prices.columns; ++p) {
    EXPECT_TRUE(std::isfinite(prices.row(0)[p]));
    EXPECT_TRUE(std::isnan(prices.row(1)[p]));
    EXPECT_TRUE(std::isfinite(prices.row(2)[p]));
  }
  cases[1].parameters[0] = std::nan("");
  EXPECT_TRUE(std::isnan(network().predict(cases).row(1)[0]));
  EXPECT_THROW(RiskSimulation(size, 1).simulate(cases, Fidelity::train), Error);
  std::size_t beyond = 0;
  for (std::uint64_t i = 0; i < 4000; ++i)
    if (risk_outside(size, risk_scenario(size, Purpose::question, 4, i)) > 0) ++beyond;
  const auto answers = RiskProblem(size).answer(network(), 4, 10, one_rank());
  double stated = 0;
  for (const Answer& answer : answers) stated += answer.values[RiskValue::outside];
  EXPECT_EQ(stated, static_cast<double>(beyond));
  EXPECT_GT(beyond, 0u);
}

// What was trained on is never asked or judged, whatever the seeds.
TEST(Risk, DrawsAreReproducibleApartAndInTheBox) {
  std::set<std::vector<double>> seen;
  std::size_t drawn = 0;
  for (const Purpose purpose : {Purpose::training, Purpose::holdout, Purpose::question})
    for (const std::uint64_t seed : {1, 2})
      for (const Case& one : cases_of(purpose, seed, 200)) {
        EXPECT_EQ(risk_outside(size, one.parameters), 0);
        seen.insert(one.parameters);
        ++drawn;
      }
  EXPECT_EQ(seen.size(), drawn);
  EXPECT_EQ(cases_of(Purpose::training, 3, 9)[8].parameters, cases_of(Purpose::training, 3, 9)[8].parameters);
}

TEST(Risk, ThreadsChangeNoBitAndFidelitiesShareNoPoint) {
  const auto cases = cases_of(Purpose::holdout, 11, 5);
  const RiskSimulation one(size, 1), three(size, 3);
  for (const Fidelity fidelity : {Fidelity::train, Fidelity::coarse, Fidelity::truth}) {
    const auto a = one.simulate(cases, fidelity), b = three.simulate(cases, fidelity);
    for (std::size_t i = 0; i < cases.size(); ++i)
      EXPECT_EQ(a[i].arrays.at("price").values, b[i].arrays.at("price").values);
  }
  EXPECT_NE(one.simulate(cases, Fidelity::train)[0].arrays.at("price").values,
            one.simulate(cases, Fidelity::coarse)[0].arrays.at("price").values);
}

TEST(Risk, SameSamplesSameBitsAndImagesComeBack) {
  const auto learner = trained(20);
  const auto image = learner->save();
  EXPECT_EQ(trained(20)->save(), image);
  const auto loaded = make_risk_learner(size, 99);
  loaded->load(image);
  EXPECT_EQ(loaded->save(), image);
  const auto cases = cases_of(Purpose::question, 2, 30);
  EXPECT_EQ(loaded->model()->predict(cases).values, learner->model()->predict(cases).values);
  EXPECT_THROW(loaded->load(std::span(image).first(image.size() - 1)), Error);
  EXPECT_THROW(make_risk_learner(risk_size("S"), 1)->load(image), Error);
  EXPECT_THROW(make_risk_learner(size, 1)->prepare(std::span<const Sample* const>(), one_rank()), Error);
  for (const Rival& rival : RiskProblem(size).rivals()) {
    const auto first = rival.make(), second = rival.make();
    first->prepare(pointers(), one_rank());
    second->load(first->save());
    EXPECT_EQ(second->model()->predict(cases).values, first->model()->predict(cases).values) << rival.name;
  }
}

TEST(Risk, TailsAndRankingsAreThoseOfTheirDefinition) {
  const RiskTail tail = risk_tail_of({5, 1, 4, 2, 3}, 2);
  EXPECT_EQ(tail.var, 4);
  EXPECT_EQ(tail.shortfall, 4.5);
  EXPECT_THROW(risk_tail_of({1}, 2), Error);
  EXPECT_EQ(risk_auc(std::vector<double>{0.001, -0.001, 0.002}, 0.01), 1);
  EXPECT_NEAR(risk_auc(std::vector<double>{-0.5, 0.2, 0.9, -0.1}, 1e-9), 0.5, 1e-12);
}

TEST(Risk, SizesAreKnownAndOthersRefused) {
  EXPECT_EQ(risk_size("S").products(), 32u);
  EXPECT_EQ(risk_size("S").parameters(), 14u);
  EXPECT_THROW(risk_size("XS"), Error);
  for (const RiskSize& row : risk_sizes) EXPECT_LE(risk_model(row).dimensions(), kernels::sobol_dimensions) << row.name;
}

}  // namespace
}  // namespace tandem::pipelines
