// The nightly alarms on made-up histories: what is an alarm, since when, and what is none.
#include "harness/decide/regression.hpp"

#include <gtest/gtest.h>

#include "harness/decide/regression_text.hpp"
#include "tests/made_history.hpp"

namespace tandem {
namespace {

Json judged(const History& history) { return judge_history(history, AaThreshold{}); }

Json alarm_of(const Json& document, const std::string& kind) {
  for (const Json& alarm : document.at("alarms"))
    if (alarm.at("kind") == kind) return alarm;
  return nullptr;
}

TEST(Regression, QuietNightsAreOk) {
  const Json document = judged(made_history(105));
  EXPECT_EQ(document.at("verdict"), "OK");
  EXPECT_TRUE(document.at("alarms").empty()) << document.at("alarms");
  EXPECT_EQ(exit_of_regression(document), Exit::ok);
  EXPECT_EQ(document.at("series")[0].at("tonight").at("nights"), 104);
}

TEST(Regression, TooFewNightsAreNotCalledOk) {
  EXPECT_EQ(judged(made_history(10)).at("verdict"), "TOO-SHORT");
  EXPECT_EQ(judged(made_history(1)).at("verdict"), "TOO-SHORT");
  EXPECT_EQ(judged(made_history(11)).at("verdict"), "OK");
}

TEST(Regression, AStepOfNightsIsASlowAlarmWithItsNightAndCommits) {
  const Json document = judged(made_history(60, 50, 0.08));
  EXPECT_EQ(document.at("verdict"), "REGRESSION");
  EXPECT_EQ(exit_of_regression(document), Exit::regression);
  const Json alarm = alarm_of(document, "slow");
  ASSERT_FALSE(alarm.is_null());
  EXPECT_EQ(alarm.at("since"), made_night(50, 0).name);
  EXPECT_EQ(alarm.at("commits"), Json({"c49", "c50"}));
  EXPECT_NEAR(alarm.at("ratio").get<double>(), std::exp(0.08), 0.01);
  EXPECT_LT(alarm.at("ci95")[0], alarm.at("ratio"));
  EXPECT_EQ(alarm.at("p"), 0.001);
  EXPECT_TRUE(alarm_of(document, "fast").is_null()) << "tonight is like the nights of its segment";
}

TEST(Regression, FiveNightsAreEnoughWithoutAnInterval) {
  const Json alarm = alarm_of(judged(made_history(55, 50, 0.08)), "slow");
  ASSERT_FALSE(alarm.is_null());
  EXPECT_TRUE(alarm.at("ci95").is_null());
  EXPECT_NE(alarm.at("text").get<std::string>().find("no interval: 50 and 5 nights"), std::string::npos) << alarm;
}

TEST(Regression, AStepBelowDeltaIsNoAlarm) {
  const Json document = judged(made_history(80, 50, 0.02));
  EXPECT_EQ(document.at("verdict"), "OK");
  EXPECT_EQ(document.at("series")[0].at("steps").size(), 1u) << "found, told, and too small";
  EXPECT_EQ(document.at("series")[0].at("steps")[0].at("stands"), false);
  EXPECT_EQ(judge_history(made_history(80, 50, 0.08), AaThreshold{0.1, 0.1}).at("verdict"), "OK") << "2 x A/A";
}

TEST(Regression, AStepThatWentBackIsHistory) {
  History history = made_history(90, 40, 0.08);
  for (std::size_t i = 60; i < 90; ++i) *history.newest[i].figures[0].ln_median -= 0.08;
  const Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "OK");
  EXPECT_EQ(document.at("series")[0].at("steps").size(), 2u);
}

TEST(Regression, ADriftOfSmallStepsAddsUp) {
  History history = made_history(120);
  for (std::size_t i = 40; i < 120; ++i) *history.newest[i].figures[0].ln_median += i < 80 ? 0.025 : 0.05;
  const Json document = judged(history);
  const Json alarm = alarm_of(document, "slow");
  ASSERT_FALSE(alarm.is_null()) << "no step alone is beyond 3 %";
  EXPECT_EQ(alarm.at("since"), made_night(40, 0).name);
  EXPECT_NEAR(alarm.at("ratio").get<double>(), std::exp(0.05), 0.01);
}

TEST(Regression, ToCheaperIsToldAndNoAlarm) {
  const Json document = judged(made_history(60, 50, -0.08));
  EXPECT_EQ(document.at("verdict"), "OK");
  EXPECT_EQ(alarm_of(document, "slow").at("state"), "improvement");
  EXPECT_NE(regression_text(document, false).find("better kernel.k.rate"), std::string::npos);
}

TEST(Regression, ADearNightIsASuspicionUntilBothRanAgain) {
  History history = made_history(60);
  history.newest.back().figures[0] = made_figure("k", 0.2);
  Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "SUSPECT");
  EXPECT_EQ(exit_of_regression(document), Exit::undecided);
  EXPECT_EQ(cases_to_confirm(document), std::vector<std::string>{"k"});
  EXPECT_GT(alarm_of(document, "fast").at("z"), 4);
  const auto after = [&](const char* verdict) {
    Json confirmed = document;
    confirm(confirmed, "kernel.k.rate",
            {{"verdict", verdict}, {"ratio", 1.2}, {"ci95", nullptr}, {"p", 0.002}, {"launches", {6, 6}}});
    return confirmed.at("verdict").get<std::string>();
  };
  EXPECT_EQ(after("SLOWER"), "REGRESSION");
  EXPECT_EQ(after("EQUIVALENT"), "OK");
  EXPECT_EQ(after("DIFFERENT_BUT_SMALL"), "OK");
  EXPECT_EQ(after("FASTER"), "OK");
  EXPECT_EQ(after("INCONCLUSIVE"), "SUSPECT");
}

