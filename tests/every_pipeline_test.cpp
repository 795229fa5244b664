// The toy pipelines of tandem-test through the whole program: in every arm at one rank and at two, and each fault with
// the reason that it must be given. (Heat and its faults: faulty_heat_test.cpp.)
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "harness/pipeline/steered.hpp"
#include "harness/result/derive.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/workplace.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem {
namespace {

const std::string kProgram = TANDEM_TEST_PROGRAM;

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

constexpr const char* kGrowing = R"(threads = 1
limits = "none"
[[pipeline]]
name = "toy"
threads = 2
arms = ["separated", "integrated"]
coupling = ["in_memory", "concurrent"]
design = ["fixed", "steered", "steered_rival", "fixed_until_gate"]
[[pipeline]]
name = "toy"
ranks = 2
arms = "integrated"
design = ["steered", "fixed_until_gate"]
[[pipeline]]
name = "toy"
criterion = 0
threads = 2
arms = "integrated"
coupling = ["in_memory", "concurrent"]
design = ["steered", "fixed_until_gate"]
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

// A run of a configuration, once for all tests that look at it.
struct Measured {
  explicit Measured(const char* config) {
    place.write("config.toml", config);
    outcome = place.run("'" + kProgram + "' run config.toml --out out");
    std::vector<std::string> problems;
    if (!std::filesystem::exists(place.folder() / "out/result.json")) return;
    document = read_json(place.folder() / "out/result.json");
    records = read_records(place.folder() / "out", problems);
  }
  const Json& pipeline(const std::string& path) const {
    for (const Json& pipeline : document.at("pipelines"))
      if (pipeline.at("case").get<std::string>().starts_with(path)) return pipeline;
    throw std::out_of_range(path + " was not run:\n" + outcome.out + outcome.err);
  }
  // The exit code that the program would give if this case were alone.
  Exit exit_of_case(const std::string& path) const {
    Records alone = records;
    alone.plan["cases"] =
        Json::array({*std::find_if(records.plan.at("cases").begin(), records.plan.at("cases").end(),
                                   [&](const Json& item) { return item.at("case") == pipeline(path).at("case"); })});
    return exit_of(derive(alone));
  }

