// The noise guard of pipelines: what the coordinator records of a launch, and what the launches together say.
#include "harness/launch/node_noise.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "harness/result/derive_parts.hpp"

namespace tandem {
namespace {

// A quiet minute on 4 processors, two of them this launch's.
const NoiseReading kBefore = {0, 1e-3, 2e-3, CpuSeconds{400, 200, 1, 4, 0.01}, 100, 5, 7, 2, 1, 4};
const NoiseReading kAfter = {60, 1e-3, 2e-3, CpuSeconds{640, 320, 1, 4, 0.01}, 220, 5, 7, 2, 1, 4};

Json check_of(const Json& list, const std::string& name) {
  for (const Json& check : list)
    if (check.at("check") == name) return check;
  return nullptr;
}

bool fires(const NoiseReading& after, const std::string& name, bool elsewhere = false) {
  const Json record = noise_record(kBefore, after, elsewhere);
  return check_of(record.at("checks"), name).at("unstable");
}

TEST(NodeNoise, EveryGuardOfALaunchIsThereWithItsValue) {
  const Json record = noise_record(kBefore, kAfter, false);
  for (const char* name :
       {"canary fma", "canary triad", "steal", "foreign CPU", "throttling", "CPU quota", "oversubscription"}) {
    const Json check = check_of(record.at("checks"), name);
    ASSERT_TRUE(check.is_object()) << name;
    EXPECT_TRUE(check.at("value").is_number()) << check;
    EXPECT_FALSE(check.at("unstable").get<bool>()) << check;
  }
  EXPECT_TRUE(check_of(record.at("checks"), "spread").is_null()) << "of the launches together";
  NoiseReading after = kAfter;
  after.fma = 1.04e-3;
  EXPECT_TRUE(fires(after, "canary fma"));
  after = kAfter;
  after.cpu->steal += 2;
  EXPECT_TRUE(fires(after, "steal"));
  after = kAfter;
  after.cpu->busy += 6;
  EXPECT_TRUE(fires(after, "foreign CPU"));
  EXPECT_FALSE(fires(after, "foreign CPU", true)) << "ranks that a site's launcher started are not foreign";
  after = kAfter;
  after.throttles = 6;
  EXPECT_TRUE(fires(after, "throttling"));
  after = kAfter;
  after.threads = 3;
  EXPECT_TRUE(fires(after, "oversubscription"));
  const Json elsewhere = check_of(noise_record(kBefore, after, true).at("checks"), "oversubscription");
  EXPECT_TRUE(elsewhere.at("value").is_null());
  EXPECT_EQ(elsewhere.at("text"), "oversubscription not judged: the launcher may start ranks on other nodes");
}

TEST(NodeNoise, AReadingLeavesNoThreadBehind) {
  const auto threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto before = threads();
  const NoiseReading reading = read_node_noise({2, 1});
  EXPECT_EQ(reading.ranks, 2);
  EXPECT_EQ(reading.threads, 1);
  EXPECT_GT(reading.fma.value_or(0), 0);
  EXPECT_GT(reading.triad.value_or(0), 0);
  // A thread that was joined stays in that list until the system has taken it down.
  for (int i = 0; i < 100 && threads() != before; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(threads(), before) << "spinning threads would disturb the launch";
}

LaunchRecord launch(const NoiseReading& after) {
  LaunchRecord made;
  made.line = {{"records", Json::array({noise_record(kBefore, after, false)})}};
  return made;
}

TEST(NodeNoise, TheWorstLaunchSpeaksForAll) {
  NoiseReading bad = kAfter, worse = kAfter;
  bad.triad = 2.1e-3;
  worse.triad = 2.2e-3;
  const LaunchRecord first = launch(bad), second = launch(worse), third = launch(kAfter);
  Status status;
  const Json noise = judge_noise_of({&first, &second, &third}, {}, status);
  EXPECT_NEAR(check_of(noise, "canary triad").at("value").get<double>(), 10, 1e-9);
  const auto seconds = check_of(noise, "canary triad").at("seconds").get<std::vector<double>>();
  ASSERT_EQ(seconds.size(), 3) << "of each launch one";
  EXPECT_NEAR(seconds[0], (*kBefore.triad + 2.1e-3) / 2, 1e-15);
  EXPECT_NEAR(seconds[1], (*kBefore.triad + 2.2e-3) / 2, 1e-15);
  EXPECT_EQ(status.reasons(),
            Json::array({{{"status", "UNSTABLE"}, {"reason", "canary triad drifted 10 % (limit 3 %)"}}}));
}

TEST(NodeNoise, LaunchesThatSpreadOrDriftAreUnstable) {
  const auto judged = [](const std::vector<double>& seconds) {
    Status status;
    judge_noise_of({}, seconds, status);
    return status.reasons().dump();
  };
  std::vector<double> seconds = {10, 10.1, 9.9, 10, 10.2, 9.8, 10, 10.1, 9.9, 10, 10, 10};
  EXPECT_EQ(judged(seconds), "[]");
  for (std::size_t i = 0; i < seconds.size(); ++i) seconds[i] += 0.1 * static_cast<double>(i);
  EXPECT_NE(judged(seconds).find("trend"), std::string::npos) << judged(seconds);
  EXPECT_NE(judged({10, 12, 14}).find("spread"), std::string::npos);
  EXPECT_EQ(judged({10, 14}), "[]") << "two tell no spread";
}

}  // namespace
}  // namespace tandem
