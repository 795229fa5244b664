// Designs that grow over a split of the ranks, started by mpirun with TEST_RANKS ranks: nobody who simulates waits for
// a slow training, whatever was simulated is replayed in memory bit for bit, and full queues hold nothing up for good.
#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/pipeline/steered.hpp"
#include "tests/mpi_main.hpp"
#include "tests/toy_learner.hpp"

namespace tandem {
namespace {

using std::chrono::microseconds;

struct Slow {
  microseconds prepare{0}, step{0}, simulation{0};
  std::size_t ballast = 0;
};

class SlowLearner : public Learner {
 public:
  explicit SlowLearner(const Slow& slow) : slow_(slow) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override {
    std::this_thread::sleep_for(slow_.prepare);
    inner_->prepare(mine, ranks);
  }
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    std::this_thread::sleep_for(slow_.step);
    return inner_->learn(step, mine, batch, ranks);
  }
  std::unique_ptr<Model> model() const override { return inner_->model(); }
  std::vector<std::byte> save() const override { return inner_->save(); }
  void load(std::span<const std::byte> bytes) override { inner_->load(bytes); }

 private:
  Slow slow_;
  std::unique_ptr<Learner> inner_ = pipelines::toy_legendre(pipelines::toy_terms, false);
};

class SlowSimulation : public pipelines::ToySimulation {
 public:
  explicit SlowSimulation(const Slow& slow) : ToySimulation(slow.ballast), slow_(slow) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    if (fidelity == Fidelity::train) std::this_thread::sleep_for(slow_.simulation * cases.size());
    return ToySimulation::simulate(cases, fidelity);
  }

 private:
  Slow slow_;
};

// Of other rounds, good enough in the round `met` and not before.
class RoundsOf : public pipelines::ToyProblem {
 public:
  RoundsOf(std::vector<std::size_t> samples, std::size_t met) : spec_(ToyProblem::spec()), left_(met) {
    spec_.steering.samples = std::move(samples);
  }
  const ProblemSpec& spec() const override { return spec_; }
  std::vector<Verdict> criterion(const Model&, std::uint64_t, const Simulation&, const Ranks&) const override {
    return {{"rounds to come", static_cast<double>(left_--), 0}};
  }

 private:
  ProblemSpec spec_;
  mutable std::size_t left_;
};
constexpr std::size_t kNever = 1000;

struct Grew {
  std::vector<Json> rounds;  // of the first rank, as what follows
  std::vector<Json> early;
  std::map<std::string, double> seconds;  // of this rank, by state
  int held_up = 0;                        // how often a full queue held this rank up
  double waiting() const {
    double sum = 0;
    for (const auto& [state, spent] : seconds) sum += spent;
    return seconds.at("waiting") / sum;
  }
};

Grew grown(const Ranks& ranks, const Growing& growing, const std::vector<std::size_t>& samples, const Slow& slow,
           bool rings = true, std::size_t met = kNever) {
  Pipeline pipeline;
  pipeline.problem = std::make_unique<RoundsOf>(samples, met);
  pipeline.simulation = std::make_unique<SlowSimulation>(slow);
  pipeline.learner = [slow](std::uint64_t) { return std::make_unique<SlowLearner>(slow); };
  const auto log = std::filesystem::temp_directory_path() / fmt::format("tandem-growing.{}.jsonl", ::getpid());
  Grew outcome;
  {
    Recorder recorder(log, ranks.rank());
    const auto wait = [&](bool begins) {
      outcome.held_up += begins ? 1 : 0;
      recorder.enter(begins ? "wait" : "hand over", begins ? State::waiting : State::transition);
    };
    const auto handover = growing.split.ranks() > 0
                              ? split_handover(
                                    ranks, growing.split, [](const std::string&, std::size_t) {}, wait, rings)
                              : memory_handover();
    grow({pipeline, ranks, recorder, 7}, growing, *handover);
  }
  read_lines(log, [&](Json&& record) {
    if (record.at("record") == "round") outcome.rounds.push_back(record);
    if (record.at("record") == "early_proposal") outcome.early.push_back(record);
    if (record.at("record") == "interval") outcome.seconds[record.at("state")] += record.at("seconds").get<double>();
  });
  std::filesystem::remove(log);
  return outcome;
}

std::vector<Split> splits() {
  std::vector<Split> all;
  for (int simulating = 1; simulating < all_ranks().size(); ++simulating)
    all.push_back({simulating, all_ranks().size() - simulating});
  return all;
}