  Workplace place;
  Outcome outcome;
  Json document;
  Records records;
};

const Measured& judged() {
  static const Measured run(kJudged);
  return run;
}
const Measured& growing() {
  static const Measured run(kGrowing);
  return run;
}
const Measured& crashing() {
  static const Measured run(kCrashing);
  return run;
}

std::string reasons(const Json& pipeline) {
  std::string text;
  for (const Json& reason : pipeline.at("reasons"))
    text += reason.at("status").get<std::string>() + ": " + reason.at("reason").get<std::string>() + "\n";
  return text;
}

// Right and complete; a guard may have found the machine that runs the tests too noisy.
bool holds(const Json& pipeline) {
  return pipeline.at("status") == "UNOFFICIAL" || pipeline.at("status") == "UNSTABLE";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

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

TEST(EveryPipeline, ASubsetOfAnswersIsScaledAndSaysSo) {
  const Json& arm = arm_of(judged().document.at("pipelines").at(0), "simulation_only");
  EXPECT_EQ(arm.at("scaled").at("answered"), 2);
  EXPECT_EQ(arm.at("scaled").at("of"), 4);
  EXPECT_GT(arm.at("ttis").at("value").get<double>(), arm.at("scaled").at("measured_seconds").get<double>());
  EXPECT_TRUE(judged().outcome.says("reason=\"scaled from 2 of 4 answers\""));
}

TEST(EveryPipeline, ARunWithFaultsEndsInvalidAndItsRecordHolds) {
  EXPECT_EQ(judged().outcome.code, 3) << judged().outcome.err;
  const Outcome verified = judged().place.run("'" + kProgram + "' verify out");
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

const Json& design_of(const Json& pipeline, const char* name) {
  for (const Json& design : pipeline.at("steering").at("designs"))
    if (design.at("design") == name) return design;
  throw std::out_of_range(name);
}

TEST(GrowingDesigns, GrowUntilTheCriterionIsMetAndAnswer) {
  for (const std::size_t item : {0u, 1u}) {
    const Json& pipeline = growing().document.at("pipelines").at(item);
    EXPECT_TRUE(holds(pipeline)) << reasons(pipeline);
    for (const Json& arm : pipeline.at("arms")) {
      EXPECT_TRUE(arm.at("ttis").at("value").is_number()) << arm.at("arm") << arm.at("design");
      EXPECT_EQ(arm.at("answers").at("rows").size(), 4u);
      EXPECT_EQ(arm.at("holdout").at("decides"), arm.at("design") == "fixed");
    }
    for (const char* name : {"steered", "fixed_until_gate"}) {
      const Json& launch = design_of(pipeline, name).at("launches").at(0);
      EXPECT_EQ(launch.at("simulations"), launch.at("rounds").back().at("samples"));
      EXPECT_EQ(launch.at("judging_simulations"), 40 * launch.at("rounds").size());
      EXPECT_EQ(design_of(pipeline, name).at("simulations_to_gate").at("value"), launch.at("simulations"));
    }
    const auto count = [&](const char* name) {
      return design_of(pipeline, name).at("simulations_to_gate").at("value").get<double>();
    };
    EXPECT_NEAR(pipeline.at("kpis").at("steering_gain_in_simulations").at("value").get<double>(),
                count("fixed_until_gate") / count("steered"), 1e-9);
    EXPECT_TRUE(pipeline.at("kpis").at("steering_gain").at("value").is_number());
  }
  EXPECT_TRUE(growing().outcome.says("coupling=in_memory.design=steered_rival.simulations_to_gate = "));
  EXPECT_TRUE(growing().outcome.says(".same_start.launch=0 value=0.000000000e+00"));
  EXPECT_EQ(growing().place.run("'" + kProgram + "' verify out").code, 0);
}

TEST(GrowingDesigns, StayOutOfTheCouplingSpeedUpAndOfTheSameWeights) {
  const Json& pipeline = growing().document.at("pipelines").at(0);
  const auto& arms = pipeline.at("arms");
  EXPECT_EQ(arms.at(0).at("weights_sha256"), arms.at(1).at("weights_sha256"));  // separated, integrated fixed
  EXPECT_NE(arms.at(2).at("weights_sha256"), arms.at(1).at("weights_sha256"));
  EXPECT_NEAR(pipeline.at("kpis").at("coupling_speedup").at("value").get<double>(),
              arms.at(0).at("launch_seconds")[0].get<double>() / arms.at(1).at("launch_seconds")[0].get<double>(),
              1e-9);
}

TEST(GrowingDesigns, ASteeredDesignThatIsGivenUpIsInvalidAFixedOneIsAnOutcome) {
  const Json& pipeline = growing().document.at("pipelines").at(2);
  EXPECT_EQ(pipeline.at("status"), "INVALID");
  EXPECT_TRUE(contains(reasons(pipeline), "the criterion was not met with 64 simulations: relative error, p90: "))
      << reasons(pipeline);
  EXPECT_EQ(growing().outcome.code, 3);
  const Json& fixed = pipeline.at("arms").at(1);
  EXPECT_TRUE(holds(fixed));
  EXPECT_EQ(fixed.at("ttis").at("value"), nullptr);
  EXPECT_EQ(fixed.at("ttis").at("reason"), "no launch met the criterion");
  EXPECT_EQ(fixed.at("answers").at("rows").size(), 0u);
  const Json& design = design_of(pipeline, "fixed_until_gate");
  EXPECT_EQ(design.at("given_up"), 1);
  EXPECT_EQ(design.at("simulations_to_gate").at("value"), nullptr);
  EXPECT_EQ(design.at("simulations_to_gate").at("reason"), "given up at 64 in 1 of 1 launches");
  EXPECT_EQ(design_of(pipeline, "steered").at("launches").at(0).at("met"), false);
  EXPECT_EQ(pipeline.at("kpis").at("steering_gain").at("value"), nullptr);
}

// Simulating and training at once changes which model proposes, and nothing else.
TEST(GrowingDesigns, OverASplitTheWeightsAreThoseOfOneRankWithTheSameLag) {
  const Json& pipeline = growing().document.at("pipelines").at(2);
  const Json& split = pipeline.at("steering").at("designs").at(2);
  ASSERT_EQ(split.at("split"), "1+1");
  const Json& rounds = split.at("launches").at(0).at("rounds");
  ASSERT_EQ(rounds.size(), 4u);
  std::uint64_t seed = 0;
  for (const LaunchRecord& launch : growing().records.launches)
    if (launch.line.at("item") == 2) seed = launch.line.at("seed");

  const PipelineEntry entry = pipelines::toy();
  Settings settings(entry.parameters);
  settings.set("criterion", "0");
  const Pipeline toy = entry.make(settings, 1);
  const Workplace place;
  const Ranks ranks(1);
  {
    Recorder recorder(place.folder() / "records.jsonl", 0);
    const auto handover = memory_handover();
    grow({toy, ranks, recorder, seed}, {"steered", "", {}, 1}, *handover);
  }
  std::size_t round = 0;
  read_lines(
      place.folder() / "records.jsonl",
      [&](Json&& record) {
        if (record.at("record") != "round") return;
        for (const char* key : {"weights", "samples", "simulated"})
          EXPECT_EQ(record.at(key), rounds.at(round).at(key)) << round << key;
        ++round;
      },
      false);
  EXPECT_EQ(round, 4u);
  EXPECT_NE(rounds.at(3).at("weights"),
            design_of(pipeline, "steered").at("launches").at(0).at("rounds").at(3).at("weights"));
  const Json& passing = growing().document.at("pipelines").at(0).at("arms").at(6);
  EXPECT_EQ(passing.at("coupling"), "concurrent");
  EXPECT_EQ(passing.at("design"), "steered");
  EXPECT_EQ(passing.at("bytes").at("shm"), passing.at("useful_bytes"));
}

// The rounds of a launch of the first case, changed.
Json derived_with(const std::string& design, const std::function<void(Json& rounds)>& change) {
  Records records = growing().records;
  records.plan["cases"] = Json::array({records.plan.at("cases").at(0)});
  for (LaunchRecord& launch : records.launches) {
    if (launch.line.at("item") != 0 || launch.line.at("arm") != "integrated.coupling=in_memory.design=" + design)
      continue;
    Json rounds = Json::array(), others = Json::array();
    for (const Json& record : launch.line.at("records"))
      (record.at("record") == "round" ? rounds : others).push_back(record);
    change(rounds);
    for (const Json& round : rounds) others.push_back(round);
    launch.line["records"] = others;
  }
  return derive(records).at("pipelines").at(0);
}

TEST(GrowingDesigns, AgainstAFixedDesignThatWasGivenUpTheGainIsALowerBound) {
  const Json pipeline = derived_with("fixed_until_gate", [](Json& rounds) {
    const Json first = rounds[0];
    rounds = Json::array();
    for (const int samples : {8, 16, 32, 64}) {
      rounds.push_back(first);
      rounds.back()["samples"] = rounds.back()["simulated"] = samples;
      rounds.back()["verdicts"][0]["value"] = 0.3;
    }
  });
  const Json& gain = pipeline.at("kpis").at("steering_gain_in_simulations");
  const double steered = design_of(pipeline, "steered").at("simulations_to_gate").at("value");
  EXPECT_NEAR(gain.at("value").get<double>(), 64 / steered, 1e-9);
  EXPECT_EQ(gain.at("reason"), "a lower bound: the fixed design was given up in 1 of 1 launches");
  EXPECT_TRUE(holds(pipeline)) << reasons(pipeline);
}

TEST(GrowingDesigns, RoundsAreJudgedAgainAndMustBeTheProblems) {
  const auto with = [](const std::function<void(Json&)>& change) { return reasons(derived_with("steered", change)); };
  EXPECT_EQ(with([](Json&) {}).find("INVALID"), std::string::npos);
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"][0]["value"] = 0.21; }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"][0]["value"] = "nan"; }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"] = Json::array(); }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r[0]["samples"] = 9; }), "round 0 is not one of the Problem's"));
  EXPECT_TRUE(contains(with([](Json& r) { r.push_back(r.back()); }), "is not one of the Problem's"));
  EXPECT_TRUE(contains(with([](Json& r) { r = Json::array(); }), "no round was judged"));
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
  EXPECT_EQ(run.place.run("'" + kProgram + "' verify out").code, 0);
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
