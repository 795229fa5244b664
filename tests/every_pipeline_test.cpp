// The toy pipelines of tandem-test through the whole program: in every arm at one rank and at two, and each fault with
// the reason that it must be given. (Heat and its faults: faulty_heat_test.cpp.)

#include <cmath>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "tests/cli/measured.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem {
namespace {

constexpr const char* kJudged = R"(threads = 1
limits = "none"
[[pipeline]]
name = "toy"
simulation_questions = 2
[[pipeline]]
name = "toy"
ranks = 2
[[pipeline]]
name = "toy_nan"
arms = ["integrated"]
)";

constexpr const char* kCrashing = R"(threads = 1
limits = "none"
[[pipeline]]
name = "toy"
ballast = 1
threads = 2048
arms = ["simulation_only"]
[[pipeline]]
name = "toy_crash"
how = ["check", "signal", "exit"]
arms = ["integrated"]
[[pipeline]]
name = "toy_crash"
how = "foreign"
ranks = 2
arms = ["separated"]
[[pipeline]]
name = "toy"
arms = ["integrated"]
[[pipeline]]
name = "toy"
ballast = 4_000_000_000
arms = ["integrated"]
[[kernel]]
name = "dense/gemm"
n = [32, 262_144]
)";

constexpr const char* kTimedOut = R"(threads = 1
limits = "none"
timeout = 4
[[pipeline]]
name = "toy_slow"
arms = ["separated"]
[[pipeline]]
name = "toy"
arms = ["integrated"]
)";

const Measured& judged() {
  static const Measured run(kJudged);
  return run;
}
const Measured& crashing() {
  static const Measured run(kCrashing);
  return run;
}

const Json& arm_of(const Json& pipeline, const char* name) {
  for (const Json& arm : pipeline.at("arms"))
    if (arm.at("arm") == name) return arm;
  throw std::out_of_range(name);
}

TEST(EveryPipeline, ToyPassesInEveryArmAtOneRankAndAtTwo) {
  for (const char* path : {"toy/size=S/ballast=0/device=cpu", "toy/size=S/ballast=0/device=cpu/ranks=2"}) {
    const Json* pipeline = nullptr;
    for (const Json& found : judged().document.at("pipelines"))
      if (found.at("case") == path) pipeline = &found;
    ASSERT_NE(pipeline, nullptr) << judged().outcome.out << judged().outcome.err;
    EXPECT_TRUE(holds(*pipeline)) << path << "\n" << reasons(*pipeline);
    ASSERT_EQ(pipeline->at("arms").size(), 3u);
    for (const Json& arm : pipeline->at("arms")) {
      EXPECT_TRUE(arm.at("ttis").at("value").is_number()) << arm.at("arm");
      EXPECT_EQ(arm.at("holdout").at("judged"), 59) << arm.at("arm");
      EXPECT_EQ(arm.at("holdout").at("above"), 0) << arm.at("arm");
      double sum = 0;
      for (const Json& phase : arm.at("phases")) sum += phase.at("seconds").get<double>();
      EXPECT_NEAR(sum, arm.at("launch_seconds")[0].get<double>(), arm.at("scaled").is_null() ? 1e-6 : 1)
          << arm.at("arm");
    }
    EXPECT_TRUE(arm_of(*pipeline, "integrated").at("skill").at("pass").get<bool>());
    EXPECT_EQ(arm_of(*pipeline, "integrated").at("skill").at("best_rival").at("name"), "bilinear");
    EXPECT_EQ(arm_of(*pipeline, "integrated").at("answers").at("rows").size(), 4u);
  }
}

TEST(EveryPipeline, SeparatedAndIntegratedGiveTheSameWeights) {
  const Json& pipeline = judged().document.at("pipelines").at(0);
  const Json& apart = arm_of(pipeline, "separated").at("weights_sha256");
  EXPECT_EQ(apart.get<std::string>().size(), 64u);
  EXPECT_EQ(apart, arm_of(pipeline, "integrated").at("weights_sha256"));
  EXPECT_TRUE(judged().outcome.says("same_weights.launch=0 value=0.000000000e+00 limit=0.000000000e+00 result=PASS"));
  EXPECT_EQ(arm_of(pipeline, "simulation_only").at("weights_sha256"), nullptr);
}

TEST(EveryPipeline, OnlyTheSeparatedArmMovesBytes) {
  const Json& pipeline = judged().document.at("pipelines").at(0);
  const double useful = 48 * 4.0 * (3 * 8 + 3 * 4 + 3 * 4 * 8 + 2);
  const Json& apart = arm_of(pipeline, "separated");
  EXPECT_EQ(apart.at("bytes").at("file_write"), useful);
  EXPECT_EQ(apart.at("bytes").at("file_read"), useful);
  EXPECT_EQ(apart.at("movement_amplification").at("value"), 2.0);
  EXPECT_EQ(arm_of(pipeline, "integrated").at("movement_amplification").at("value"), 0.0);
  EXPECT_EQ(pipeline.at("kpis").at("data_movement_reduction").at("value"), 1.0);
}

