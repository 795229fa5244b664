// A handover between ranks, started by mpirun with TEST_RANKS ranks: every sample arrives bit for bit at the rank that
// trains on it, through rings and through MPI; queues are bounded; a rank that has enough stops those that simulate;
// heat learns the same bits beside its simulation as after it.
#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <omp.h>
#include <unistd.h>

#include "harness/base/bfloat16.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/stages.hpp"
#include "tests/faulty_heat.hpp"
#include "tests/mpi_main.hpp"

namespace tandem {
namespace {

constexpr std::size_t kSamples = 41, kValues = 70'000;  // larger than a ring of many

Sample sample(std::size_t index) {
  Sample made;
  made.index = index;
  made.pairs = 1 + index % 3;
  Array field{{kValues / 10, 10}, {}};
  for (std::size_t i = 0; i < kValues; ++i) field.values.push_back(std::sin(static_cast<float>(index * kValues + i)));
  made.arrays = {{"field", field}, {"number", {{1}, {static_cast<float>(index)}}}};
  return made;
}

struct Books {
  std::map<std::string, std::size_t> bytes;
  int waits = 0;
  Handover::Book book() {
    return [this](const std::string& channel, std::size_t count) { bytes[channel] += count; };
  }
  Handover::Wait wait() {
    return [this](bool begins) { waits += begins ? 1 : 0; };
  }
};

void expect_all_arrive(const Split& split, bool rings, bool bf16) {
  const Ranks& all = all_ranks();
  Books books;
  auto handover = split_handover(all, split, books.book(), books.wait(), rings);
  if (bf16) handover = rounded(std::move(handover), books.book());
  const bool trains = all.rank() >= split.simulating;
  const Ranks group(all, trains ? 1 : 0);
  std::size_t seen = 0;
  if (!trains) {
    for (const std::size_t index : group.share(kSamples)) handover->put({sample(index)});
    handover->close();
  } else {
    while (handover->open())
      for (const Sample& found : handover->take()) {
        Sample expected = sample(found.index);
        if (bf16)
          for (float& value : expected.arrays.at("field").values) value = from_bfloat16(to_bfloat16(value));
        EXPECT_EQ(found.index % static_cast<std::size_t>(split.training), static_cast<std::size_t>(group.rank()));
        EXPECT_EQ(found.pairs, expected.pairs);
        EXPECT_EQ(found.arrays.at("field").shape, expected.arrays.at("field").shape);
        EXPECT_EQ(found.arrays.at("field").values, expected.arrays.at("field").values);
        EXPECT_EQ(found.arrays.at("number").values, expected.arrays.at("number").values);
        ++seen;
      }
    EXPECT_EQ(seen, group.share(kSamples).size());
    EXPECT_FALSE(handover->pending());
  }
  const auto payload = static_cast<double>(kSamples * (kValues + 1) * (bf16 ? 2 : 4));
  const auto total = [&](const char* channel) { return all.sum(static_cast<double>(books.bytes[channel])); };
  EXPECT_EQ(total("shm"), rings ? payload : 0);
  EXPECT_EQ(total("host_copy"), rings ? payload : 0);
  EXPECT_EQ(total("mpi"), rings ? 0 : payload);
  EXPECT_EQ(total("convert"), bf16 ? 3 * payload : 0);
}

TEST(SplitHandover, EverySampleArrives) {
  for (int simulating = 1; simulating < all_ranks().size(); ++simulating)
    for (const bool rings : {true, false})
      for (const bool bf16 : {false, true})
        expect_all_arrive({simulating, all_ranks().size() - simulating}, rings, bf16);
}

// The reader takes nothing until every writer has told that its queue is full and holds it up; then all go on.
TEST(SplitHandover, AFullQueueHoldsTheSimulationUpUntilEnoughIsSaid) {
  const Ranks& all = all_ranks();
  for (const bool rings : {true, false}) {
    Books books;
    const Split split{all.size() - 1, 1};
    constexpr int full = 9;  // a tag of its own
    const auto wait = [&](bool begins) {
      if (begins && ++books.waits == 1) MPI_Send(nullptr, 0, MPI_BYTE, split.simulating, full, all.comm());
    };
    const auto handover = split_handover(all, split, books.book(), wait, rings);
    std::size_t sent = 0, came = 0;
    if (all.rank() < split.simulating) {
      for (; handover->wanted(); ++sent) handover->put({sample(sent)});
      handover->close();
    } else {
      for (int writer = 0; writer < split.simulating; ++writer)
        MPI_Recv(nullptr, 0, MPI_BYTE, writer, full, all.comm(), MPI_STATUS_IGNORE);
      while (came < 30 * static_cast<std::size_t>(split.simulating)) came += handover->take().size();
      handover->enough();
      while (handover->open()) came += handover->take().size();
    }
    const double all_sent = all.sum(static_cast<double>(sent));
    EXPECT_GE(all.sum(static_cast<double>(books.waits)), split.simulating);
    EXPECT_GE(all_sent, 30 * split.simulating);
    EXPECT_EQ(all_sent, all.sum(static_cast<double>(came)));
  }
}

// A stretch ends when the reader has enough of it, and the next begins with nothing left of the one before.
TEST(SplitHandover, OneStretchFollowsAnother) {
  const Ranks& all = all_ranks();
  for (int simulating = 1; simulating < all.size(); ++simulating)
    for (const bool rings : {true, false}) {
      const Split split{simulating, all.size() - simulating};
      Books books;
      const auto handover = split_handover(all, split, books.book(), books.wait(), rings);
      const bool trains = all.rank() >= simulating;
      const Ranks group(all, trains ? 1 : 0);
      for (std::size_t stretch = 1; stretch <= 3; ++stretch) {
        std::size_t sent = 0, came = 0;
        if (!trains) {
          for (; handover->wanted(); ++sent) handover->put({sample(stretch)});
          handover->close();
        } else {
          const auto take = [&] {
            for (const Sample& found : handover->take()) {
              EXPECT_EQ(found.index, stretch);
              ++came;
            }
          };
          // Sample i goes to training rank i % training: of this stretch's, all to one.
          const bool mine =
              stretch % static_cast<std::size_t>(split.training) == static_cast<std::size_t>(group.rank());
          while (mine && came < 2 * stretch) take();
          group.barrier();
          handover->enough();
          while (handover->open()) take();
          EXPECT_FALSE(handover->pending());
        }
        handover->reopen();
        EXPECT_TRUE(handover->wanted());
        if (trains) {
          EXPECT_TRUE(handover->open());
        }
        all.barrier();
        EXPECT_EQ(all.sum(static_cast<double>(sent)), all.sum(static_cast<double>(came)));
      }
    }
}

TEST(SplitHandover, HeatLearnsTheSameBitsBesideItsSimulation) {
  const Ranks& all = all_ranks();
  if (all.size() != 2) GTEST_SKIP() << "one rank that simulates and one that trains";
  omp_set_num_threads(1);
  const PipelineEntry entry = pipelines::heat_small();
  const Pipeline pipeline = entry.make(Settings(entry.parameters), 1);
  const auto log = std::filesystem::temp_directory_path() / fmt::format("tandem-split.{}.jsonl", ::getpid());
  std::vector<std::byte> beside, after;
  {
    Recorder recorder(log, all.rank());
    const Ranks group(all, all.rank());
    const Stage stage{pipeline, group, recorder, 7};
    Books books;
    const auto handover = split_handover(all, {1, 1}, books.book(), books.wait());
    if (all.rank() == 0) {
      simulate(stage, *handover, 8);
      handover->close();
    } else {
      beside = train(stage, *handover).network->save();
      const auto memory = memory_handover();
      simulate(stage, *memory);
      after = train(stage, *memory).network->save();
    }
  }
  std::filesystem::remove(log);
  EXPECT_EQ(beside, after);
  EXPECT_EQ(beside.empty(), all.rank() == 0);
}

}  // namespace
}  // namespace tandem