TEST(Regression, AStepOfWhichTheProgramIsClearedIsTheMachines) {
  Json document = judged(made_history(60, 50, 0.08));
  confirm(document, "kernel.k.rate",
          {{"verdict", "EQUIVALENT"}, {"ratio", 1.0}, {"ci95", {0.99, 1.01}}, {"p", 0.9}, {"launches", {6, 6}}});
  EXPECT_EQ(document.at("verdict"), "SUSPECT");
  EXPECT_EQ(alarm_of(document, "slow").at("state"), "machine");
  EXPECT_NE(regression_text(document, false).find("the program is not slower"), std::string::npos);
}

TEST(Regression, OneUnstableNightIsNoSuspicionTwoAre) {
  History history = made_history(60);
  history.newest.back().figures[0] = made_figure("k", 0.2, "UNSTABLE");
  const Json alone = judged(history);
  EXPECT_EQ(alone.at("verdict"), "OK");
  ASSERT_EQ(alone.at("notes").size(), 1u);
  EXPECT_NE(alone.at("notes")[0].get<std::string>().find("a noise guard fired"), std::string::npos);
  history.newest[58].figures[0] = made_figure("k", 0.2, "UNSTABLE");
  EXPECT_EQ(judged(history).at("verdict"), "SUSPECT");
  EXPECT_EQ(alarm_of(judged(history), "fast").at("since"), made_night(58, 0).name) << "it began a night earlier";
}

TEST(Regression, ANightWithoutAFigureDecidesNothing) {
  History history = made_history(60);
  history.newest.back().figures[0] = made_figure("k", 0, "INVALID");
  const Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "SUSPECT");
  EXPECT_EQ(alarm_of(document, "no figure").at("text"), "INVALID tonight: wrong");
  EXPECT_TRUE(cases_to_confirm(document).empty()) << "no time could decide it";
  history.newest.push_back(made_night(60, 0));
  EXPECT_EQ(judged(history).at("verdict"), "OK") << "a gap in the series, nothing more";
  history.newest.back().figures = {made_figure("other", 0)};
  const Json gone = judged(history);
  EXPECT_NE(gone.at("notes").dump().find("kernel.k.rate: not measured tonight"), std::string::npos);
}