// Phases of known length, one after another on the one rank.
void spend(Json& line, const std::vector<std::pair<std::string, double>>& phases) {
  Json records = Json::array();
  for (const Json& record : line.at("records"))
    if (record.at("record") != "interval") records.push_back(record);
  double now = line.at("begin");
  for (const auto& [name, seconds] : phases) {
    records.push_back({{"record", "interval"},
                       {"rank", 0},
                       {"name", name},
                       {"state", "phase"},
                       {"begin", now},
                       {"seconds", seconds}});
    now += seconds;
  }
  line["seconds"] = now - line.at("begin").get<double>();
  line["records"] = records;
}

// K5's reduction, K10 and the hold-out error: medians over six launches, and the least and the largest of them.
TEST(EveryPipeline, FiguresOfLaunchesHaveIntervals) {
  Records alone = judged().records;
  alone.plan["cases"] = Json::array({alone.plan.at("cases")[0]});
  std::erase_if(alone.launches, [](const LaunchRecord& launch) { return launch.line.value("item", 1) != 0; });
  const auto figures = [&](double simulated_answers) {
    return derive(six_blocks(
                      alone,
                      [&](Json& line, int k) {
                        if (line.at("arm") == "simulation_only")
                          return spend(line, {{"start-up", 0.25}, {"answer", simulated_answers}, {"validate", 1}});
                        spend(
                            line,
                            {{"start-up", 0.25}, {"simulate", 2}, {"train", 10.0 + k}, {"answer", 1}, {"validate", 3}});
                        for (Json& record : line["records"])
                          if (record.at("record") == "bytes" && record.at("channel") == "file_read")
                            record["bytes"] = (1 + k) * 1e3;
                      }))
        .at("pipelines")
        .at(0);
  };
  const Json pipeline = figures(300), &kpis = pipeline.at("kpis");
  // 4 questions of Q queries: 300 s / (Q / 4 x 2 answered) against 1 s / Q are 599 s / Q; 14 to 19 s to be paid for.
  const double queries = pipeline.at("problem").at("queries");
  const auto answers = [&](double seconds) { return std::ceil(seconds / (599 / queries)); };
  const Json& pays = kpis.at("amortisation");
  EXPECT_EQ(pays.at("value").get<double>(), (answers(16) + answers(17)) / 2);
  EXPECT_EQ(pays.at("ci95"), Json({answers(14), answers(19)}));
  EXPECT_EQ(figures(0.4).at("kpis").at("amortisation").at("value"), "inf");
  EXPECT_TRUE(figures(0.4).at("kpis").at("amortisation").at("ci95").is_null());
  EXPECT_EQ(kpis.at("data_movement_reduction").at("ci95"), Json({1.0, 1.0}));
  const Json& moved = arm_of(pipeline, "separated").at("movement_amplification");
  const double useful = arm_of(pipeline, "separated").at("useful_bytes");
  EXPECT_EQ(moved.at("ci95"), Json({1 + 1e3 / useful, 1 + 6e3 / useful}));
  const Json same = derive(six_blocks(alone, [](Json&, int) {}));
  std::size_t errors = 0;
  for (const Json& fom : judged().document.at("foms"))
    for (const Json& of_six : same.at("foms"))
      if (fom.at("name") == of_six.at("name") && fom.at("name").get<std::string>().ends_with(".holdout_error")) {
        EXPECT_EQ(of_six.at("ci95"), Json({fom.at("value"), fom.at("value")})) << "the same launch six times";
        ++errors;
      }
  EXPECT_EQ(errors, 3u);
}

TEST(EveryPipeline, ASubsetOfAnswersIsScaledAndSaysSo) {
  const Json& arm = arm_of(judged().document.at("pipelines").at(0), "simulation_only");
  EXPECT_EQ(arm.at("scaled").at("answered"), 2);
  EXPECT_EQ(arm.at("scaled").at("of"), 4);
  EXPECT_GT(arm.at("ttis").at("value").get<double>(), arm.at("scaled").at("measured_seconds").get<double>());
  EXPECT_TRUE(judged().outcome.says("reason=\"scaled from 2 of 4 answers\""));
}

