// What molecules asks and how it is judged: learners, answers, faults that must fail, growing designs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/pipeline/steered.hpp"
#include "pipelines/molecules/learner.hpp"
#include "pipelines/molecules/problem.hpp"
#include "pipelines/molecules/rivals.hpp"
#include "pipelines/molecules/simulation.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem::pipelines {
namespace {

struct Screening : testing::Test {
  static void SetUpTestSuite() { omp_set_num_threads(1); }  // small work: two threads would wait for each other
  static const MoleculeSize& size() { return molecule_size("XS"); }
  static const MoleculeProblem& problem() {
    static const MoleculeProblem problem(size(), own_library);
    return problem;
  }
  static const MoleculeSimulation& simulation() {
    static const MoleculeSimulation simulation(size(), own_library, 2);
    return simulation;
  }
  static const Ranks& ranks() {
    static const Ranks ranks(1);
    return ranks;
  }
  static std::vector<Sample> samples(std::size_t count) {
    std::vector<Case> cases;
    for (std::size_t i = 0; i < count; ++i) cases.push_back(problem().draw(Purpose::training, 5, i));
    return simulation().simulate(cases, Fidelity::train);
  }
  static std::vector<const Sample*> pointers(const std::vector<Sample>& samples) {
    std::vector<const Sample*> all;
    all.reserve(samples.size());
    for (const Sample& sample : samples) all.push_back(&sample);
    return all;
  }
  static std::vector<Verdict> judged(const std::vector<Answer>& answers) {
    return problem().judge(answers, 3, simulation(), ranks());
  }
  static const Verdict& named(const std::vector<Verdict>& verdicts, const std::string& check) {
    return *std::find_if(verdicts.begin(), verdicts.end(), [&](const Verdict& v) { return v.check == check; });
  }
  // Of the short anneals: what the simulation-only arm does.
  static const std::vector<Answer>& answers() {
    static const std::vector<Answer> answers =
        problem().answer(*simulation().coarse_model(), simulation(), 3, size().best, ranks());
    return answers;
  }
};

TEST_F(Screening, TrainingCasesRunThroughTheLibraryWithoutRepeats) {
  std::set<std::vector<double>> seen;
  for (std::size_t i = 0; i < size().candidates; ++i) {
    const Case one = problem().draw(Purpose::training, 5, i);
    EXPECT_TRUE(seen.insert(one.parameters).second) << i;
    EXPECT_EQ(one.parameters, problem().draw(Purpose::training, 5, i).parameters);
    EXPECT_TRUE(is_isomer(molecule_of(one)));
  }
  EXPECT_NE(problem().draw(Purpose::training, 5, 0).parameters, problem().draw(Purpose::training, 6, 0).parameters);
  const Case asked = problem().draw(Purpose::question, 5, 9), again = problem().draw(Purpose::judging, 5, 9);
  EXPECT_TRUE(seen.contains(asked.parameters)) << "the same noise: the same simulation";
  EXPECT_TRUE(std::equal(asked.parameters.begin(), asked.parameters.end() - 1, again.parameters.begin()));
  EXPECT_NE(asked.parameters.back(), again.parameters.back()) << "other noise";
}

TEST_F(Screening, AnswersAreSimulatedSortedAndPassTheirJudge) {
  ASSERT_EQ(answers().size(), size().best);
  for (std::size_t i = 0; i < answers().size(); ++i) {
    EXPECT_EQ(answers()[i].question, i);
    EXPECT_EQ(answers()[i].values.size(), problem().spec().answer_names.size());
    EXPECT_LE(answers()[i > 0 ? i - 1 : 0].values[answered_score], answers()[i].values[answered_score]);
  }
  EXPECT_EQ(answers()[0].values[answered_simulations], static_cast<double>(size().short_list));
  for (const Verdict& verdict : judged(answers()))
    EXPECT_TRUE(verdict.pass()) << verdict.check << ": " << verdict.value << ", limit " << verdict.limit;
}

TEST_F(Screening, TamperedAnswersFail) {
  const auto tampered = [&](std::size_t value, double to) {
    std::vector<Answer> copy = answers();
    copy[2].values[value] = to;
    return all_pass(judged(copy));
  };
  const std::vector<double>& other = answers()[1].values;
  EXPECT_FALSE(tampered(answered_score, answers()[2].values[answered_score] - 1)) << "better than it is";
  EXPECT_FALSE(tampered(answered_score, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(tampered(answered_molecule, other[answered_molecule])) << "one molecule twice";
  EXPECT_FALSE(tampered(answered_molecule, 1e6)) << "none of the library";
  EXPECT_FALSE(tampered(answered_molecule, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(all_pass(judged({})));
}

TEST_F(Screening, AnAnswerThatWasNotSimulatedFails) {
  const std::vector<Answer> predicted = problem().answer(*simulation().coarse_model(), 3, size().best, ranks());
  EXPECT_FALSE(named(judged(predicted), "|stated - simulated again| score, kT").pass());
}

TEST_F(Screening, ALazyLearnerFailsByRecall) {
  const auto all = samples(96);
  MoleculeRival mean(FeatureKind::none);
  mean.prepare(pointers(all), ranks());
  const auto lazy = problem().answer(*mean.model(), simulation(), 3, size().best, ranks());
  const std::vector<Verdict> verdicts = judged(lazy);
  EXPECT_FALSE(named(verdicts, recall_check).pass());
  EXPECT_TRUE(named(verdicts, "|stated - simulated again| score, kT").pass()) << "its scores are true";
}

// The whole pipeline with the sign of the forces wrong, judged by the same wrong simulation: the golden score tells.
TEST_F(Screening, AFlippedForceFailsByRecall) {
  MoleculeSize flipped = size();
  flipped.truth.mobility = flipped.screen.mobility = -1;
  const MoleculeSimulation wrong(flipped, own_library, 2);
  const auto found = problem().answer(*wrong.coarse_model(), wrong, 3, size().best, ranks());
  EXPECT_GT(named(problem().judge(found, 3, wrong, ranks()), recall_check).value, 0.7);
}

TEST_F(Screening, NumbersThatAreNoneFail) {
  class Broken : public Model {
   public:
    Fields predict(std::span<const Case> cases) const override {
      Fields fields(cases.size(), 1);
      std::fill(fields.values.begin(), fields.values.end(), std::nanf(""));
      return fields;
    }
  };
  const Broken broken;
  EXPECT_FALSE(all_pass(judged(problem().answer(broken, simulation(), 3, size().best, ranks()))));
  const MoleculeLearner untrained({}, 1);
  EXPECT_THROW(untrained.model(), Error);
}

TEST_F(Screening, AForeignLibraryIsAudited) {
  const MoleculeProblem foreign(size(), 2);
  const MoleculeSimulation own(size(), 2, 2);
  EXPECT_FALSE(foreign.spec().provisional.empty());
  EXPECT_NE(foreign.spec().version, problem().spec().version);
  const auto found = foreign.answer(*own.coarse_model(), own, 3, size().best, ranks());
  for (const Verdict& verdict : foreign.judge(found, 3, own, ranks()))
    EXPECT_TRUE(verdict.pass()) << verdict.check << ": " << verdict.value << ", limit " << verdict.limit;
  MoleculeRival mean(FeatureKind::none);
  const auto all = own.simulate(std::vector{foreign.draw(Purpose::training, 5, 0)}, Fidelity::train);
  mean.prepare(pointers(all), ranks());
  const auto lazy = foreign.answer(*mean.model(), own, 3, size().best, ranks());
  EXPECT_FALSE(all_pass(foreign.judge(lazy, 3, own, ranks())));
}

// Scores that are a sum over the sites are found again by the ridge, and by the network in the main.
TEST_F(Screening, LearnersLearnASum) {
  const auto score = [](const Molecule& molecule) {
    double sum = 0;
    for (std::size_t i = 0; i < molecule_sites; ++i)
      sum += std::sin(static_cast<double>(7 * i + 3 * molecule.kinds[i] + molecule.scaffold));
    return static_cast<float>(sum);
  };
  std::vector<Sample> all;
  std::vector<Case> fresh;
  for (std::size_t i = 0; i < 256; ++i) {
    const Case one = problem().draw(Purpose::training, 5, i);
    Sample sample;
    sample.index = i;
    sample.arrays["code"] = {{1 + molecule_sites}, {one.parameters.begin(), one.parameters.end() - 1}};
    sample.arrays["docked"] = {{1}, {score(molecule_of(one))}};
    if (i < 224)
      all.push_back(std::move(sample));
    else
      fresh.push_back(one);
  }
  const auto error = [&](const Model& model) {
    double sum = 0, squares = 0;
    const Fields predicted = model.predict(fresh);
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      const double truth = static_cast<double>(score(molecule_of(fresh[i])));
      sum += (truth - static_cast<double>(predicted.row(i)[0])) * (truth - static_cast<double>(predicted.row(i)[0]));
      squares += truth * truth;
    }
    return std::sqrt(sum / squares);
  };
  MoleculeRival crossed(FeatureKind::crossed), mean(FeatureKind::none);
  crossed.prepare(pointers(all), ranks());
  mean.prepare(pointers(all), ranks());
  EXPECT_LT(error(*crossed.model()), 0.7 * error(*mean.model()));
  const kernels::MlpRecipe training = molecule_training(150);
  MoleculeLearner network(training, 3);
  network.prepare(pointers(all), ranks());
  std::vector<Pair> batch;
  for (std::size_t i = 0; i < 64; ++i) batch.push_back({&all[i], 0});
  double first = 0, last = 0;
  for (std::size_t step = 0; step < training.steps; ++step) {
    for (std::size_t i = 0; i < 64; ++i) batch[i].sample = &all[(64 * step + i) % all.size()];
    last = network.learn(step, batch, batch.size(), ranks());
    if (step == 0) first = last;
  }
  EXPECT_LT(last, 0.2 * first);
  EXPECT_LT(error(*network.model()), 0.9 * error(*mean.model()));
  MoleculeLearner copy(training, 4);
  copy.load(network.save());
  EXPECT_EQ(copy.model()->predict(fresh).values, network.model()->predict(fresh).values);
  EXPECT_EQ(network.model()->predict(std::span(fresh).last(1)).values[0], network.model()->predict(fresh).values.back())
      << "a prediction does not depend on what else is asked";
  std::vector<std::byte> damaged = network.save();
  damaged.pop_back();
  EXPECT_THROW(copy.load(damaged), Error);
  MoleculeRival restored(FeatureKind::crossed), other(FeatureKind::linear);
  restored.load(crossed.save());
  EXPECT_EQ(restored.model()->predict(fresh).values, crossed.model()->predict(fresh).values);
  EXPECT_THROW(other.load(crossed.save()), Error);
}

TEST_F(Screening, ProposesTheBestPredictedThatAreNotKnown) {
  const auto model = simulation().coarse_model();
  const auto all = problem().propose(*model, 5, {}, 16, ranks());
  const auto next = problem().propose(*model, 5, std::span(all).first(8), 8, ranks());
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(next[i].parameters, all[8 + i].parameters);
  const Fields scores = model->predict(all);
  for (std::size_t i = 1; i < 16; ++i) EXPECT_LE(scores.values[i - 1], scores.values[i]);
}

TEST_F(Screening, TheCriterionKnowsAGoodModelFromALazyOne) {
  MoleculeRival mean(FeatureKind::none);
  const auto all = samples(8);
  mean.prepare(pointers(all), ranks());
  const std::vector<Verdict> lazy = problem().criterion(*mean.model(), 9, simulation(), ranks());
  EXPECT_FALSE(all_pass(lazy));
  const MoleculeScreen oracle(simulation().field(), size().truth, 2);
  EXPECT_LT(problem().criterion(oracle, 9, simulation(), ranks())[0].value, lazy[0].value - 0.2);
}

TEST_F(Screening, DesignsGrowAndBeginAlike) {
  MoleculeSize never = size();
  never.golden = -1000;  // no model meets this
  const auto grown = [&](const std::string& design) {
    const Workplace place;
    const Pipeline pipeline = {std::make_unique<MoleculeProblem>(never, own_library),
                               std::make_unique<MoleculeSimulation>(size(), own_library, 2), [](std::uint64_t seed) {
                                 return std::make_unique<MoleculeLearner>(
                                     molecule_training(molecule_size("XS").schedule.batches), seed);
                               }};
    std::vector<std::string> weights;
    {
      Recorder recorder(place.folder() / "records.jsonl", 0);
      const auto handover = memory_handover();
      grow({pipeline, ranks(), recorder, 7}, {design, "config", {}}, *handover);
    }
    read_lines(
        place.folder() / "records.jsonl",
        [&](Json&& record) {
          if (record.at("record") == "round") weights.push_back(record.at("weights"));
        },
        false);
    return weights;
  };
  const auto steered = grown("steered"), fixed = grown("fixed_until_gate");
  ASSERT_EQ(steered.size(), 3u);
  ASSERT_EQ(fixed.size(), 3u);
  EXPECT_EQ(steered[0], fixed[0]);
  EXPECT_NE(steered[1], fixed[1]);
}

}  // namespace
}  // namespace tandem::pipelines