// What the first rank recorded, on every rank.
Replay replay_of(const Grew& grew) {
  std::vector<double> simulated, early;
  for (const Json& round : grew.rounds) simulated.push_back(round.at("simulated").get<double>());
  for (const Json& one : grew.early)
    for (const char* key : {"round", "first", "step"}) early.push_back(one.at(key).get<double>());
  simulated = all_ranks().gather(simulated);
  early = all_ranks().gather(early);
  Replay replay{{simulated.begin(), simulated.end()}, {}};
  const auto at = [&](std::size_t i) { return static_cast<std::size_t>(early[i]); };
  for (std::size_t i = 0; i < early.size(); i += 3) replay.early[{at(i), at(i + 1)}] = at(i + 2);
  return replay;
}

const std::vector<std::size_t> kFew = {8, 16, 24, 32, 48, 64, 96, 128};
// A training takes at least 0.2 s, a round of eight simulations 8 ms. The last number is out of reach.
TEST(GrowingSplit, NobodyWhoSimulatesWaitsForASlowTraining) {
  std::vector<std::size_t> samples = {8};
  while (samples.back() < 100'000) samples.push_back(samples.back() + 8);
  for (const Split& split : splits()) {
    Slow slow;
    slow.step = microseconds(800);
    slow.simulation = microseconds(1000);
    const Grew grew = grown(all_ranks(), {"steered", "", split}, samples, slow, true, 3);
    if (all_ranks().rank() < split.simulating) {
      EXPECT_LT(grew.waiting(), 0.4) << split.text();
    }
    if (!all_ranks().root()) continue;
    ASSERT_EQ(grew.rounds.size(), 4u);
    EXPECT_EQ(grew.rounds[0].at("samples"), 8);
    for (std::size_t round = 0; round < 4; ++round) {
      const std::size_t count = grew.rounds[round].at("samples"), simulated = grew.rounds[round].at("simulated");
      EXPECT_GE(simulated, count + 32) << "the training of round " << round << " lasts for 200 simulations";
      if (round > 0) {
        EXPECT_EQ(count, grew.rounds[round - 1].at("simulated")) << "and the next has them all";
      }
    }
  }
}

// The numbers of a run say all of it, on either side of a split: as many ranks as trained simulate as much in memory.
TEST(GrowingSplit, ReplayedInMemoryTheWeightsAreTheSame) {
  for (const char* design : {"steered", "fixed_until_gate", "steered_rival"})
    for (const Split& split : splits()) {
      Slow slow;
      slow.step = microseconds(100);
      slow.simulation = microseconds(300);
      const Grew grew = grown(all_ranks(), {design, "", split}, kFew, slow);
      const Replay replay = replay_of(grew);
      const Ranks group(all_ranks(), all_ranks().rank() < split.training ? 0 : 1);
      if (all_ranks().rank() >= split.training) continue;
      const Grew again = grown(group, {design, "", {}, replay}, kFew, {});
      EXPECT_EQ(again.rounds, grew.rounds) << design << " " << split.text();
      EXPECT_EQ(again.early, grew.early) << design << " " << split.text();
      if (!all_ranks().root()) continue;
      EXPECT_EQ(grew.rounds.back().at("samples"), kFew.back());
      EXPECT_EQ(grew.early.empty(), design != std::string("steered")) << design << " " << split.text();
    }
}

// Samples of 1 MB: a ring holds eight of them, MPI sixteen, and a training does not look for them while it prepares.
TEST(GrowingSplit, FullQueuesHoldNothingUpForGood) {
  for (const Split& split : splits())
    for (const bool rings : {true, false}) {
      Slow slow;
      slow.prepare = microseconds(100'000);
      slow.ballast = 250'000;
      const Grew grew = grown(all_ranks(), {"steered", "", split}, {8, 16, 96}, slow, rings);
      EXPECT_GT(all_ranks().sum(grew.held_up), 0) << split.text() << (rings ? " rings" : " MPI");
      if (all_ranks().root()) {
        EXPECT_EQ(grew.rounds.back().at("samples"), 96);
      }
    }
}

// The last number of samples is reached during the first training: then there is nothing to do but wait.
TEST(GrowingSplit, AtTheLastNumberOfSamplesWaitingIsRecorded) {
  for (const Split& split : splits()) {
    Slow slow;
    slow.step = microseconds(800);
    const Grew grew = grown(all_ranks(), {"steered", "", split}, {8, 16, 32}, slow);
    if (all_ranks().rank() < split.simulating) {
      EXPECT_GT(grew.waiting(), 0.6) << split.text();
    }
    if (!all_ranks().root()) continue;
    ASSERT_EQ(grew.rounds.size(), 2u);
    EXPECT_EQ(grew.rounds[0].at("simulated"), 32);
    EXPECT_EQ(grew.rounds[1].at("samples"), 32);
  }
}

TEST(GrowingSplit, OnlyMemoryReplays) {
  if (all_ranks().size() != 2) GTEST_SKIP() << "said on every rank alike";
  EXPECT_THROW(grown(all_ranks(), {"steered", "", {1, 1}, {{8, 16}, {}}}, kFew, {}), Error);
}

}  // namespace
}  // namespace tandem
