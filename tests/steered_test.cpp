// Growing designs: what is proposed is admitted or replaced, both designs begin alike, proposers that are broken in a
// known way, and the proposals and the criterion of heat.
#include "harness/pipeline/steered.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <gtest/gtest.h>
#include <omp.h>

#include "pipelines/heat/learner.hpp"
#include "pipelines/heat/problem.hpp"
#include "pipelines/heat/simulation.hpp"
#include "tests/cli/workplace.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem {
namespace {

using pipelines::ToyProblem;

struct Grew {
  std::vector<Json> rounds;
  bool met = false;
  std::size_t useful = 0;
};

Grew grow_toy(const std::string& design, const std::string& proposer = "model", const std::string& criterion = "0",
              const std::vector<std::size_t>& replayed = {}) {
  const Workplace place;
  const PipelineEntry entry = pipelines::toy();
  Settings settings(entry.parameters);
  settings.set("proposer", proposer);
  settings.set("criterion", criterion);
  const Pipeline pipeline = entry.make(settings, 1);
  const Ranks ranks(1);
  Grew outcome;
  {
    Recorder recorder(place.folder() / "records.jsonl", 0);
    const auto handover = memory_handover();
    outcome.met = grow({pipeline, ranks, recorder, 7}, {design, "config", {}, {replayed, {}}}, *handover).met;
  }
  read_lines(
      place.folder() / "records.jsonl",
      [&](Json&& record) {
        if (record.at("record") == "round") outcome.rounds.push_back(record);
        if (record.at("record") == "useful") outcome.useful = record.at("bytes");
      },
      false);
  return outcome;
}

std::vector<std::string> weights(const Grew& outcome) {
  std::vector<std::string> digests;
  for (const Json& round : outcome.rounds) digests.push_back(round.at("weights"));
  return digests;
}

TEST(Steered, GrowsByTheProblemsRoundsUntilItIsGivenUp) {
  const Grew steered = grow_toy("steered"), fixed = grow_toy("fixed_until_gate");
  ASSERT_EQ(steered.rounds.size(), 4u);
  EXPECT_FALSE(steered.met);
  for (std::size_t round = 0; round < 4; ++round) EXPECT_EQ(steered.rounds[round].at("samples"), 8u << round);
  EXPECT_EQ(steered.useful, fixed.useful);
  EXPECT_EQ(weights(steered)[0], weights(fixed)[0]) << "both begin with the same samples and weights";
  for (std::size_t round = 1; round < 4; ++round) EXPECT_NE(weights(steered)[round], weights(fixed)[round]);
  EXPECT_EQ(weights(grow_toy("steered")), weights(steered)) << "the same again";
}

TEST(Steered, StopsWhereTheCriterionIsMet) {
  const Grew met = grow_toy("fixed_until_gate", "model", "0.2");
  ASSERT_TRUE(met.met);
  ASSERT_LT(met.rounds.size(), 4u);
  for (std::size_t round = 0; round < met.rounds.size(); ++round) {
    const double error = met.rounds[round].at("verdicts").at(0).at("value");
    EXPECT_EQ(error <= 0.2, round + 1 == met.rounds.size()) << error;
  }
}

TEST(Steered, JudgingCasesFollowFromTheWeights) {
  const Grew steered = grow_toy("steered");
  EXPECT_NE(steered.rounds[0].at("judging_seed"), steered.rounds[1].at("judging_seed"));
  EXPECT_EQ(steered.rounds[0].at("judging_seed"), grow_toy("fixed_until_gate").rounds[0].at("judging_seed"));
}

// As a split grows that simulates while it trains.
TEST(Steered, WhatWasSimulatedDuringATrainingIsTrainedOnNext) {
  const std::vector<std::size_t> simulated = {16, 41, 41, 64};
  const Grew steered = grow_toy("steered"), ahead = grow_toy("steered", "model", "0", simulated);
  const Grew fixed = grow_toy("fixed_until_gate");
  ASSERT_EQ(ahead.rounds.size(), 4u);
  for (std::size_t round = 0; round < 4; ++round) {
    const std::vector<std::size_t> samples = {8, 16, 41, 64};
    EXPECT_EQ(ahead.rounds[round].at("samples"), samples[round]);
    EXPECT_EQ(ahead.rounds[round].at("simulated"), std::max(simulated[round], samples[round]));
  }
  EXPECT_EQ(weights(ahead)[0], weights(fixed)[0]);
  EXPECT_EQ(weights(ahead)[1], weights(fixed)[1]) << "no model was there to propose what the second round trains on";
  EXPECT_NE(weights(ahead)[3], weights(fixed)[3]);
  EXPECT_NE(weights(ahead)[3], weights(steered)[3]) << "the older model proposed";
  EXPECT_EQ(weights(grow_toy("fixed_until_gate", "model", "0", simulated))[3], weights(fixed)[3])
      << "the fixed design does not depend on models";
  EXPECT_EQ(ahead.useful, steered.useful);
}

TEST(Steered, ADesignThatRanAheadToTheLastNumberIsGivenUpSooner) {
  const Grew ahead = grow_toy("steered", "model", "0", {64});
  ASSERT_EQ(ahead.rounds.size(), 2u);
  EXPECT_EQ(ahead.rounds[1].at("samples"), 64);
  EXPECT_FALSE(ahead.met);
}

// What was proposed and not simulated when the training ended does not count.
TEST(Steered, ReplacedAreCountedAmongWhatIsTrainedOn) {
  const Grew ahead = grow_toy("steered", "repeating", "0", {8, 20, 33, 64});
  std::vector<std::size_t> replaced;
  for (const Json& round : ahead.rounds) replaced.push_back(round.at("replaced"));
  EXPECT_EQ(replaced, (std::vector<std::size_t>{0, 8, 16, 32}));
  EXPECT_EQ(weights(ahead)[3], weights(grow_toy("fixed_until_gate"))[3]);
}

TEST(Steered, TheRivalIsSteeredByItsOwnModel) {
  const Grew rival = grow_toy("steered_rival");
  ASSERT_EQ(rival.rounds.size(), 4u);
  EXPECT_NE(weights(rival)[0], weights(grow_toy("steered"))[0]);
}

TEST(Steered, AProposerThatRepeatsOrGivesNoNumberFallsBackToTheFixedDesign) {
  const Grew fixed = grow_toy("fixed_until_gate");
  for (const char* proposer : {"repeating", "nan"}) {
    const Grew broken = grow_toy("steered", proposer);
    EXPECT_EQ(weights(broken), weights(fixed)) << proposer;
    EXPECT_EQ(broken.rounds[0].at("replaced"), 0) << proposer;
    for (std::size_t round = 1; round < 4; ++round)
      EXPECT_EQ(broken.rounds[round].at("replaced"), 8u << (round - 1)) << proposer;
  }
  for (const Json& round : grow_toy("steered").rounds) EXPECT_EQ(round.at("replaced"), 0);
}

TEST(Steered, AProposerThatIgnoresTheModelDoesNotDependOnIt) {
  const Grew steered = grow_toy("steered"), deaf = grow_toy("steered", "deaf");
  EXPECT_EQ(weights(deaf)[0], weights(steered)[0]);
  EXPECT_NE(weights(deaf)[1], weights(steered)[1]);
}

TEST(Steered, TooFewProposalsAreAnError) {
  try {
    grow_toy("steered", "short");
    FAIL() << "one case too few was accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "toy-1: 7 cases were proposed, expected 8");
  }
}

TEST(Steered, WhatIsKnownOrNotFiniteIsReplacedAndNumbered) {
  const ToyProblem problem;
  std::vector<Case> known, proposed;
  for (std::size_t i = 0; i < 3; ++i) known.push_back(problem.draw(Purpose::training, 1, i));
  for (std::size_t i = 0; i < 5; ++i) proposed.push_back(problem.draw(Purpose::steering, 1, i));
  proposed[1] = known[2];
  proposed[2].parameters[1] = std::numeric_limits<double>::infinity();
  proposed[4] = proposed[0];
  std::vector<Case> admitted = proposed;
  EXPECT_EQ(admit(admitted, known, 5, 1, problem), (std::vector<std::size_t>{4, 5, 7}));
  for (std::size_t i = 0; i < 5; ++i) {
    const bool kept = i == 0 || i == 3;
    const Case fallback = problem.draw(Purpose::training, 1, 3 + i);
    EXPECT_EQ(admitted[i].index, 3 + i);
    EXPECT_EQ(admitted[i].purpose, Purpose::training);
    EXPECT_EQ(admitted[i].parameters, kept ? proposed[i].parameters : fallback.parameters) << i;
    EXPECT_EQ(admitted[i].snapshot.at("state").values, (kept ? proposed[i] : fallback).snapshot.at("state").values)
        << i;
  }
  Case other = known[0];
  other.snapshot.at("state").values[3] += 1;  // the same parameters, another snapshot
  std::vector<Case> one = {other};
  EXPECT_TRUE(admit(one, known, 1, 1, problem).empty());
}

TEST(Steered, AProblemWithoutASteeredDesignSaysSo) {
  const ToyProblem toy;
  const Problem& problem = toy;
  const pipelines::ToySimulation simulation;
  const auto model = simulation.coarse_model();
  const Ranks ranks(1);
  EXPECT_THROW(problem.Problem::propose(*model, 1, {}, 1, ranks), Unsupported);
  EXPECT_THROW(problem.Problem::criterion(*model, 1, simulation, ranks), Unsupported);
}

// Heat on a small mesh: the quadratic ridge on 192 samples is model enough.
struct HeatSteering : testing::Test {
  static void SetUpTestSuite() { omp_set_num_threads(1); }  // small work: two threads would wait for each other
  static constexpr pipelines::HeatSize kSize = {"small", {16, 16, 4}, {1e-7, 0.02},    {12, 12, 4}, {0.1, 0.1}, 0.2,
                                                0.08,    2,           {64, 64, 0, 64}, 8,           100};
  static std::unique_ptr<Model> model() {
    std::vector<Case> cases;
    cases.reserve(192);
    for (std::size_t i = 0; i < 192; ++i) cases.push_back(problem().draw(Purpose::training, 5, i));
    const std::vector<Sample> samples = simulation().simulate(cases, Fidelity::train);
    std::vector<const Sample*> all;
    all.reserve(samples.size());
    for (const Sample& sample : samples) all.push_back(&sample);
    for (const Rival& rival : problem().rivals())
      if (rival.name == problem().spec().steering.rival) {
        const auto learner = rival.make();
        learner->prepare(all, ranks());
        return learner->model();
      }
    return nullptr;
  }
  static const pipelines::HeatProblem& problem() {
    static const pipelines::HeatProblem problem(kSize);
    return problem;
  }
  static const pipelines::HeatSimulation& simulation() {
    static const pipelines::HeatSimulation simulation(kSize, 1);
    return simulation;
  }
  static const Ranks& ranks() {
    static const Ranks ranks(1);
    return ranks;
  }
};

TEST_F(HeatSteering, ProposesItsOwnOptimaForFreshScenarios) {
  const auto own = model();
  const std::vector<Case> known(64), proposed = problem().propose(*own, 5, known, 4, ranks());
  ASSERT_EQ(proposed.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    const Case scenario = problem().draw(Purpose::steering, 5, 64 + i);
    for (const std::size_t d : {6u, 7u, 8u, 11u}) EXPECT_EQ(proposed[i].parameters[d], scenario.parameters[d]);
    EXPECT_NE(scenario.parameters[6], problem().draw(Purpose::question, 5, 64 + i).parameters[6]);
    EXPECT_LE(heat_peak(kSize.mesh, own->predict(std::span(&proposed[i], 1)).row(0)),
              pipelines::heat_peak_limit + 1e-3);
  }
  EXPECT_EQ(problem().propose(*own, 5, known, 4, ranks())[3].parameters, proposed[3].parameters);
}

TEST_F(HeatSteering, TrainingPointsMayKeepToTheBoxOfTheScenarios) {
  const pipelines::HeatProblem narrow(kSize, true);
  EXPECT_NE(narrow.spec().version, problem().spec().version);
  const auto range = [](const pipelines::HeatProblem& of, Purpose purpose, std::size_t d) {
    std::pair<double, double> ends = {1, 0};
    for (std::size_t i = 0; i < 64; ++i) {
      const double u = heat_to_unit(pipelines::heat_parameters[d], of.draw(purpose, 5, i).parameters[d]);
      ends = {std::min(ends.first, u), std::max(ends.second, u)};
    }
    return ends;
  };
  for (const std::size_t d : {6u, 7u, 8u, 11u}) {
    const auto asked = range(problem(), Purpose::question, d), trained = range(narrow, Purpose::training, d);
    EXPECT_NEAR(trained.first, asked.first, 0.06) << d;
    EXPECT_NEAR(trained.second, asked.second, 0.06) << d;
    EXPECT_LT(range(problem(), Purpose::training, d).first, 0.05) << d;
  }
  EXPECT_LT(range(narrow, Purpose::training, 0).first, 0.05) << "what is designed keeps its whole range";
  EXPECT_LT(range(narrow, Purpose::holdout, 6).first, 0.05) << "and the hold-out the whole box";
}

TEST_F(HeatSteering, TheCriterionSeesAModelThatIsOff) {
  class Cooler : public Model {
   public:
    explicit Cooler(std::unique_ptr<Model> inner) : inner_(std::move(inner)) {}
    Fields predict(std::span<const Case> cases) const override {
      Fields fields = inner_->predict(cases);
      for (float& value : fields.values) value -= 12;  // promises what is not so
      return fields;
    }
    Fields vjp(std::span<const Case> cases, const Seed& seed) const override {
      return inner_->vjp(cases, [&](std::size_t row, std::span<const float> prediction, std::span<float> cotangent) {
        std::vector<float> cooler(prediction.begin(), prediction.end());
        for (float& value : cooler) value -= 12;
        seed(row, cooler, cotangent);
      });
    }

   private:
    std::unique_ptr<Model> inner_;
  };
  const auto honest = problem().criterion(*model(), 9, simulation(), ranks());
  ASSERT_EQ(honest.size(), 2u);
  EXPECT_TRUE(honest[1].pass()) << honest[1].value;
  const auto off = problem().criterion(Cooler(model()), 9, simulation(), ranks());
  EXPECT_FALSE(off[0].pass()) << off[0].value;
  EXPECT_FALSE(off[1].pass()) << off[1].value;
  EXPECT_GT(off[0].value, honest[0].value + 6);
}

}  // namespace
}  // namespace tandem
