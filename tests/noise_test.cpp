// The noise guard on readings and trees made up for the purpose: each check alone must make a case UNSTABLE.
#include "harness/measure/noise.hpp"

#include <cmath>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/base/random.hpp"
#include "harness/measure/clock.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// A quiet minute on 4 processors, all of it this run's.
struct Quiet {
  NoiseReading before;
  NoiseReading after;
  std::vector<double> samples;
  Quiet() {
    before = {0, 1e-3, 2e-3, CpuSeconds{400, 200, 1, 4, 0.01}, 100, 5, 7, 1, 4, 4};
    after = {60, 1.01e-3, 2.02e-3, CpuSeconds{640, 440, 1, 4, 0.01}, 340, 5, 7, 1, 4, 4};
    for (std::size_t i = 0; i < 40; ++i) samples.push_back(1 + 0.01 * random_normal(3, 0, i));
  }
  std::vector<Reason> judge(bool is_kernel = true) const { return judge_noise(before, after, samples, is_kernel); }
  Reason of(const std::string& check, bool is_kernel = true) const {
    for (const Reason& reason : judge(is_kernel))
      if (reason.check == check) return reason;
    ADD_FAILURE() << "no check " << check;
    return {};
  }
};

TEST(Noise, QuietIsStable) {
  for (const Reason& reason : Quiet().judge()) {
    EXPECT_FALSE(reason.unstable) << reason.text;
    EXPECT_TRUE(reason.value) << reason.text;
  }
  EXPECT_FALSE(unstable(Quiet().judge()));
}

TEST(Noise, EachCheckAlone) {
  Quiet run;
  run.after.fma = 1.042e-3;
  EXPECT_TRUE(run.of("canary fma").unstable);
  EXPECT_EQ(run.of("canary fma").text, "canary fma drifted 4.2 % (limit 3 %)");
  EXPECT_EQ(run.of("canary fma").seconds, (std::vector{1e-3, 1.042e-3}));
  EXPECT_TRUE(run.of("steal").seconds.empty());
  EXPECT_TRUE(unstable(run.judge()));
  run = Quiet();
  run.after.triad = 1.9e-3;
  EXPECT_TRUE(run.of("canary triad").unstable);  // faster is drift too
  run = Quiet();
  run.after.cpu->steal += 1.5;  // of 240 s: 0.62 %
  EXPECT_TRUE(run.of("steal").unstable);
  run = Quiet();
  run.after.own_cpu -= 6;  // of 240 s: 2.5 %
  EXPECT_TRUE(run.of("foreign CPU").unstable);
  run = Quiet();
  *run.after.throttles += 1;
  EXPECT_TRUE(run.of("throttling").unstable);
  run = Quiet();
  *run.after.quota += 3;
  EXPECT_TRUE(run.of("CPU quota").unstable);
  run = Quiet();
  run.after.ranks = 2;
  EXPECT_TRUE(run.of("oversubscription").unstable);
}

TEST(Noise, SpreadAndTrend) {
  Quiet run;
  for (std::size_t i = 0; i < run.samples.size(); ++i) run.samples[i] = 1 + 0.06 * random_normal(3, 0, i);
  EXPECT_TRUE(run.of("spread").unstable);
  EXPECT_FALSE(run.of("spread", false).unstable);  // a pipeline may spread up to 10 %
  run = Quiet();
  for (std::size_t i = 0; i < run.samples.size(); ++i) run.samples[i] += 0.002 * static_cast<double>(i);
  EXPECT_TRUE(run.of("trend").unstable);
  for (std::size_t i = 0; i < run.samples.size(); ++i) run.samples[i] = 1 + 1e-5 * static_cast<double>(i);
  EXPECT_FALSE(run.of("trend").unstable);  // significant and without consequence
}

TEST(Noise, AbsentIsSaid) {
  Quiet run;
  run.before = NoiseReading();
  run.samples = {1, 2, std::nan("")};
  int silent = 0;
  for (const Reason& reason : run.judge()) {
    EXPECT_FALSE(reason.unstable) << reason.text;
    if (reason.value) continue;
    ++silent;
    EXPECT_NE(reason.text.find("not judged: "), std::string::npos);
  }
  EXPECT_EQ(silent, 8);  // all but oversubscription
  run = Quiet();
  run.samples.resize(9);
  EXPECT_FALSE(run.of("trend").value);
  EXPECT_TRUE(run.of("spread").value);
}

// One step of a counter in a short interval is not evidence.
TEST(Noise, CounterStepsAreAllowedFor) {
  Quiet run;
  run.after.cpu = run.before.cpu;
  run.after.cpu->total += 0.8;
  run.after.own_cpu = run.before.own_cpu;
  run.after.cpu->steal += 0.01;  // 1.25 %, one tick
  run.after.cpu->busy += 0.05;   // 6 %, a tick per processor and one
  EXPECT_NEAR(*run.of("steal").value, 0, 1e-9);
  EXPECT_NEAR(*run.of("foreign CPU").value, 0, 1e-9);
}

class NoiseTree : public testing::Test {
 public:
  NoiseTree() : root_(fs::temp_directory_path() / ("tandem_noise_" + std::to_string(getpid()))) {}
  ~NoiseTree() override { fs::remove_all(root_); }

 protected:
  void put(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(NoiseTree, ReadsTheTree) {
  put("proc/stat",
      "cpu  100 10 50 800 20 5 15 40 60 0\ncpu0 50 5 25 400 10 3 7 20 30 0\ncpu1 50 5 25 400 10 2 8 20 30 0\n"
      "intr 1\n");
  put("proc/self/cgroup", "0::/job/7\n");
  put("sys/fs/cgroup/job/7/cpu.stat", "usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 3\n");
  put("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "2\n");
  put("sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count", "3\n");
  const auto cpu = read_cpu_seconds(root_);
  ASSERT_TRUE(cpu);
  EXPECT_EQ(cpu->cpus, 2);
  EXPECT_NEAR(cpu->total, 1040 * cpu->tick, 1e-9);
  EXPECT_NEAR(cpu->busy, 180 * cpu->tick, 1e-9);
  EXPECT_NEAR(cpu->steal, 40 * cpu->tick, 1e-9);
  const double start = now_seconds();
  const NoiseReading reading = read_noise(Ranks(1), 2, root_);
  EXPECT_LT(now_seconds() - start, 20);  // a reading, not a measurement of minutes
  EXPECT_EQ(reading.throttles, 5);
  EXPECT_EQ(reading.quota, 4);
  EXPECT_EQ(reading.threads, 2);
  EXPECT_GE(reading.cores, 1);
  EXPECT_GT(reading.own_cpu, 0);
  EXPECT_GT(*reading.fma, 0);
  EXPECT_GT(*reading.triad, 0);
}

TEST_F(NoiseTree, OldControlGroups) {
  put("proc/self/cgroup", "4:memory:/m\n1:cpu,cpuacct:/job\n0::/\n");
  put("sys/fs/cgroup/cpu/job/cpu.stat", "nr_periods 9\nnr_throttled 6\n");
  EXPECT_EQ(read_noise(Ranks(1), 1, root_).quota, 6);
}

TEST_F(NoiseTree, EmptyTree) {
  const NoiseReading reading = read_noise(Ranks(1), 1, root_);
  EXPECT_FALSE(reading.cpu);
  EXPECT_FALSE(reading.throttles);
  EXPECT_FALSE(reading.quota);
  put("proc/stat", "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n");
  EXPECT_FALSE(read_cpu_seconds(root_));
}

}  // namespace
}  // namespace tandem
