// The A/A threshold from records that are made up, and what a reader of its file refuses.
#include "harness/result/aa_threshold.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

const Json kMachine = {{"host", "h"}, {"cpu", "A"}, {"cores", 2}, {"cores_allowed", 2}, {"numa_nodes", 1}};
const Json kKernel = {{"case", "k"}, {"kind", "kernel"}, {"name", "k"}, {"settings", Json::object()}, {"ranks", 1}};
const Json kPipeline = {{"case", "p"}, {"kind", "pipeline"},   {"name", "p"}, {"settings", Json::object()},
                        {"ranks", 1},  {"arms", {"separated"}}};

struct Paired {
  Records records;
  Json document = {{"tandem", "t"},
                   {"run", {{"started", "s"}, {"class", "quick"}, {"config", "c"}, {"status", "UNOFFICIAL"}}},
                   {"kernels", Json::array({{{"status", "UNOFFICIAL"}}})},
                   {"pipelines", Json::array({{{"arms", Json::array({{{"status", "UNSTABLE"}}})}}})}};
  Paired(const std::vector<double>& kernel, const std::vector<double>& pipeline) {
    records.machine = kMachine;
    records.plan = {{"seed", 1}, {"pairs", true}, {"launches", kernel.size()}, {"cases", {kKernel, kPipeline}}};
    for (std::size_t i = 0; i < kernel.size(); ++i) add("kernel", "k", "", i, kernel[i]);
    for (std::size_t i = 0; i < pipeline.size(); ++i) add("arm", "p", "separated", i, pipeline[i]);
  }
  void add(const char* kind, const char* path, const char* arm, std::size_t launch, double seconds) {
    LaunchRecord made;
    made.line = {{"id", "i"},
                 {"kind", kind},
                 {"case", path},
                 {"arm", arm},
                 {"launch", launch},
                 {"seconds", seconds},
                 {"records", Json::array()}};
    if (*arm == '\0') made.samples.push_back({{"seconds", {seconds}}});
    records.launches.push_back(made);
  }
  Json aa() const { return aa_of(records, document, "root"); }
};

TEST(Aa, DeltaIsTwiceTheDifferenceAndNeverBelowItsFloor) {
  // One pair each: the ratio is 1.1 or its inverse, whichever side was drawn.
  const Json aa = Paired({1, 1.1}, {10, 10.2}).aa();
  EXPECT_NEAR(aa.at("kernel").at("difference").get<double>(), std::log(1.1), 1e-12);
  EXPECT_NEAR(aa.at("kernel").at("delta").get<double>(), 2 * std::log(1.1), 1e-12);
  EXPECT_NEAR(aa.at("pipeline").at("difference").get<double>(), std::log(1.02), 1e-12);
  EXPECT_EQ(aa.at("pipeline").at("delta"), 0.05);
  EXPECT_EQ(aa.at("cases")[0].at("case"), "kernel.k.device=cpu");
  EXPECT_EQ(aa.at("cases")[1].at("case"), "pipeline.p.device=cpu.separated");
  EXPECT_TRUE(aa.at("cases")[0].at("ci95").is_null()) << "one pair";
}

TEST(Aa, SidesAreDrawnSoThatATrendDoesNotPassForADifference) {
  std::vector<double> drifting;
  for (int launch = 0; launch < 40; ++launch) drifting.push_back(launch % 2 == 0 ? 1 : 1.1);  // the second is dearer
  const Json aa = Paired(drifting, {10, 10}).aa();
  int above = 0;
  for (const Json& ratio : aa.at("cases")[0].at("ratios")) above += ratio > 1 ? 1 : 0;
  EXPECT_GT(above, 4);
  EXPECT_LT(above, 16);
  EXPECT_TRUE(aa.at("cases")[0].at("ci95").is_array());
  EXPECT_EQ(aa.at("kernel").at("ratios").at("n"), 20);
  EXPECT_LE(aa.at("cases")[0].at("ci95")[0], 1);
  EXPECT_GE(aa.at("cases")[0].at("ci95")[1], 1);
}

TEST(Aa, WhatDoesNotHoldIsLeftOut) {
  Paired run({1, 1.1}, {10, 20});
  run.document["pipelines"][0]["arms"][0]["status"] = "INVALID";
  const Json aa = run.aa();
  EXPECT_TRUE(aa.at("pipeline").is_null());
  EXPECT_EQ(aa.at("left_out")[0].at("reason"), "INVALID");
  EXPECT_EQ(Paired({1, 1.1}, {10}).aa().at("left_out")[0].at("reason"), "no pair of launches");
  run.records.plan["pairs"] = false;
  EXPECT_THROW(run.aa(), Error);
}

class AaFile : public ::testing::Test {
 protected:
  std::filesystem::path file(const Json& aa) {
    write_file(place.folder() / "aa.json", aa.dump(1));
    return place.folder() / "aa.json";
  }
  std::string refusal(const Json& aa, const Json& machine = kMachine) {
    try {
      read_aa(file(aa), machine);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      return error.what();
    }
    return "";
  }
  Workplace place;
};

TEST_F(AaFile, IsReadBackOnItsMachineOnly) {
  const Json aa = Paired({1, 1.1}, {10, 10.2}).aa();
  const AaThreshold threshold = read_aa(file(aa), kMachine);
  EXPECT_NEAR(threshold.kernel, 2 * std::log(1.1), 1e-12);
  EXPECT_EQ(threshold.pipeline, 0.05);
  EXPECT_EQ(read_aa(file(Paired({1, 1.1}, {}).aa()), kMachine).pipeline, 0.05) << "the floor where none was measured";
  Json other = kMachine;
  other["cores"] = 4;
  EXPECT_NE(refusal(aa, other).find("is of another machine (A, 2 cores)"), std::string::npos);
  other = kMachine;
  other["memory_bytes"] = 1;
  EXPECT_EQ(refusal(aa, other), "") << "not part of the fingerprint";
}

TEST_F(AaFile, ChangedOrOtherFilesAreRefused) {
  Json aa = Paired({1, 1.1}, {10, 10.2}).aa();
  aa["kernel"]["delta"] = 0.5;
  EXPECT_NE(refusal(aa).find("was changed after it was written"), std::string::npos);
  EXPECT_NE(refusal({{"schema", "x"}}).find("holds no A/A threshold"), std::string::npos);
  EXPECT_NE(refusal(Json::array()).find("holds no A/A threshold"), std::string::npos);
  EXPECT_THROW(read_aa(place.folder() / "nowhere", kMachine), Error);
}

}  // namespace
}  // namespace tandem
