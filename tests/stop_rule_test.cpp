// The stop rule for launches on records that are made up: where it looks, what it asks for, and what it says.
#include "harness/result/stop_rule.hpp"

#include <gtest/gtest.h>

namespace tandem {
namespace {

using Counts = std::vector<std::size_t>;

const Json kStoppedKernel = {{"case", "k"}, {"kind", "kernel"}};
const Json kStoppedPipeline = {{"case", "p"}, {"kind", "pipeline"}, {"arms", {"separated", "integrated"}}};

Records records(int least = 10, int most = 20) {
  Records made;
  made.plan = {{"launches", least}, {"launches_most", most}};
  return made;
}

void add(Records& made, const Json& item, const std::string& arm, double seconds, const char* suffix = "") {
  int number = 0;
  for (const LaunchRecord& launch : made.launches)
    if (launch.line.at("arm") == arm && launch.line.at("case") == item.at("case")) ++number;
  LaunchRecord launch;
  const bool kernel = item.at("kind") == "kernel";
  launch.line = {{"id", item.at("case").get<std::string>() + arm + std::to_string(number) + suffix},
                 {"kind", kernel ? "kernel" : "arm"},
                 {"case", item.at("case")},
                 {"arm", arm},
                 {"launch", *suffix != '\0' ? 0 : number},
                 {"seconds", kernel ? 99 : seconds},
                 {"failure", nullptr},
                 {"records", Json::array()}};
  if (kernel) launch.samples.push_back({{"seconds", {seconds / 2, seconds, seconds * 3}}});  // its median counts
  made.launches.push_back(launch);
}

// Ten launches of which the interval [x_(2), x_(9)] is 100 -+ half.
std::vector<double> ten_with(double half) { return {90, 100 - half, 100, 100, 100, 100, 100, 100, 100 + half, 120}; }

TEST(StopRule, LooksOnlyAtTheSchedule) {
  EXPECT_EQ(looks_of(10, 20), (Counts{10, 14, 20}));
  EXPECT_EQ(looks_of(14, 20), (Counts{14, 20}));
  EXPECT_EQ(looks_of(12, 20), (Counts{14, 20}));
  EXPECT_EQ(looks_of(20, 20), Counts{20});
  EXPECT_EQ(looks_of(3, 3), Counts{3});
  EXPECT_EQ(looks_of(25, 25), Counts{25});
}

TEST(StopRule, WithoutOneThePlanDecides) {
  const LaunchCount count = launches_needed(records(3, 3), kStoppedKernel);
  EXPECT_EQ(count.needed, 3u);
  EXPECT_TRUE(convergence_json(records(3, 3), kStoppedKernel, "").is_null());
  Records quick;
  quick.plan = {{"launches", 1}};
  EXPECT_EQ(launches_needed(quick, kStoppedKernel).needed, 1u);
}

TEST(StopRule, AKernelStopsAtOnePerCent) {
  Records narrow = records(), wide = records();
  for (const double seconds : ten_with(1)) add(narrow, kStoppedKernel, "", seconds);
  for (const double seconds : ten_with(1.01)) add(wide, kStoppedKernel, "", seconds);
  EXPECT_EQ(launches_needed(narrow, kStoppedKernel).needed, 10u);
  const Json convergence = convergence_json(narrow, kStoppedKernel, "");
  EXPECT_EQ(convergence.at("converged"), true);
  EXPECT_DOUBLE_EQ(convergence.at("half_width").get<double>(), 0.01);
  EXPECT_EQ(unconverged(convergence), "");
  EXPECT_EQ(launches_needed(wide, kStoppedKernel).needed, 14u);
  EXPECT_TRUE(convergence_json(wide, kStoppedKernel, "").is_null()) << "not looked at 14 yet";
}

TEST(StopRule, APipelineStopsWhenEveryArmIsWithinTwoAndAHalf) {
  Records made = records();
  for (const double seconds : ten_with(2.5)) add(made, kStoppedPipeline, "separated", seconds);
  EXPECT_EQ(launches_needed(made, kStoppedPipeline).needed, 10u);
  EXPECT_FALSE(launches_needed(made, kStoppedPipeline).looked) << "the other arm was not run";
  Records wide = made;
  for (const double seconds : ten_with(2.5)) add(made, kStoppedPipeline, "integrated", seconds);
  for (const double seconds : ten_with(2.6)) add(wide, kStoppedPipeline, "integrated", seconds);
  EXPECT_TRUE(launches_needed(made, kStoppedPipeline).looked);
  EXPECT_EQ(launches_needed(made, kStoppedPipeline).needed, 10u);
  EXPECT_EQ(launches_needed(wide, kStoppedPipeline).needed, 14u);
}

TEST(StopRule, EndsAtTwentyAndSaysThatItDidNotConverge) {
  Records made = records();
  for (int launch = 0; launch < 20; ++launch) {
    add(made, kStoppedKernel, "", launch % 2 == 0 ? 100 : 110);
    EXPECT_EQ(launches_needed(made, kStoppedKernel).needed, launch < 9 ? 10u : launch < 13 ? 14u : 20u) << launch;
  }
  const Json convergence = convergence_json(made, kStoppedKernel, "");
  EXPECT_EQ(convergence.at("converged"), false);
  // 105 is the median, [x_(6), x_(15)] = [100, 110]
  EXPECT_EQ(unconverged(convergence),
            "unconverged: half the interval is 4.8 % of the median after 20 launches (limit 1 %)");
}

TEST(StopRule, AFailedLaunchIsNotMendedByMore) {
  Records made = records();
  for (const double seconds : ten_with(30)) add(made, kStoppedPipeline, "separated", seconds);
  for (const double seconds : ten_with(30)) add(made, kStoppedPipeline, "integrated", seconds);
  EXPECT_EQ(launches_needed(made, kStoppedPipeline).needed, 14u);
  made.launches[3].line["failure"] = "ended by signal 9";
  EXPECT_EQ(launches_needed(made, kStoppedPipeline).needed, 10u);
}

TEST(StopRule, RepetitionsAboveALimitChangeNothing) {
  Records made = records();
  for (const double seconds : ten_with(1)) add(made, kStoppedKernel, "", seconds);
  add(made, kStoppedKernel, "", 500, ".again");
  EXPECT_EQ(launches_needed(made, kStoppedKernel).needed, 10u);
  EXPECT_EQ(convergence_json(made, kStoppedKernel, "").at("launches"), 10);
}

}  // namespace
}  // namespace tandem
