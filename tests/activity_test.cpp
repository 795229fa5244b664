// Activities: what is right passes before and after its steps, what is wrong fails; and players of their turns.
#include <algorithm>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/pairing/player.hpp"

namespace tandem {
namespace {

const Ranks& alone() {
  static const Ranks ranks(1);
  return ranks;
}

const ActivityContext& context() {
  static const ActivityContext made{alone(), 1, 5};
  return made;
}

class Right : public ::testing::TestWithParam<const char*> {};

TEST_P(Right, PassesBeforeAndAfterItsSteps) {
  const auto activity = make_activity(activity_of(GetParam()), context());
  for (const Verdict& verdict : activity->prepare()) EXPECT_TRUE(verdict.pass()) << verdict.check << verdict.value;
  for (int i = 0; i < 40; ++i) activity->step();
  const std::vector<Verdict> after = activity->verify();
  EXPECT_FALSE(after.empty());
  for (const Verdict& verdict : after) EXPECT_TRUE(verdict.pass()) << verdict.check << " " << verdict.value;
}

// dense/lu overwrites its matrix: a second step on the factors would fail its residual.
INSTANTIATE_TEST_SUITE_P(Activity, Right,
                         ::testing::Values("toy/simulate", "toy/train", "toy/infer/batch=1", "toy/infer/batch=7",
                                           "dense/gemm/n=32", "dense/lu/n=64", "memory/file_io/bytes=4k"));

// An honest network learns whatever the seed: far from the limit after its first steps, so that chance does not decide.
TEST(Activity, TrainingFallsOnEverySeed) {
  omp_set_num_threads(1);  // a player is forked later on, which a pool of threads would not survive
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const auto activity = make_activity(activity_of("heat_small/train"), {alone(), 1, seed});
    for (const Verdict& verdict : activity->prepare()) EXPECT_LT(verdict.value, 0.5) << verdict.check << " " << seed;
  }
}

class Wrong : public ::testing::TestWithParam<const char*> {};

// A solver that stops early breaks the invariant; a NaN in one of the training samples spoils the loss and the answers.
TEST_P(Wrong, Fails) {
  const auto activity = make_activity(activity_of(GetParam()), context());
  bool right = all_pass(activity->prepare());
  activity->step();
  right = right && all_pass(activity->verify());
  EXPECT_FALSE(right);
}

INSTANTIATE_TEST_SUITE_P(Activity, Wrong,
                         ::testing::Values("heat_unconverged/simulate", "toy_nan/train", "toy_nan/infer"));

TEST(ActivityOf, KeepsSlashesInValues) {
  const ActivityChoice choice = activity_of("memory/file_io/bytes=4k/directory=/tmp/");
  EXPECT_EQ(choice.settings.text("bytes"), "4k");
  EXPECT_EQ(choice.settings.text("directory"), "/tmp");
  EXPECT_EQ(activity_of("toy/infer").settings.text("batch"), "64");
  EXPECT_EQ(activity_of("toy/train/size=S").phase, "train");
}

void expect_ascending(const Turn& turn, std::size_t steps) {
  double before = turn.begin;
  for (std::size_t i = 0; i < std::min(steps, stamped_steps); ++i) {
    EXPECT_GT(turn.ends[i], before);
    before = turn.ends[i];
  }
  EXPECT_GE(turn.end, before);
}

TEST(Player, HereAndBesideStampTheSameClock) {
  const ActivityChoice choice = activity_of("dense/gemm/n=32");
  const auto beside = player_beside(choice, 1, 5);
  const auto here = player_here(choice, context());
  EXPECT_TRUE(all_pass(here->prepare()));
  EXPECT_TRUE(all_pass(beside->prepare()));
  const Turn first = here->play(50), second = beside->play(3), third = here->play(1);
  expect_ascending(first, 50);
  expect_ascending(second, 3);
  EXPECT_LT(first.end, second.begin);
  EXPECT_LT(second.end, third.begin);
  EXPECT_TRUE(all_pass(beside->verify()));
  EXPECT_EQ(here->cpu_seconds(), 0);
  EXPECT_GT(beside->cpu_seconds(), 0) << "what the other process used must not pass for a stranger's";
}

}  // namespace
}  // namespace tandem
