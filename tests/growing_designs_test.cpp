// Growing designs of the toy pipeline through the whole program: steered, its rival, and the fixed design until the
// same criterion is met.
#include <functional>

#include <gtest/gtest.h>

#include "harness/pipeline/steered.hpp"
#include "harness/result/derive.hpp"
#include "tests/cli/measured.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem {
namespace {

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

const Measured& growing() {
  static const Measured run(kGrowing);
  return run;
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
  EXPECT_EQ(growing().place.run("'" + std::string(TANDEM_TEST_PROGRAM) + "' verify out").code, 0);
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

// Simulating and training at once changes how much is simulated and which model proposes it, and nothing else: one rank
// that simulates as much in each round ends with the same weights.
TEST(GrowingDesigns, ASplitReplayedByOneRankHasTheSameWeights) {
  const Json& pipeline = growing().document.at("pipelines").at(2);
  const Json& split = pipeline.at("steering").at("designs").at(2);
  ASSERT_EQ(split.at("split"), "1+1");
  const Json& rounds = split.at("launches").at(0).at("rounds");
  ASSERT_GE(rounds.size(), 2u);
  EXPECT_EQ(rounds.back().at("samples"), 64);
  Replay replay;
  for (const Json& round : rounds) replay.simulated.push_back(round.at("simulated"));
  std::uint64_t seed = 0;
  for (const LaunchRecord& launch : growing().records.launches)
    if (launch.line.at("item") == 2) {
      seed = launch.line.at("seed");
      for (const Json& early : launch.of("early_proposal"))
        replay.early[{early.at("round"), early.at("first")}] = early.at("step");
    }

  const PipelineEntry entry = pipelines::toy();
  Settings settings(entry.parameters);
  settings.set("criterion", "0");
  const Pipeline toy = entry.make(settings, 1);
  const Workplace place;
  const Ranks ranks(1);
  {
    Recorder recorder(place.folder() / "records.jsonl", 0);
    const auto handover = memory_handover();
    grow({toy, ranks, recorder, seed}, {"steered", "", {}, replay}, *handover);
  }
  std::size_t round = 0;
  read_lines(
      place.folder() / "records.jsonl",
      [&](Json&& record) {
        if (record.at("record") != "round") return;
        for (const char* key : {"weights", "samples", "simulated", "replaced"})
          EXPECT_EQ(record.at(key), rounds.at(round).at(key)) << round << key;
        ++round;
      },
      false);
  EXPECT_EQ(round, rounds.size());
  EXPECT_NE(rounds.back().at("weights"),
            design_of(pipeline, "steered").at("launches").at(0).at("rounds").at(3).at("weights"));
  const Json& passing = growing().document.at("pipelines").at(0).at("arms").at(6);
  EXPECT_EQ(passing.at("coupling"), "concurrent");
  EXPECT_EQ(passing.at("design"), "steered");
  EXPECT_EQ(passing.at("bytes").at("shm"), passing.at("useful_bytes"));
}

// The rounds of a launch of the first case, changed.
Json derived_with(const std::string& arm, const std::function<void(Json& rounds)>& change) {
  Records records = growing().records;
  records.plan["cases"] = Json::array({records.plan.at("cases").at(0)});
  for (LaunchRecord& launch : records.launches) {
    if (launch.line.at("item") != 0 || launch.line.at("arm") != arm) continue;
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
  const Json pipeline = derived_with("integrated.coupling=in_memory.design=fixed_until_gate", [](Json& rounds) {
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
  const auto with = [](const std::function<void(Json&)>& change) {
    return reasons(derived_with("integrated.coupling=in_memory.design=steered", change));
  };
  EXPECT_EQ(with([](Json&) {}).find("INVALID"), std::string::npos);
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"][0]["value"] = 0.21; }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"][0]["value"] = "nan"; }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r.back()["verdicts"] = Json::array(); }), "ended before its last round"));
  EXPECT_TRUE(contains(with([](Json& r) { r[0]["samples"] = 9; }), "round 0 is not one of the Problem's"));
  EXPECT_TRUE(contains(with([](Json& r) { r.push_back(r.back()); }), "is not one of the Problem's"));
  EXPECT_TRUE(contains(with([](Json& r) { r = Json::array(); }), "no round was judged"));
  EXPECT_TRUE(contains(with([](Json& r) { r[0]["simulated"] = 9; }), "round 0 is not one of the Problem's"));
}

// A split trains on what was simulated by the end of the round before, at least the Problem's next number.
TEST(GrowingDesigns, RoundsOfASplitFollowFromWhatWasSimulated) {
  using Counts = std::vector<std::pair<int, int>>;  // samples, simulated
  const auto with = [](const Counts& counts) {
    return reasons(derived_with("integrated.coupling=concurrent.split=1+1.design=steered", [&](Json& rounds) {
      const Json last = rounds.back();
      rounds = Json::array();
      for (const auto& [samples, simulated] : counts) {
        rounds.push_back(last);
        rounds.back()["samples"] = samples;
        rounds.back()["simulated"] = simulated;
        if (rounds.size() < counts.size()) rounds.back()["verdicts"][0]["value"] = 0.3;
      }
    }));
  };
  EXPECT_EQ(with({{8, 11}, {16, 20}, {32, 64}}).find("INVALID"), std::string::npos);
  EXPECT_EQ(with({{8, 40}, {40, 41}, {41, 41}, {64, 64}}).find("INVALID"), std::string::npos);
  const char* other = "is not one of the Problem's";
  EXPECT_TRUE(contains(with({{11, 11}, {16, 16}}), other)) << "not the Problem's first";
  EXPECT_TRUE(contains(with({{8, 20}, {16, 30}}), other)) << "left out what was there";
  EXPECT_TRUE(contains(with({{8, 9}, {9, 16}}), other)) << "fewer than the Problem's";
  EXPECT_TRUE(contains(with({{8, 20}, {20, 10}}), other)) << "fewer simulated than trained on";
  EXPECT_TRUE(contains(with({{8, 20}, {20, 65}}), other)) << "more than the Problem's last";
  EXPECT_TRUE(contains(with({{8, 64}, {64, 64}, {64, 64}}), other)) << "after the last";
}

}  // namespace
}  // namespace tandem
