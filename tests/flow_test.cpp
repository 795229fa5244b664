// The flow pipeline in small, inside this process: its simulation, its words, its answers and their judgement.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "pipelines/flow/learner.hpp"
#include "pipelines/flow/problem.hpp"
#include "pipelines/flow/simulation.hpp"
#include "tests/flow_small.hpp"

namespace tandem::pipelines {
namespace {

constexpr const FlowSize& size = flow_small_size;
const Ranks& one_rank() {
  static const Ranks ranks(1);
  return ranks;
}
const FlowProblem& problem() {
  static const FlowProblem problem(size);
  return problem;
}

std::vector<Case> cases_of(Purpose purpose, std::size_t count) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < count; ++i) cases.push_back(problem().draw(purpose, 5, i));
  return cases;
}

double value_of(const std::vector<Verdict>& verdicts, const std::string& name) {
  for (const Verdict& verdict : verdicts)
    if (verdict.check.find(name) != std::string::npos) return verdict.value / verdict.limit;
  ADD_FAILURE() << "no verdict " << name;
  return 0;
}

TEST(FlowSimulation, KeepsTheFluxAndDoesNotDependOnThreads) {
  const auto cases = cases_of(Purpose::holdout, 4);
  const FlowSimulation one(size, 1), two(size, 2);
  const auto samples = one.simulate(cases, Fidelity::truth), same = two.simulate(cases, Fidelity::train);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto outputs = one.outputs(samples[i]);
    EXPECT_LT(one.invariant(cases[i], outputs), 5e-3);
    EXPECT_TRUE(std::equal(outputs.begin(), outputs.end(), two.outputs(same[i]).begin()));
    const FlowForces forces = flow_forces(size.mesh, outputs);
    EXPECT_GT(forces.drag, 0.5);
    std::vector<float> leaking(outputs.begin(), outputs.end());
    for (std::size_t j = 0; j < size.mesh.ny; ++j) leaking[j * size.mesh.nx() + 7] *= 1.02f;
    EXPECT_GT(one.invariant(cases[i], leaking), 0.015);
    leaking[3] = NAN;
    EXPECT_TRUE(std::isinf(one.invariant(cases[i], leaking)));
  }
}

TEST(FlowSimulation, TurningTheElementsOverTurnsTheLift) {
  Case above = cases_of(Purpose::holdout, 1)[0], below = above;
  for (const std::size_t d : {3, 6, 8}) below.parameters[d] = -above.parameters[d];
  const std::vector<Case> both = {above, below};
  const auto samples = FlowSimulation(size, 1).simulate(both, Fidelity::truth);
  const FlowForces a = flow_forces(size.mesh, samples[0].arrays.at("flow").values);
  const FlowForces b = flow_forces(size.mesh, samples[1].arrays.at("flow").values);
  EXPECT_NEAR(a.drag, b.drag, 1e-3 * a.drag);
  EXPECT_NEAR(a.lift, -b.lift, 1e-3 * a.drag);
  EXPECT_GT(std::abs(a.lift), 1e-2);
}

TEST(FlowSimulation, AnUnsteadyFlowIsNoNumberAndAnUnstableOneIsRefused) {
  FlowMesh hurried = size.mesh;
  hurried.tolerance = 1e-12;
  hurried.longest = 2;
  const auto parameters = cases_of(Purpose::holdout, 1)[0].parameters;
  EXPECT_TRUE(std::isnan(FlowSolver(hurried).solve(parameters)[0]));
  auto fast = parameters;
  fast[0] = 1.01 * flow_stable_reynolds(size.mesh);
  EXPECT_THROW(FlowSolver(size.mesh).solve(fast), Error);
}

TEST(FlowSimulation, InterpolationIsExactOnTheSameMeshAndKeepsTheFlux) {
  const auto cases = cases_of(Purpose::holdout, 1);
  const auto outputs = FlowSolver(size.mesh).solve(cases[0].parameters);
  EXPECT_EQ(flow_interpolated(size.mesh, outputs, size.mesh), outputs);
  FlowSize finer = size;
  finer.mesh.ny = 32;
  const auto fine = flow_interpolated(size.mesh, outputs, finer.mesh);
  EXPECT_LT(FlowSimulation(finer, 1).invariant(cases[0], fine), 2e-2);
  EXPECT_NEAR(flow_forces(finer.mesh, fine).drag, flow_forces(size.mesh, outputs).drag, 1e-4);
}

TEST(FlowProblem, CasesLieInTheDomainAndQuestionsRequireALift) {
  for (const Purpose purpose : {Purpose::training, Purpose::holdout, Purpose::question}) {
    const auto cases = cases_of(purpose, 50);
    for (const Case& one : cases) {
      ASSERT_EQ(one.parameters.size(), purpose == Purpose::question ? flow_numbers + 1 : flow_numbers);
      for (std::size_t d = 0; d < flow_numbers; ++d) {
        const double u = flow_to_unit(size, d, one.parameters[d]);
        EXPECT_TRUE(u >= 0 && u <= 1) << flow_domain[d].name;
      }
    }
    EXPECT_NE(cases[0].parameters, cases[1].parameters);
  }
}