TEST(Regression, CountsAreComparedExactly) {
  History history = made_history(30);
  for (std::size_t i = 20; i < 30; ++i) history.newest[i].figures[0].counts["bytes"] = 101;
  const Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "REGRESSION");
  const Json alarm = alarm_of(document, "exact");
  EXPECT_EQ(alarm.at("text"), "bytes 100 -> 101, now 101 (exact)");
  EXPECT_EQ(alarm.at("since"), made_night(20, 0).name);
  EXPECT_TRUE(cases_to_confirm(document).empty()) << "no time could decide it";
  for (std::size_t i = 25; i < 30; ++i) history.newest[i].figures[0].counts["bytes"] = 100;
  EXPECT_EQ(judged(history).at("verdict"), "OK") << "it went back";
  for (std::size_t i = 20; i < 30; ++i) history.newest[i].figures[0].counts["bytes"] = 99;
  EXPECT_EQ(judged(history).at("verdict"), "OK");
  EXPECT_EQ(alarm_of(judged(history), "exact").at("state"), "improvement");
}

TEST(Regression, AnotherMachineStartsTheSeriesAnew) {
  History history = made_history(60, 40, 0.3);
  for (std::size_t i = 40; i < 60; ++i) {
    history.newest[i].fingerprint = "fingerprint B";
    history.newest[i].machine["cpu"] = "B";
  }
  const Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "OK");
  EXPECT_EQ(document.at("series")[0].at("nights"), 20);
  ASSERT_EQ(document.at("boundaries").size(), 1u);
  EXPECT_EQ(document.at("boundaries")[0].at("why"), "another machine: cpu: A -> B");
  EXPECT_EQ(document.at("boundaries")[0].at("name"), made_night(40, 0).name);
  EXPECT_NE(regression_text(document, false).find("start anew with the night of"), std::string::npos);
  history.newest.back().figures[0].identity = "threads=1";
  EXPECT_EQ(judged(history).at("boundaries").size(), 2u) << "so does another case under the same name";
}

TEST(Regression, WhatAPersonAcceptedIsTheNewNormal) {
  History history = made_history(70, 50, 0.08);
  for (std::size_t i = 55; i < 70; ++i) history.newest[i].figures[0].counts["bytes"] = 101;
  const Accepted accepted = acceptance_of(judged(history), "new compiler");
  EXPECT_EQ(accepted.since.at("kernel.k.rate"), made_night(55, 0).name) << "the later of the two alarms";
  history.accepted = {accepted};
  const Json document = judged(history);
  EXPECT_EQ(document.at("verdict"), "OK") << document.at("alarms");
  EXPECT_EQ(document.at("series")[0].at("nights"), 15);
  EXPECT_EQ(document.at("boundaries")[0].at("why"), "accepted: new compiler");
  for (std::size_t i = 70; i < 80; ++i) history.newest.push_back(made_night(i, 0.2 + 0.001 * random_normal(1, 1, i)));
  for (std::size_t i = 70; i < 80; ++i) history.newest[i].figures[0].counts["bytes"] = 101;
  EXPECT_EQ(judged(history).at("verdict"), "REGRESSION") << "what comes after it is not";
}

TEST(Regression, TellsTheMostImportantFirstAndEndsWithLinesForPrograms) {
  const Json document = judged(made_history(60, 50, 0.08));
  const std::string text = regression_text(document, false), lines = regression_contract(document);
  EXPECT_TRUE(text.starts_with("REGRESSION: 1 alarm stands by itself or was confirmed\n")) << text;
  for (const char* part : {"8.", "% dearer [", "commits c49 to c50", "p <= 0.001"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_TRUE(lines.starts_with(
      "TANDEM-ALARM v1 kernel.k.rate kind=slow state=confirmed since=" + made_night(50, 0).name + " ratio=1.0"))
      << lines;
  EXPECT_NE(lines.find("TANDEM-REGRESS v1 verdict=REGRESSION nights=60 series=1 alarms=1 root="), std::string::npos);
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin))
    EXPECT_LE(end - begin, 100u) << text.substr(begin, end - begin);
}

}  // namespace
}  // namespace tandem
