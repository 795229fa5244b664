// Every coupling of the toy pipeline through the whole program: the same weights where the schedule
// is followed, real overlap, bytes as counted by hand, states that fill the time, a delay that costs what the formula
// says.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "harness/result/derive.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/couplings_run.hpp"

namespace tandem {
namespace {

constexpr double kUseful = 48 * 4.0 * (3 * 8 + 3 * 4 + 3 * 4 * 8 + 2);  // bytes of the toy's samples

TEST(Couplings, ThoseThatFollowTheScheduleGiveTheSameWeights) {
  const Json weights = toy().arm("separated").at("weights_sha256");
  EXPECT_EQ(weights.get<std::string>().size(), 64u);
  EXPECT_EQ(toy().arm("integrated in_memory").at("weights_sha256"), weights);
  EXPECT_EQ(toy().arm("integrated concurrent 1+1").at("weights_sha256"), weights);
  EXPECT_NE(toy().arm("integrated streamed 1+1").at("weights_sha256"), weights);
  EXPECT_TRUE(toy().outcome.says("separated.ttis"));
}

TEST(Couplings, EveryOnePassesTheGateAtEverySplit) {
  EXPECT_EQ(toy().outcome.code, 0) << toy().outcome.out << toy().outcome.err;
  for (const char* split : {"2+1", "1+2", "1x1+1x2"})
    for (const char* coupling : {"concurrent", "streamed"}) {
      const Json& arm = toy().arm(std::string("integrated ") + coupling + " " + split, 1);
      EXPECT_TRUE(arm.at("ttis").at("value").is_number()) << arm.dump(1).substr(0, 400);
      EXPECT_EQ(arm.at("holdout").at("above"), 0);
    }
}

TEST(Couplings, ARankHasItsShareOfThreads) {
  int ranks = 0;
  const bool too_few_cores = toy().document.at("machine").at("cores_allowed") < 3;  // then no rank binds itself
  for (const LaunchRecord& launch : toy().records.launches) {
    const bool shares = launch.line.at("arm").get<std::string>().find("1x1+1x2") != std::string::npos;
    for (const Json& share : launch.of("share")) {
      EXPECT_TRUE(shares);
      EXPECT_EQ(share.at("threads"), share.at("rank") == 0 ? 1 : 2);
      EXPECT_TRUE(too_few_cores || share.at("cpus").size() == share.at("threads")) << share;
      ++ranks;
    }
    EXPECT_TRUE(!shares || launch.line.at("ranks") == 2);
  }
  EXPECT_EQ(ranks, 4) << "concurrent and streamed, two ranks each";
}

TEST(Couplings, EveryByteIsBookedByItsChannel) {
  using Bytes = std::map<std::string, double>;
  // Network (6 terms), mean, linear (1 term) and bilinear (3), in doubles: their own edge.
  constexpr double kWeights = 8.0 * (4 * 8 * (6 + 1 + 3) + 4);
  EXPECT_EQ(toy().arm("separated").at("weight_bytes").get<Bytes>(),
            (Bytes{{"file_write", kWeights}, {"file_read", kWeights}}));
  EXPECT_EQ(toy().arm("integrated in_memory").at("weight_bytes").get<Bytes>(), Bytes());
  EXPECT_EQ(toy().arm("integrated concurrent 1+1").at("weight_bytes").get<Bytes>(), (Bytes{{"mpi", kWeights}}));
  EXPECT_EQ(toy().arm("separated").at("bytes").get<Bytes>(), (Bytes{{"file_write", kUseful}, {"file_read", kUseful}}));
  EXPECT_EQ(toy().arm("integrated in_memory").at("bytes").get<Bytes>(), Bytes{});
  for (const char* arm : {"integrated concurrent 2+1", "integrated concurrent 1+2"}) {
    EXPECT_EQ(toy().arm(arm, 1).at("bytes").get<Bytes>(), (Bytes{{"shm", kUseful}, {"host_copy", kUseful}})) << arm;
    EXPECT_EQ(toy().arm(arm, 1).at("movement_amplification").at("value"), 2.0) << arm;
  }
  const Json& streamed = toy().arm("integrated streamed 1+1");
  EXPECT_GE(streamed.at("streamed").at("samples"), 1);
  EXPECT_EQ(streamed.at("useful_bytes").get<double>(),
            streamed.at("streamed").at("samples").get<double>() * kUseful / 48);
}

TEST(Couplings, ASweepOfSplitsHasItsBreakEvenOrAWinner) {
  const Json& placement = toy().document.at("pipelines").at(0).at("placement");
  ASSERT_EQ(placement.at("points").size(), 1u);
  EXPECT_EQ(placement.at("points")[0].at("share"), 0.5);
  const double ratio = toy().arm("integrated concurrent 1+1").at("ttis").at("value").get<double>() /
                       toy().arm("integrated in_memory").at("ttis").at("value").get<double>();
  EXPECT_NEAR(placement.at("points")[0].at("ratio").get<double>(), ratio, 1e-12);
  EXPECT_TRUE(placement.at("value").is_null());
  EXPECT_NE(placement.at("text").get<std::string>().find("no crossing in [0.50, 0.50]; winner = "), std::string::npos);
  EXPECT_TRUE(toy().outcome.says("ballast=0.device=cpu.break_even = null"));
}

TEST(Couplings, ASweepOfSizesHasItsBreakEvenOrAWinner) {
  const Json& sweeps = toy().document.at("size_placements");
  ASSERT_EQ(sweeps.size(), 1u) << sweeps;
  EXPECT_EQ(sweeps[0].at("sweep"), "toy size=S along ballast, concurrent 1+1 on 1 x 2 threads");
  ASSERT_EQ(sweeps[0].at("points").size(), 2u);
  EXPECT_EQ(sweeps[0].at("points")[0].at("bytes").get<double>(), kUseful);
  EXPECT_EQ(sweeps[0].at("points")[1].at("bytes").get<double>(), kUseful + 48 * 4.0 * 1000);
  EXPECT_EQ(sweeps[0].at("points")[0].at("ratio"),
            toy().document.at("pipelines").at(0).at("placement").at("points")[0].at("ratio"));
  EXPECT_NE(toy().outcome.out.find("over sizes, toy size=S along ballast,"), std::string::npos);
}

TEST(Couplings, TheChannelsAreEnoughOrAReasonIsGiven) {
  for (const Json& channel : toy().arm("separated").at("sufficiency")) {
    EXPECT_TRUE(channel.at("sufficiency").is_number() || !channel.at("reason").get<std::string>().empty());
    EXPECT_EQ(channel.at("limit"), channel.at("channel"));
  }
  EXPECT_EQ(toy().arm("separated").at("sufficiency").size(), 2u);
}

// Half as many bytes are twice as enough; the median over the launches has the interval of section 2.
TEST(Couplings, SufficiencyHasItsIntervalOverLaunches) {
  Records one = toy().records;
  one.plan["cases"] = Json::array({one.plan.at("cases")[0]});
  std::erase_if(one.launches, [](const LaunchRecord& launch) {
    return launch.line.at("kind") != "limits" && launch.line.at("item") != 0;
  });
  const Json document = derive(six_blocks(one, [](Json& line, int k) {
    for (Json& record : line["records"])
      if (record.at("record") == "bytes") record["bytes"] = record.at("bytes").get<double>() / (1 + k);
  }));
  const Json channels = toy().of(document, "separated", 0).at("sufficiency");
  ASSERT_EQ(channels.size(), 2u);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const double once = toy().arm("separated").at("sufficiency")[i].at("sufficiency");
    EXPECT_NEAR(channels[i].at("sufficiency").get<double>(), 3.5 * once, 1e-9 * once);
    EXPECT_NEAR(channels[i].at("ci95")[0].get<double>(), once, 1e-9 * once);
    EXPECT_NEAR(channels[i].at("ci95")[1].get<double>(), 6 * once, 1e-9 * once);
  }
}

// By kernels that the run measured for it, at the toy's threads.
TEST(Couplings, KernelsPredictPhases) {
  const Json& rows = toy().pipeline("toy").at("prediction");
  ASSERT_EQ(rows.size(), 2u) << toy().outcome.out;
  std::map<std::string, Json> kernels;
  for (const Json& kernel : toy().document.at("kernels")) kernels[kernel.at("case")] = kernel;
  for (const Json& row : rows) {
    ASSERT_TRUE(row.at("share").is_number()) << row;
    const Json& kernel = kernels.at(row.at("kernel"));
    EXPECT_EQ(kernel.at("threads"), 2);
    double phase = 0;
    for (const Json& one : toy().arm("integrated in_memory").at("phases"))
      if (one.at("name") == row.at("phase")) phase += one.at("seconds").get<double>();
    EXPECT_DOUBLE_EQ(row.at("measured"), phase);
    EXPECT_DOUBLE_EQ(row.at("share").get<double>() * phase, row.at("predicted"));
    EXPECT_TRUE(toy().outcome.says(".predicted_share." + row.at("phase").get<std::string>()));
  }
  EXPECT_TRUE(toy().pipeline("toy_late").at("prediction").is_null()) << "it has one thread, the kernels have two";
}

TEST(Couplings, StatesFillTheTimeOfEverySlot) {
  for (const Json& pipeline : toy().document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms")) {
      if (arm.at("status") == "SKIPPED") continue;
      double sum = 0;
      for (const Json& phase : arm.at("phases")) sum += phase.at("seconds").get<double>();
      EXPECT_NEAR(sum, arm.at("launch_seconds")[0].get<double>(), 1e-9) << arm.at("arm");
      const Json& e = arm.at("cross_workflow_efficiency");
      if (!e.at("value").is_number()) continue;
      EXPECT_NEAR(e.at("A").get<double>() + e.at("X").get<double>() + e.at("Z").get<double>(),
                  e.at("slots").get<double>() * e.at("seconds").get<double>(), 1e-9);
      EXPECT_NEAR(
          e.at("value").get<double>(),
          e.at("eta_wait").get<double>() * e.at("eta_transition").get<double>() * e.at("eta_dilation").get<double>(),
          1e-9);
    }
}

// Rank 0 simulates for 0.3 s in blocks of 8; rank 1 begins when the first are there.
TEST(Couplings, SimulationAndTrainingOverlap) {
  double overlap = 0;
  const Json& timeline = toy().document.at("pipelines").at(2).at("timeline");
  for (const Json& a : timeline)
    for (const Json& b : timeline) {
      if (a.at("rank") != 0 || a.at("state") != "simulate" || b.at("rank") != 1 || b.at("state") != "train") continue;
      const double begin = std::max(a.at("begin").get<double>(), b.at("begin").get<double>());
      const double end = std::min(a.at("begin").get<double>() + a.at("seconds").get<double>(),
                                  b.at("begin").get<double>() + b.at("seconds").get<double>());
      overlap += std::max(0.0, end - begin);
    }
  EXPECT_GT(overlap, 0) << timeline.dump();
}

// 200 ms at a boundary of the separated arm alone.
TEST(Couplings, ADelayAtABoundaryCostsWhatTheFormulaSays) {
  const Json& late = toy().arm("separated", 3).at("cross_workflow_efficiency");
  const Json& prompt = toy().arm("integrated in_memory", 3).at("cross_workflow_efficiency");
  constexpr double delay = 0.2;
  const double moved = late.at("X");
  EXPECT_GT(moved, delay);
  EXPECT_LT(prompt.at("isolated").get<double>(), delay) << "the delay is no phase";
  double hand_over = 0;
  for (const Json& phase : toy().arm("separated", 3).at("phases"))
    if (phase.at("name") == "hand over") hand_over += phase.at("seconds").get<double>();
  EXPECT_GE(hand_over, delay);
  EXPECT_NEAR(late.at("eta_transition").get<double>(),
              late.at("A").get<double>() / (late.at("A").get<double>() + moved), 1e-9);
}

// The record of a launch as it would be with its longest hand-over `delay` longer and all that follows later.
void delay_hand_over(LaunchRecord& launch, double delay) {
  Json* longest = nullptr;
  for (Json& record : launch.line.at("records"))
    if (record.at("record") == "interval" && record.at("name") == "hand over" &&
        (longest == nullptr || record.at("seconds") > longest->at("seconds")))
      longest = &record;
  ASSERT_NE(longest, nullptr);
  const double end = longest->at("begin").get<double>() + longest->at("seconds").get<double>();
  (*longest)["seconds"] = longest->at("seconds").get<double>() + delay;
  const auto later = [&](Json& time) {
    if (time.get<double>() >= end - 1e-9) time = time.get<double>() + delay;
  };
  for (Json& record : launch.line.at("records"))
    if (record.at("record") == "interval") later(record.at("begin"));
  for (Json& process : launch.line.at("processes"))
    for (const char* key : {"begin", "end"}) later(process.at(key));
  launch.line["seconds"] = launch.line.at("seconds").get<double>() + delay;
}

// The same launch, 200 ms later at that boundary alone: the efficiency falls by the time's ratio, to rounding.
TEST(Couplings, ADelayLowersTheEfficiencyByExactlyItsShare) {
  Records records = toy().records;
  for (LaunchRecord& launch : records.launches)
    if (launch.line.at("item") == 3 && launch.line.at("arm") == "separated") delay_hand_over(launch, 0.2);
  const Json document = derive(records);
  const Json &before = toy().arm("separated", 3).at("cross_workflow_efficiency"),
             &after = toy().of(document, "separated", 3).at("cross_workflow_efficiency");
  const double seconds = before.at("seconds"), value = before.at("value");
  EXPECT_NEAR(after.at("seconds").get<double>(), seconds + 0.2, 1e-9);
  EXPECT_NEAR(after.at("X").get<double>(), before.at("X").get<double>() + 0.2, 1e-9);
  EXPECT_NEAR(after.at("value").get<double>(), value * seconds / (seconds + 0.2), 1e-9);
  EXPECT_NEAR(after.at("Z").get<double>(), before.at("Z").get<double>(), 1e-9) << "nobody waits for it";
}

// A ledger that is wrong by more than 1 % is seen: the system counted otherwise.
TEST(Couplings, AWrongLedgerIsInvalid) {
  EXPECT_TRUE(toy().outcome.says("ballast=40000.device=cpu.separated.ledger_of_file_write.launch=0"))
      << toy().outcome.out;
  Records wrong = toy().records;
  for (LaunchRecord& launch : wrong.launches)
    for (Json& record : launch.line.at("records"))
      if (record.at("record") == "bytes" && record.at("channel") == "file_read")
        record["bytes"] = record.at("bytes").get<double>() * 0.98;
  const Json document = derive(wrong);
  EXPECT_EQ(document.at("pipelines").at(4).at("status"), "INVALID");
  EXPECT_NE(document.dump().find("the operating system counted"), std::string::npos);
}

// The same of the weights' own edge, were they large enough to be judged; the samples' sums do not hear of it.
TEST(Couplings, AWrongLedgerOfWeightsIsInvalidToo) {
  const auto booked = [](double bytes, double counted) {
    Records records = toy().records;
    for (LaunchRecord& launch : records.launches)
      for (Json& record : launch.line.at("records"))
        if (launch.line.at("item") == 4 && record.at("record") == "weight_bytes")
          record["bytes"] = bytes;
        else if (launch.line.at("item") == 4 && record.at("record") == "weight_io")
          for (const char* way : {"read", "written"})
            if (record.at(way) > 1000) record[way] = counted;  // less: the look at the counters itself
    return derive(records).at("pipelines").at(4);
  };
  const Json right = booked(7e6, 7.01e6), wrong = booked(7e6, 7.1e6);
  EXPECT_NE(right.at("status"), "INVALID") << right.at("reasons").dump(1);
  EXPECT_EQ(wrong.at("status"), "INVALID");
  EXPECT_NE(wrong.at("reasons").dump().find("7000000 bytes of weights_file_write were booked"), std::string::npos);
  EXPECT_EQ(wrong.at("arms")[0].at("movement_amplification"), toy().arm("separated", 4).at("movement_amplification"));
}

}  // namespace
}  // namespace tandem
