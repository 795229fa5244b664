// The meters of several nodes: two processes of the program stand for two nodes, each with its own external meter's
// log.
#include "harness/launch/node_meters.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/launch/energy.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/machine.hpp"
#include "harness/meter/power_log.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// Two logs, 200 W and 50 W, a row every 20 ms while it lives.
class Logs {
 public:
  explicit Logs(fs::path folder) : folder_(std::move(folder)), thread_([this] { write(); }) {
    Workplace::until([&] { return fs::exists(folder_ / "b.csv") && fs::file_size(folder_ / "b.csv") > 200; });
  }
  ~Logs() {
    stop_ = true;
    thread_.join();
  }
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

 private:
  void write() {
    std::ofstream a(folder_ / "a.csv"), b(folder_ / "b.csv");
    while (!stop_) {
      const double now = host_clocks().since_1970();
      a << fmt::format("{:.6f},200\n", now) << std::flush;
      b << fmt::format("{:.6f},50\n", now) << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  fs::path folder_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

class Nodes : public ::testing::Test {
 protected:
  // A launcher of two nodes, "a" and "b", with these words before each process.
  std::string two(const std::string& a, const std::string& b, const std::string& name_of_b = "b") {
    place.write("two.sh", "export SLURM_STEP_NUM_TASKS=2\n" + a + " " + kTandem + " meter --node a &\n" + b + " " +
                              kTandem + " meter --node " + name_of_b + " &\nwait\n");
    return "sh " + (place.folder() / "two.sh").string();
  }
  std::string log(const std::string& name) { return "TANDEM_POWER_LOG=" + (place.folder() / (name + ".csv")).string(); }
  static std::string error_of(const std::string& launcher, double patience = 5) {
    try {
      const NodeMeters nodes(launcher, patience);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::failed);
      return error.what();
    }
    return "";
  }
  Workplace place;
};

TEST_F(Nodes, TheirEnergiesAreAddedUp) {
  const Logs logs(place.folder());
  EnergyWatch watch(two(log("a"), log("b")));
  EXPECT_EQ(watch.hosts(), (std::set<std::string>{"a", "b"}));
  const double begin = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  const double end = now_seconds();
  const Json energy = watch.between(begin, end);
  ASSERT_TRUE(energy.at("joules").is_number()) << energy;
  EXPECT_EQ(energy.at("scope"), "node");
  EXPECT_NEAR(energy.at("joules").get<double>() / (end - begin), 250, 10);
  EXPECT_EQ(watch.meters().size(), 2u);
  EXPECT_EQ(watch.meters()[0].at("meter"), "power_log/node@a");
  EXPECT_EQ(watch.sampler().at("nodes"), 2);
  EXPECT_GT(watch.sampler().at("cpu_share_of_a_node").get<double>(), 0);
}

// One has a meter of the node, the other none: what the first drew is not the launch's energy.
TEST_F(Nodes, WithDifferentSourcesHaveNoEnergyInCommon) {
  const Logs logs(place.folder());
  EnergyWatch watch(two(log("a"), "env -u TANDEM_POWER_LOG"));
  const double begin = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const Json energy = watch.between(begin, now_seconds());
  EXPECT_TRUE(energy.at("joules").is_null()) << energy;
  EXPECT_NE(energy.at("reason").get<std::string>().find("in common: node b: "), std::string::npos) << energy;
}

TEST_F(Nodes, ThatFallSilentHaveNoEnergyAnyMore) {
  const Logs logs(place.folder());
  EnergyWatch watch(two(log("a"), "timeout 0.5 env " + log("b")));
  const double begin = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  const Json energy = watch.between(begin, now_seconds());
  EXPECT_TRUE(energy.at("joules").is_null()) << energy;
  EXPECT_NE(energy.at("reason").get<std::string>().find("power_log/node@b"), std::string::npos) << energy;
}

TEST_F(Nodes, AMistakeOfTheLauncherIsNamed) {
  EXPECT_NE(error_of("false").find("meter_launcher = \"false\": it ended"), std::string::npos);
  EXPECT_NE(error_of("echo nobody is allowed to").find("nobody is allowed to"), std::string::npos);
  EXPECT_NE(error_of(two("", "", "a")).find("two processes on one node"), std::string::npos);
  EXPECT_NE(error_of(two("", "true"), 0.5).find("not all nodes told their meters within"), std::string::npos);
  place.write("old.sh", "echo '{\"meters_of\":3}'\nsleep 5\n");
  EXPECT_NE(error_of("sh " + (place.folder() / "old.sh").string()).find("another version"), std::string::npos);
}

// Through the program, on this host as the one node: the ranks' host is among the metered.
TEST_F(Nodes, ARunThroughALauncherHasItsEnergyAndVerifies) {
  const Logs logs(place.folder());
  place.write("one.sh", "exec env " + log("a") + " " + kTandem + " meter\n");
  place.write("my.toml",
              "threads = 1\nlimits = \"none\"\nmeter_launcher = \"sh one.sh\"\n[[pipeline]]\nname = "
              "\"toy_slow\"\nseconds = 0.5\narms = [\"integrated\"]\n");
  const Outcome outcome = place.run(kTandem + " run my.toml --out out");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const Json arm = read_json(place.folder() / "out/result.json").at("pipelines")[0].at("arms")[0];
  EXPECT_EQ(arm.at("energy_scope"), "node");
  EXPECT_NEAR(arm.at("energy_to_solution").at("value").get<double>() / arm.at("ttis").at("value").get<double>(), 200,
              10);
  EXPECT_NE(place.read("out/power.csv").find("power_log/node@" + host_digest().substr(0, 12)), std::string::npos);
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0) << place.read("stdout.txt");
  place.write("wrong.toml", "meter_launcher = \"no-such-srun\"\n[[pipeline]]\nname = \"toy\"\n");
  expect_refused(place.run(kTandem + " run wrong.toml --out other"), 2,
                 "no-such-srun of meter_launcher = \"no-such-srun\" cannot be started");
  EXPECT_FALSE(fs::exists(place.folder() / "other"));
}

}  // namespace
}  // namespace tandem
