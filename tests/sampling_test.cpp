// The sampling loop on work of a known length.
#include "harness/measure/sampling.hpp"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {
namespace {

void spin(double seconds) {
  const double end = now_seconds() + seconds;
  while (now_seconds() < end) {
  }
}

SamplingRules short_rules() {
  SamplingRules rules = rules_of_class("quick");
  rules.warmup_seconds = 0.02;
  return rules;
}

TEST(Sampling, RulesOfClasses) {
  EXPECT_EQ(rules_of_class("quick").warmup_seconds, 0.1);
  EXPECT_EQ(rules_of_class("standard").warmup_seconds, 0.5);
  EXPECT_LT(rules_of_class("quick").budget, rules_of_class("standard").budget);
  EXPECT_LT(rules_of_class("official").budget, rules_of_class("procurement").budget);
  EXPECT_THROW(rules_of_class("fast"), Error);
}

TEST(Sampling, SamplesAreSingleRunsWhereInputsAreRestored) {
  const Ranks ranks(1);
  bool restored = false;
  std::size_t runs = 0;
  const auto run = [&] {
    EXPECT_TRUE(restored);
    restored = false;
    ++runs;
    spin(20e-6);
  };
  const auto restore = [&] {
    spin(2e-3);
    restored = true;
  };
  SamplingRules rules = short_rules();
  rules.target = 0.5;
  const Sampling sampling = sample(run, rules, ranks, false, restore);
  EXPECT_EQ(sampling.batch, 1u);
  EXPECT_GE(runs, sampling.seconds.size() + 3);
  EXPECT_LT(*std::min_element(sampling.seconds.begin(), sampling.seconds.end()), 2e-3);  // the restoring does not count
}

TEST(Sampling, TakesTwoWaysInTurn) {
  const Ranks ranks(1);
  std::string order;
  const auto slow = [&] { order += 's', spin(4e-3); };
  const auto fast = [&] { order += 'f', spin(1e-3); };
  const Pairs pairs = sample_in_turn(slow, fast, 3, 2, ranks);
  EXPECT_EQ(order, "sssffssffssff");  // one to warm up
  ASSERT_EQ(pairs.first.size(), 3u);
  ASSERT_EQ(pairs.second.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(pairs.first[i], 4e-3);
    EXPECT_GE(pairs.second[i], 1e-3);
  }
}

TEST(Sampling, BatchesShortRuns) {
  const Ranks ranks(1);
  std::size_t runs = 0;
  SamplingRules rules = short_rules();
  rules.target = 0.5;
  rules.budget = 60;  // other tests beside this one may take the core away; alone it needs 50 ms
  const auto run = [&] {
    ++runs;
    spin(20e-6);
  };
  const Sampling batched = sample(run, rules, ranks, false);
  // 64 runs of 20 us are the first power of two above 1 ms; a preempted sample may stop the doubling one short.
  EXPECT_GE(batched.batch, 16u);
  EXPECT_LE(batched.batch, 64u);
  EXPECT_TRUE(batched.converged);
  EXPECT_TRUE(stop_rule_looks(batched.seconds.size()));
  EXPECT_GE(runs, (batched.seconds.size() + 3) * batched.batch);
  for (double seconds : batched.seconds) EXPECT_GE(seconds, 20e-6);
  EXPECT_GE(batched.warmup_seconds, 0.02);
  EXPECT_GE(batched.total_seconds, batched.warmup_seconds);
  EXPECT_EQ(batched.imbalance, 1);
  EXPECT_LE(sample(run, rules, ranks, true).batch, 16u);  // collectives: 0.2 ms
  rules.max_batch = 1;
  EXPECT_EQ(sample(run, rules, ranks, false).batch, 1u);
}

// A slow first run must not fix the batch at 1.
TEST(Sampling, BatchOutlivesASlowStart) {
  bool first = true;
  const Sampling result = sample(
      [&] {
        spin(first ? 5e-3 : 50e-6);
        first = false;
      },
      short_rules(), Ranks(1), false);
  EXPECT_GE(result.batch, 8u);
}

TEST(Sampling, OutOfBudgetIsUnconverged) {
  SamplingRules rules = short_rules();
  rules.budget = 0.1;
  int i = 0;
  const Sampling result = sample([&] { spin(++i % 2 == 0 ? 2e-3 : 6e-3); }, rules, Ranks(1), false);
  EXPECT_FALSE(result.converged);
  EXPECT_GE(result.seconds.size(), rules.min_samples);
  EXPECT_LT(result.seconds.size(), rules.max_samples);
  rules.budget = 0.001;  // even the warm-up is too long
  std::size_t runs = 0;
  const auto run = [&] {
    ++runs;
    spin(2e-3);
  };
  const Sampling slow = sample(run, rules, Ranks(1), false);
  EXPECT_EQ(runs, 1 + rules.min_samples);
  EXPECT_EQ(slow.seconds.size(), rules.min_samples);
  EXPECT_FALSE(slow.converged);
}

TEST(Sampling, ScheduleEnds) {
  SamplingRules rules = short_rules();
  rules.min_sample = 1e-5;
  rules.target = -1;  // never met
  rules.budget = 60;
  const Sampling result = sample([] { spin(50e-6); }, rules, Ranks(1), false);
  EXPECT_EQ(result.seconds.size(), 320u);
  EXPECT_FALSE(result.converged);
  EXPECT_FALSE(stop_rule_looks(11));
  EXPECT_TRUE(stop_rule_looks(28));
}

}  // namespace
}  // namespace tandem
