// What reading meters costs, on hand-made counters: the reading thread's CPU time, and an A/A of a fixed computation on
// all cores with and without it. The A/A takes a quiet machine and half a minute, so it runs only when asked for:
// sampler_cost_test --gtest_also_run_disabled_tests
#include <algorithm>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/measure/clock.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/meter/energy_recorder.hpp"
#include "harness/meter/pm_counters.hpp"
#include "harness/meter/powercap.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

// Two sockets with their memory, and a Cray's node, processors and memory: ten files.
class Counters {
 public:
  Counters() {
    for (const char* counter : {"energy", "cpu_energy", "memory_energy"})
      place_.write(counter, "26500000 J 1690000000000000 us\n");
    for (const char* health : {"raw_scan_hz", "freshness", "generation", "startup"}) place_.write(health, "10\n");
  }
  Meters meters() const {
    Meters all = powercap_meters(std::filesystem::path(METER_TREES) / "intel_two_packages");
    for (auto& meter : pm_counters_meters(place_.folder())) all.push_back(std::move(meter));
    return all;
  }

 private:
  Workplace place_;
};

TEST(Sampler, TakesLessThanHalfAPercentOfACore) {
  const Counters counters;
  Meters meters = counters.meters();
  ASSERT_EQ(meters.size(), 7u);
  EnergyRecorder recorder(std::move(meters));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  recorder.stop();
  EXPECT_GT(recorder.cost(), 0);
  EXPECT_LT(recorder.cost(), 0.005);
}

// Seconds of the slowest of `threads` equal loops.
double fixed_work(unsigned threads) {
  const double begin = now_seconds();
  std::vector<std::thread> all;
  for (unsigned i = 0; i < threads; ++i)
    all.emplace_back([] {
      volatile double sink = 0.5;  // the compiler must not know where the loop begins
      double x = sink;
      for (int step = 0; step < 250'000'000; ++step) x = x * 0.999999 + 1e-6;
      sink = x;
      static_cast<void>(sink);
    });
  for (std::thread& thread : all) thread.join();
  return now_seconds() - begin;
}

// The median of with / without over 24 pairs, the recorder reading every `period` seconds.
Ratio with_and_without(double period) {
  const Counters counters;
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<double> with, without;
  double share = 0;
  fixed_work(threads);
  for (int pair = 0; pair < 24; ++pair)
    for (const bool sampled : {pair % 2 == 0, pair % 2 != 0}) {
      EnergyRecorder recorder(counters.meters(), period);
      if (!sampled) recorder.stop();
      (sampled ? with : without).push_back(fixed_work(threads));
      recorder.stop();
      share = std::max(share, recorder.cost());
    }
  const Ratio ratio = hl_ratio_paired(with, without);
  fmt::print(
      "every {} s: {} pairs on {} cores, {:.3f} s each; reading took at most {:.4f} of a core; with / without {:.5f}",
      period, with.size(), threads, median(without), share, ratio.value);
  if (ratio.ci) fmt::print(", 95 % interval [{:.5f}, {:.5f}]", ratio.ci->low, ratio.ci->high);
  fmt::print("\n");
  return ratio;
}

// At 25 times the rate the cost stands out of the noise: a 25th of it is that of the real rate.
TEST(Sampler, DISABLED_WithAndWithoutIt) {
  const Ratio real = with_and_without(0.05), fast = with_and_without(0.002);
  ASSERT_TRUE(real.ci && fast.ci);
  EXPECT_LT(real.ci->low, 1.005);
  EXPECT_LT((fast.value - 1) / 25, 0.005);
}

}  // namespace
}  // namespace tandem