TEST(EveryPipeline, ARunWithFaultsEndsInvalidAndItsRecordHolds) {
  EXPECT_EQ(judged().outcome.code, 3) << judged().outcome.err;
  const Outcome verified = judged().place.run("'" + std::string(TANDEM_TEST_PROGRAM) + "' verify out");
  EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST(EveryPipeline, ANotANumberIsInvalidForItsReasons) {
  const Json& pipeline = judged().pipeline("toy_nan");
  EXPECT_EQ(pipeline.at("status"), "INVALID");
  for (const char* reason : {"a simulation violates the invariant by inf", "59 of 59 hold-out errors are above"})
    EXPECT_TRUE(contains(reasons(pipeline), reason)) << reasons(pipeline);
  EXPECT_TRUE(pipeline.at("arms")[0].at("ttis").at("value").is_null());
  EXPECT_EQ(judged().exit_of_case("toy_nan"), Exit::invalid);
  EXPECT_EQ(judged().exit_of_case("toy/size=S/ballast=0/device=cpu"), Exit::ok);
}

TEST(EveryPipeline, ACrashIsOneFailedCaseWithItsMessage) {
  const Measured& run = crashing();
  EXPECT_EQ(run.outcome.code, 1) << run.outcome.err;
  const auto failed = [&](const std::string& path, const std::string& reason) {
    const Json& pipeline = run.pipeline(path);
    EXPECT_EQ(pipeline.at("status"), "FAILED") << path;
    EXPECT_TRUE(contains(reasons(pipeline), reason)) << path << "\n" << reasons(pipeline);
  };
  failed("toy_crash/size=S/ballast=0/how=check", "FAILED: toy_crash: the solver broke down at case 0");
  failed("toy_crash/size=S/ballast=0/how=signal", "FAILED: ended by signal 11");
  failed("toy_crash/size=S/ballast=0/how=exit", "FAILED: ended without a result");
  failed("toy_crash/size=S/ballast=0/how=foreign", "FAILED: toy_crash: a vector grew too long");
  EXPECT_TRUE(holds(run.pipeline("toy/size=S/ballast=0/"))) << reasons(run.pipeline("toy/size=S/ballast=0/"));
  EXPECT_EQ(run.place.run("'" + std::string(TANDEM_TEST_PROGRAM) + "' verify out").code, 0);
}

TEST(EveryPipeline, MoreThreadsThanProcessorsAreUnstable) {
  const Json& pipeline = crashing().pipeline("toy/size=S/ballast=1/");
  EXPECT_EQ(pipeline.at("status"), "UNSTABLE");
  EXPECT_TRUE(contains(reasons(pipeline), "UNSTABLE: oversubscription ranks x threads over processors was"))
      << reasons(pipeline);
  EXPECT_TRUE(pipeline.at("arms")[0].at("ttis").at("value").is_number()) << "noisy, not wrong";
}

TEST(EveryPipeline, AnImpossibleSizeSaysWhatItNeedsAndWhatThereIs) {
  const Measured& run = crashing();
  const std::string pipeline = reasons(run.pipeline("toy/size=S/ballast=4000000000"));
  EXPECT_TRUE(contains(pipeline, "needs 715.3 GiB a rank")) << pipeline;
  EXPECT_TRUE(contains(pipeline, "GiB is available; choose a smaller size")) << pipeline;
  ASSERT_EQ(run.document.at("kernels").size(), 2u);
  const std::string kernel = reasons(run.document.at("kernels")[1]);
  EXPECT_TRUE(contains(kernel, "dense/gemm/n=262144")) << kernel;
  EXPECT_TRUE(contains(kernel, "GiB is available; choose a smaller size")) << kernel;
  EXPECT_TRUE(run.document.at("kernels")[0].at("value").is_number()) << reasons(run.document.at("kernels")[0]);
}

TEST(EveryPipeline, ATimeoutEndsOneCase) {
  const Measured run(kTimedOut);
  EXPECT_EQ(run.outcome.code, 1) << run.outcome.err;
  EXPECT_TRUE(contains(reasons(run.pipeline("toy_slow")), "FAILED: timed out after 4 s"))
      << reasons(run.pipeline("toy_slow"));
  EXPECT_TRUE(holds(run.pipeline("toy/"))) << reasons(run.pipeline("toy/"));
}

TEST(Toy, TheModelDifferentiatesItsPrediction) {
  using namespace pipelines;
  const auto learner = toy().make(Settings(toy().parameters), 1).learner(1);
  std::vector<double> weights(toy_terms * toy_outputs * toy_states);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = random_uniform(5, 0, i) - 0.5;
  learner->load(std::as_bytes(std::span(weights)));
  const auto model = learner->model();
  const ToyProblem problem;
  const std::vector<Case> cases = {problem.draw(Purpose::holdout, 3, 0), problem.draw(Purpose::holdout, 3, 1)};
  const Fields gradient = model->vjp(cases, [](std::size_t row, std::span<const float>, std::span<float> cotangent) {
    cotangent[row] = 2;
    cotangent[3] = 1;
  });
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (std::size_t d = 0; d < 2; ++d) {
      const auto objective = [&](double step) {
        Case moved = cases[i];
        moved.parameters[d] += step;
        const Fields y = model->predict(std::span(&moved, 1));
        return 2 * static_cast<double>(y.row(0)[i]) + static_cast<double>(y.row(0)[3]);
      };
      EXPECT_NEAR(static_cast<double>(gradient.row(i)[d]), (objective(0.01) - objective(-0.01)) / 0.02, 2e-3);
    }
}

}  // namespace
}  // namespace tandem
