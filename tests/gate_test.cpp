// The quality gate derived from records that are made up: every rule decides once each way.
#include <functional>

#include <gtest/gtest.h>

#include "harness/base/digest.hpp"
#include "harness/result/derive_parts.hpp"

namespace tandem {
namespace {

constexpr std::size_t kCases = 124;

Json problem() {
  return {
      {"cases", kCases}, {"allowed", 2},  {"target", 0.1}, {"invariant_limit", 0.01}, {"truth_invariant_limit", 1e-6},
      {"questions", 4},  {"queries", 400}};
}

// Passes everything: errors of 2 % against 10 % of the best trivial and 4 % of the best named rival.
LaunchRecord launch() {
  LaunchRecord made;
  made.line = {{"failure", nullptr}, {"records", Json::array()}};
  const auto add = [&](Json record) { made.line["records"].push_back(std::move(record)); };
  for (const auto& [name, trivial] :
       {std::pair{"mean", true}, {"linear", true}, {"quadratic", false}, {"kernel", false}})
    add({{"record", "rival"}, {"name", name}, {"trivial", trivial}, {"seconds", 0.1}});
  add({{"record", "verdict"}, {"check", "recall"}, {"value", 0.1}, {"limit", 0.2}, {"pass", true}});
  add({{"record", "questions"}, {"answered", 4}, {"of", 4}});
  add({{"record", "training_invariant"}, {"value", 1e-9}});
  for (std::size_t i = 0; i < kCases; ++i)
    made.holdout.push_back({{"record", "holdout"},
                            {"index", i},
                            {"error", 0.02},
                            {"invariant", 0.001},
                            {"truth_invariant", 1e-8},
                            {"rivals", {{"mean", 0.5}, {"linear", 0.1}, {"quadratic", 0.04}, {"kernel", 0.06}}}});
  made.answers.push_back({{"record", "answer"}, {"question", 0}, {"values", {1, 2}}});
  return made;
}

struct Judgement {
  GateOutcome outcome;
  Status status;
  bool invalid(const std::string& reason) const {
    for (const Json& item : status.reasons())
      if (item.at("status") == "INVALID" && item.at("reason").get<std::string>().find(reason) != std::string::npos)
        return true;
    return false;
  }
};

Judgement judge(const std::function<void(LaunchRecord&)>& change, bool skill_matters = true,
                const Json& spec = problem()) {
  LaunchRecord record = launch();
  change(record);
  Judgement judged;
  judged.outcome = judge_gate(record, spec, skill_matters, judged.status);
  return judged;
}

void set_errors(LaunchRecord& record, std::size_t count, const Json& value) {
  for (std::size_t i = 0; i < count; ++i) record.holdout[i]["error"] = value;
}

Json& record_of(LaunchRecord& launch, const std::string& kind) {
  for (Json& record : launch.line["records"])
    if (record.at("record") == kind) return record;
  throw std::out_of_range(kind);
}

TEST(Gate, AnHonestLaunchPasses) {
  const Judgement judged = judge([](LaunchRecord&) {});
  EXPECT_TRUE(judged.status.has_figure()) << judged.status.reasons().dump();
  EXPECT_TRUE(judged.outcome.holdout.at("pass").get<bool>());
  EXPECT_TRUE(judged.outcome.skill.at("pass").get<bool>());
  EXPECT_EQ(judged.outcome.skill.at("best_trivial").at("name"), "linear");
  EXPECT_EQ(judged.outcome.skill.at("best_rival").at("name"), "quadratic");
  EXPECT_NEAR(judged.outcome.holdout.at("confidence").get<double>(), 0.9505, 1e-4);  // 124 cases, 2 allowed
  EXPECT_EQ(judged.outcome.answers.at("queries"), 400);
}

// "" = every check passes.
std::string failing(const std::function<void(LaunchRecord&)>& change) {
  const GateOutcome outcome = judge(change).outcome;
  std::string names;
  for (const Json& verdict : gate_verdicts(outcome.holdout, outcome.skill))
    if (!verdict.at("pass").get<bool>()) names += verdict.at("check").get<std::string>() + " ";
  return names;
}

TEST(Gate, EachRuleIsACheckOfItsOwn) {
  const GateOutcome honest = judge([](LaunchRecord&) {}).outcome;
  EXPECT_EQ(gate_verdicts(honest.holdout, honest.skill).size(), 5u);
  EXPECT_EQ(failing([](LaunchRecord&) {}), "");
  EXPECT_EQ(failing([](LaunchRecord& l) { set_errors(l, 3, 0.11); }), "holdout_errors ");
  EXPECT_EQ(failing([](LaunchRecord& l) { l.holdout.pop_back(); }), "holdout_errors ");
  EXPECT_EQ(failing([](LaunchRecord& l) {
              for (std::size_t i = 0; i < 3; ++i) l.holdout[i]["invariant"] = 0.02;
            }),
            "holdout_invariant ");
  EXPECT_EQ(failing([](LaunchRecord& l) { l.holdout[5]["truth_invariant"] = "nan"; }), "truth_invariant ");
  EXPECT_EQ(failing([](LaunchRecord& l) { set_errors(l, kCases, 0.06); }), "skill_over_trivial skill_over_rival_p ");
}

TEST(Gate, OfSeveralLaunchesTheOneThatFailsIsToldOnce) {
  const auto verdict = [](const char* check, double value, bool pass) {
    return Json{{"check", check}, {"value", value}, {"limit", 1}, {"pass", pass}};
  };
  const Records none;
  Derivation derivation{none, {}, {}};
  derivation.check_verdicts("x", {verdict("a", 0, true), verdict("b", 0, true), verdict("a", 3, false),
                                  verdict("a", 4, false), verdict("b", 0.5, true)});
  ASSERT_EQ(derivation.checks.size(), 2u);
  EXPECT_EQ(derivation.checks[0], (Json{{"name", "x.a"}, {"value", 3.0}, {"limit", 1}, {"pass", false}}));
  EXPECT_EQ(derivation.checks[1], (Json{{"name", "x.b"}, {"value", 0.0}, {"limit", 1}, {"pass", true}}));
}

TEST(Gate, ThePlanAllowsTwoOf124) {
  for (const Json& value : {Json(0.11), Json("nan"), Json("inf"), Json(nullptr)}) {
    EXPECT_TRUE(judge([&](LaunchRecord& l) { set_errors(l, 2, value); }).status.has_figure()) << value;
    const Judgement judged = judge([&](LaunchRecord& l) { set_errors(l, 3, value); });
    EXPECT_TRUE(judged.invalid("3 of 124 hold-out errors are above 10.0 %, 2 may be")) << value;
    EXPECT_EQ(judged.outcome.holdout.at("above"), 3);
    EXPECT_FALSE(judged.outcome.holdout.at("pass").get<bool>());
  }
  const Judgement at_target = judge([](LaunchRecord& l) { set_errors(l, 60, 0.1); });
  EXPECT_EQ(at_target.outcome.holdout.at("above"), 0);
}

TEST(Gate, ThePlanAllowsNoneOf59) {
  Json spec = problem();
  spec["cases"] = 59;
  spec["allowed"] = 0;
  const auto shrink = [](LaunchRecord& l) { l.holdout.resize(59); };
  EXPECT_TRUE(judge(shrink, true, spec).status.has_figure());
  const auto one_above = [&](LaunchRecord& l) {
    shrink(l);
    set_errors(l, 1, 0.2);
  };
  EXPECT_TRUE(judge(one_above, true, spec).invalid("1 of 59 hold-out errors"));
}

TEST(Gate, EveryCaseOfThePlanMustBeJudged) {
  EXPECT_TRUE(judge([](LaunchRecord& l) { l.holdout.pop_back(); }).invalid("123 of 124 hold-out cases were judged"));
  EXPECT_TRUE(judge([](LaunchRecord& l) { l.holdout.push_back(l.holdout[0]); }).invalid("125 of 124"));
  EXPECT_TRUE(judge([](LaunchRecord& l) { l.holdout.clear(); }).invalid("0 of 124"));
}

TEST(Gate, InvariantsOfPredictionsAndOfSimulations) {
  const auto set = [](const char* key, const Json& value) {
    return [=](LaunchRecord& l) { l.holdout[77][key] = value; };
  };
  const auto violate = [](std::size_t count, const Json& value) {
    return [=](LaunchRecord& l) {
      for (std::size_t i = 0; i < count; ++i) l.holdout[i]["invariant"] = value;
    };
  };
  for (const Json& bad : {Json(0.02), Json("nan"), Json("inf")}) {  // judged by the same plan as the errors
    EXPECT_TRUE(judge(violate(2, bad)).status.has_figure()) << bad;
    EXPECT_TRUE(judge(violate(3, bad)).invalid("3 of 124 predictions violate the invariant by more than 0.01, 2 may"));
  }
  for (const Json& bad : {Json(2e-6), Json("nan")})
    EXPECT_TRUE(judge(set("truth_invariant", bad)).invalid("the solver did not converge")) << bad;
  EXPECT_TRUE(judge(violate(kCases, 0.01)).status.has_figure()) << "at the limit is not above";
  const auto training = [](const Json& value) {
    return [=](LaunchRecord& l) { record_of(l, "training_invariant")["value"] = value; };
  };
  EXPECT_TRUE(judge(training(2e-6)).invalid("the solver did not converge"));
  EXPECT_TRUE(judge(training("nan")).invalid("the solver did not converge"));
}

TEST(Gate, SkillAgainstTheBestTrivialPredictor) {
  const auto all = [](double error) {
    return [=](LaunchRecord& l) {
      for (Json& row : l.holdout) {
        row["error"] = error;
        row["rivals"]["quadratic"] = 0.09;
        row["rivals"]["kernel"] = 0.09;
      }
    };
  };
  EXPECT_TRUE(judge(all(0.05)).status.has_figure()) << "half of the best is enough";
  EXPECT_TRUE(judge(all(0.051)).invalid("no skill: median hold-out error 5.10 % is above half of that of \"linear\""));
  EXPECT_TRUE(judge(all(0.051), false).status.has_figure()) << "the simulation-only arm needs none";
}

TEST(Gate, SkillAgainstTheBestNamedRival) {
  // Better in k of 124 cases, worse in the others: one-sided sign test at 5 %: P(Bin(124, 1/2) >= 72) = 0.0436.
  const auto wins = [](std::size_t k) {
    return [=](LaunchRecord& l) {
      for (std::size_t i = 0; i < kCases; ++i) {
        l.holdout[i]["error"] = i < k ? 0.02 : 0.05;
        l.holdout[i]["rivals"]["quadratic"] = 0.03;
      }
    };
  };
  EXPECT_TRUE(judge(wins(72)).status.has_figure());
  EXPECT_TRUE(judge(wins(71)).invalid("not better than the rival \"quadratic\""));
  const auto equal = [](LaunchRecord& l) {
    for (Json& row : l.holdout) row["rivals"]["quadratic"] = 0.02;
  };
  EXPECT_TRUE(judge(equal).invalid("not better than the rival \"quadratic\""));
}

TEST(Gate, ARivalThatIsNotANumberIsNoCompetitor) {
  const auto broken = [](LaunchRecord& l) {
    for (Json& row : l.holdout) row["rivals"]["quadratic"] = "nan";
  };
  const Judgement judged = judge(broken);
  EXPECT_TRUE(judged.status.has_figure()) << judged.status.reasons().dump();
  EXPECT_EQ(judged.outcome.skill.at("best_rival").at("name"), "kernel");
  EXPECT_EQ(judged.outcome.skill.at("rivals")[2].at("above"), kCases);
}

TEST(Gate, WhatIsWrittenIsWhatIsDerivedAgain) {
  for (const Json& value : {Json(0.02), Json("nan"), Json("inf")}) {
    const Judgement judged = judge([&](LaunchRecord& l) { set_errors(l, kCases, value); });
    for (const Json& part : {judged.outcome.holdout, judged.outcome.skill, judged.outcome.answers})
      EXPECT_EQ(Json::parse(part.dump()), part) << value;
  }
}

TEST(Gate, AnswersMustBeJudgedAndPass) {
  EXPECT_TRUE(judge([](LaunchRecord& l) {
                Json& verdict = record_of(l, "verdict");
                verdict["value"] = 0.4;
                verdict["pass"] = false;
              }).invalid("recall: 0.4 is above 0.2"));
  EXPECT_TRUE(judge([](LaunchRecord& l) {
                record_of(l, "verdict")["record"] = "other";
              }).invalid("the answers were not judged"));
  Json ranking = problem();
  ranking["cases"] = 0;
  const Judgement judged = judge([](LaunchRecord& l) { l.holdout.clear(); }, true, ranking);
  EXPECT_TRUE(judged.status.has_figure()) << "a Problem without a per-case error judges by its answers alone";
  EXPECT_TRUE(judged.outcome.holdout.is_null());
  for (const Json& bad : {Json(2e-6), Json("nan")})
    EXPECT_TRUE(judge([&](LaunchRecord& l) { record_of(l, "training_invariant")["value"] = bad; }, true, ranking)
                    .invalid("the solver did not converge"))
        << "its simulations must keep the invariant all the same";
}

}  // namespace
}  // namespace tandem