TEST(FlowProblem, ErrorIsThatOfTheVelocitiesOverTheirDeviationFromTheEmptyDuct) {
  const auto cases = cases_of(Purpose::holdout, 1);
  const auto truth = FlowSolver(size.mesh).solve(cases[0].parameters);
  std::vector<float> empty(truth.size(), 0.0f), off = truth;
  for (std::size_t n = 0; n < size.mesh.cells(); ++n)
    empty[n] = static_cast<float>(flow_empty(n / size.mesh.nx(), size.mesh.ny));
  EXPECT_EQ(problem().error(cases[0], truth, truth), 0);
  EXPECT_NEAR(problem().error(cases[0], truth, empty), 1, 1e-6);
  off[20] = NAN;
  EXPECT_TRUE(std::isnan(problem().error(cases[0], truth, off)));
}

TEST(FlowProblem, AnswersAreJudgedByFullSimulation) {
  const FlowSimulation simulation(size, 1);
  const auto answers = problem().answer(*simulation.coarse_model(), 5, 1, one_rank());
  ASSERT_EQ(answers.size(), 1u);
  const auto judged = [&](const std::vector<Answer>& all) { return problem().judge(all, 5, simulation, one_rank()); };
  for (const Verdict& verdict : judged(answers)) EXPECT_TRUE(verdict.pass()) << verdict.check << " " << verdict.value;
  const auto spoilt = [&](std::size_t at, double by) {
    auto wrong = answers;
    wrong[0].values[at] += by;
    return judged(wrong);
  };
  EXPECT_GT(value_of(spoilt(0, 1), "bounds"), 1);
  EXPECT_GT(value_of(spoilt(flow_design, 0.2 * answers[0].values[flow_design]), "drag"), 1);
  EXPECT_FALSE(value_of(spoilt(flow_design, NAN), "drag") <= 1);
  auto turned = answers;  // a required lift near 0 would not tell: the angles go to their ends
  turned[0].values[2] = turned[0].values[5] = answers[0].values[2] > 0 ? -0.5 : 0.5;
  EXPECT_GT(value_of(judged(turned), "lift"), 1);
}

// A growing design by the quadratic ridge on 96 flows: it proposes its own optima, and a model whose forces are off by
// half fails the criterion for its drag.
TEST(FlowSteering, ProposesItsOptimaAndStopsByLiftAndDrag) {
  const auto cases = cases_of(Purpose::training, 96);
  const FlowSimulation simulation(size, 2);
  const auto samples = simulation.simulate(cases, Fidelity::train);
  std::vector<const Sample*> mine;
  mine.reserve(samples.size());
  for (const Sample& sample : samples) mine.push_back(&sample);
  std::unique_ptr<Model> model;
  for (const Rival& rival : problem().rivals())
    if (rival.name == problem().spec().steering.rival) {
      const auto learner = rival.make();
      learner->prepare(mine, one_rank());
      model = learner->model();
    }
  ASSERT_NE(model, nullptr);
  const auto proposed = problem().propose(*model, 5, cases, 3, one_rank());
  ASSERT_EQ(proposed.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const Case question = problem().draw(Purpose::steering, 5, 96 + i);
    const auto best = flow_designs(size, *model, std::span(&question, 1), 5);
    ASSERT_EQ(proposed[i].parameters.size(), flow_numbers);
    EXPECT_TRUE(
        std::equal(proposed[i].parameters.begin(), proposed[i].parameters.end(), best[0].with.parameters.begin()));
  }
  class Stronger : public Model {
   public:
    explicit Stronger(const Model& inner) : inner_(inner) {}
    Fields predict(std::span<const Case> asked) const override {
      Fields fields = inner_.predict(asked);
      for (std::size_t i = 0; i < fields.rows; ++i)
        for (float& force : fields.row(i).last(4)) force *= 1.5f;
      return fields;
    }

   private:
    const Model& inner_;
  };
  const auto drag_of = [&](const Model& one) {
    return value_of(problem().criterion(one, 9, simulation, one_rank()), "drag") * flow_drag_criterion;
  };
  const double honest = drag_of(*model), off = drag_of(Stronger(*model));
  EXPECT_GT(honest, 0);
  EXPECT_LT(honest, 0.2);
  EXPECT_GT(off, 0.4);
}

TEST(FlowLearner, PredictsNoNumbersOutsideTheDomain) {
  const auto cases = cases_of(Purpose::training, 12);
  const auto samples = FlowSimulation(size, 1).simulate(cases, Fidelity::train);
  std::vector<const Sample*> mine;
  mine.reserve(samples.size());
  for (const Sample& sample : samples) mine.push_back(&sample);
  const auto linear = problem().rivals().at(2).make();
  linear->prepare(mine, one_rank());
  auto asked = cases_of(Purpose::holdout, 2);
  asked[1].parameters[0] = 80;
  const Fields fields = linear->model()->predict(asked);
  EXPECT_TRUE(std::all_of(fields.row(0).begin(), fields.row(0).end(), [](float v) { return std::isfinite(v); }));
  EXPECT_TRUE(std::all_of(fields.row(1).begin(), fields.row(1).end(), [](float v) { return std::isnan(v); }));
}

}  // namespace
}  // namespace tandem::pipelines
