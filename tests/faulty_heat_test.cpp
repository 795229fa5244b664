// The real command line over heat in small: the honest pipeline passes its whole gate, and each fault alone turns the
// same run into INVALID, exit code 3, with the reason that names what failed.
#include <map>

#include <gtest/gtest.h>

#include "harness/base/json.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

const std::string kProgram = TANDEM_TEST_PROGRAM;

// What each fault must be found by, the first also on the terminal. The honest run is found by none: it has no reason.
const std::map<std::string, std::vector<std::string>> kFaults = {
    {"heat_broken_weights", {"hold-out errors are above 20.0 %", "no skill: median hold-out error"}},
    {"heat_mean", {"hold-out errors are above 20.0 %", "no skill: median hold-out error"}},
    {"heat_unconverged", {"a simulation violates the invariant by", "the solver did not converge"}},
    {"heat_perturbed", {"a simulation violates the invariant by"}},
    {"heat_rescaled", {"predictions violate the invariant by more than 0.08"}},
    {"heat_hot_spot", {"|predicted - validated| peak, p90, K: "}}};

struct Ended {
  Workplace place;
  Outcome outcome;
  Json pipeline;
  std::string reasons(const std::string& status) const {
    std::string text;
    for (const Json& reason : pipeline.at("reasons"))
      if (reason.at("status") == status) text += reason.at("reason").get<std::string>() + "\n";
    return text;
  }
  void end(pid_t child) {
    outcome = place.wait(child);
    const auto result = place.folder() / "out/result.json";
    if (std::filesystem::exists(result)) pipeline = read_json(result).at("pipelines").at(0);
  }
};

const Ended& honest() {
  static Ended run;
  if (run.pipeline.is_null()) {
    run.place.write("run.toml",
                    "threads = 1\nlimits = \"none\"\n[[pipeline]]\nname = \"heat_small\"\narms = [\"integrated\"]\n");
    run.end(run.place.start("'" + kProgram + "' run run.toml --out out"));
  }
  return run;
}

// The honest run's plan under the fault's name, as if interrupted before its first launch: nothing but the fault
// differs.
pid_t start(const std::string& name, const Ended& run) {
  const auto from = honest().place.folder() / "out", to = run.place.folder() / "out";
  std::filesystem::create_directories(to / "weights");
  for (const char* file : {"machine.json", "hwloc.xml"}) std::filesystem::copy_file(from / file, to / file);
  Json plan = read_json(from / "plan.json");
  Json& item = plan.at("cases").at(0);
  item["name"] = name;
  item["case"] = name + item.at("case").get<std::string>().substr(std::string("heat_small").size());
  run.place.write("out/plan.json", plan.dump());
  return run.place.start("'" + kProgram + "' run --resume out");
}

// One `tandem run` for each fault, two at a time.
const std::map<std::string, Ended>& faulty() {
  static const std::map<std::string, Ended> all = [] {
    std::map<std::string, Ended> runs;
    for (const auto& [name, reasons] : kFaults) runs[name];
    for (auto run = runs.begin(); run != runs.end(); ++run) {
      Ended& first = run->second;
      const pid_t child = start(run->first, first);
      if (std::next(run) != runs.end()) {
        ++run;
        run->second.end(start(run->first, run->second));
      }
      first.end(child);
    }
    return runs;
  }();
  return all;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(FaultyHeat, TheHonestPipelinePassesItsWholeGate) {
  const Ended& run = honest();
  ASSERT_EQ(run.outcome.code, 0) << run.outcome.out << run.outcome.err;
  EXPECT_EQ(run.reasons("INVALID") + run.reasons("FAILED"), "");
  const Json& arm = run.pipeline.at("arms").at(0);
  EXPECT_TRUE(arm.at("ttis").at("value").is_number());
  EXPECT_EQ(arm.at("holdout").at("judged"), 124);
  EXPECT_TRUE(arm.at("holdout").at("pass").get<bool>());
  EXPECT_TRUE(arm.at("skill").at("pass").get<bool>());
  ASSERT_EQ(arm.at("answers").at("verdicts").size(), 4u);
  for (const Json& verdict : arm.at("answers").at("verdicts")) EXPECT_TRUE(verdict.at("pass").get<bool>()) << verdict;
  EXPECT_EQ(run.place.run("'" + kProgram + "' verify out").code, 0);
}

TEST(FaultyHeat, ASizeWithoutFrozenTargetsSaysSo) {
  const Ended& run = honest();
  EXPECT_TRUE(run.outcome.says("warning: heat-small-2 is provisional: e*, the limits on invariant and answers"));
  EXPECT_TRUE(contains(run.reasons("UNOFFICIAL"), "heat-small-2 is provisional: e*")) << run.pipeline.dump();
}

TEST(FaultyHeat, SizesSAndMOfHeatAreFrozen) {
  const Workplace place;
  place.write("run.toml", "[[pipeline]]\nname = \"heat\"\nsize = [\"S\", \"M\", \"L\", \"XL\"]\n");
  const Outcome planned = place.run("'" + kProgram + "' run run.toml --dry-run");
  EXPECT_EQ(planned.code, 0) << planned.err;
  for (const char* size : {"L", "XL"})
    EXPECT_TRUE(planned.says("warning: heat-" + std::string(size) + "-2 is provisional")) << planned.out;
  for (const char* version : {"heat-S-2", "heat-M-3"})
    EXPECT_FALSE(planned.says(std::string(version) + " is provisional")) << planned.out;
}

TEST(FaultyHeat, EveryFaultEndsWithExitCodeThreeForItsReason) {
  for (const auto& [name, expected] : kFaults) {
    const Ended& run = faulty().at(name);
    EXPECT_EQ(run.outcome.code, 3) << name << "\n" << run.outcome.out << run.outcome.err;
    ASSERT_TRUE(run.pipeline.is_object()) << name;
    EXPECT_EQ(run.pipeline.at("status"), "INVALID") << name;
    EXPECT_TRUE(run.outcome.says("TANDEM-RESULT v1 status=INVALID")) << name << "\n" << run.outcome.out;
    EXPECT_TRUE(run.pipeline.at("arms").at(0).at("ttis").at("value").is_null()) << name;
    for (const std::string& reason : expected)
      EXPECT_TRUE(contains(run.reasons("INVALID"), reason)) << name << " lacks: " << reason << "\n"
                                                            << run.reasons("INVALID");
    EXPECT_TRUE(run.outcome.says(expected.front())) << name << "\n" << run.outcome.out;
  }
}

// A fault that only one check can see is seen by that check.
TEST(FaultyHeat, FieldsThatLookRightAreJudgedByTheAnswers) {
  const Ended& run = faulty().at("heat_hot_spot");
  const Json& arm = run.pipeline.at("arms").at(0);
  EXPECT_TRUE(arm.at("holdout").at("pass").get<bool>()) << run.reasons("INVALID");
  EXPECT_TRUE(arm.at("skill").at("pass").get<bool>()) << run.reasons("INVALID");
}

}  // namespace
}  // namespace tandem
