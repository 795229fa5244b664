// A pipeline that trains or simulates on a device, through the whole program: the same weights from files and from
// memory, as good as those of the CPU; every byte over the link in the ledger; what a plan may not ask.
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "harness/kernel/gpu_modules.hpp"
#include "tests/cli/measured.hpp"

namespace tandem {
namespace {

using Bytes = std::map<std::string, double>;

constexpr double kSteps = 200, kBatch = 32, kSamples = 96, kInputs = 17, kNets = 4, kWidth = 16;

const Measured& trained() {
  static const Measured run(
      "threads = 2\nlimits = \"none\"\n[[pipeline]]\nname = \"heat_guarded\"\n"
      "train_on = [\"guarded\", \"cpu\"]\narms = [\"separated\", \"integrated\"]\ncoupling = [\"in_memory\", "
      "\"concurrent\"]\n");
  return run;
}

const Json& arm(const std::string& device, const std::string& name, const std::string& coupling = "") {
  for (const Json& pipeline : trained().document.at("pipelines"))
    if (pipeline.at("settings").value("train_on", "cpu") == device)
      for (const Json& arm : pipeline.at("arms"))
        if (arm.at("arm") == name && (coupling.empty() || arm.at("coupling") == coupling)) return arm;
  throw std::runtime_error("no arm " + name + " on " + device);
}

TEST(TrainingDevice, TheCouplingDoesNotChangeTheWeights) {
  EXPECT_EQ(trained().outcome.code, 3) << trained().outcome.out << trained().outcome.err;
  const Json weights = arm("guarded", "separated").at("weights_sha256");
  EXPECT_EQ(weights.get<std::string>().size(), 64U);
  EXPECT_EQ(arm("guarded", "integrated", "in_memory").at("weights_sha256"), weights);
  EXPECT_NE(arm("cpu", "separated").at("weights_sha256"), weights);
  const double here = arm("cpu", "separated").at("launch_errors").at(0),
               there = arm("guarded", "separated").at("launch_errors").at(0);
  EXPECT_NEAR(there, here, 0.1 * here);  // drawn from different weights, so other cases
}

TEST(TrainingDevice, IsToldAndNeverOfficialWhereItIsHostMemory) {
  EXPECT_EQ(arm("guarded", "separated").at("trained_on"), "guarded device, loops of the guarded device");
  EXPECT_TRUE(arm("cpu", "separated").at("trained_on").is_null());
  for (const Json& pipeline : trained().document.at("pipelines"))
    EXPECT_EQ(pipeline.at("reasons").dump().find("behaves like a GPU's") != std::string::npos,
              pipeline.at("settings").value("train_on", "cpu") == "guarded");
}

// The rows with their weights once, their numbers in every step, the first weights; back the losses and the last
// weights.
TEST(TrainingDevice, EveryByteOverTheLinkIsBooked) {
  const Bytes bytes = arm("guarded", "integrated", "in_memory").at("bytes").get<Bytes>();
  ASSERT_EQ(bytes.size(), 2U);
  const double modes = 63;  // of 64 fields less their mean
  const double weights = kNets * ((kInputs + 1) * kWidth + 2 * (kWidth + 1) * kWidth + (kWidth + 1) * modes);
  EXPECT_EQ(bytes.at("h2d"), 4 * (weights + modes + kSamples * (kInputs + modes + 1) + kSteps * (kBatch + 8)));
  EXPECT_EQ(bytes.at("d2h"), 4 * (weights + kSteps));
  EXPECT_EQ(arm("cpu", "integrated", "in_memory").at("bytes").get<Bytes>(), Bytes());
  const Bytes separated = arm("guarded", "separated").at("bytes").get<Bytes>();
  EXPECT_EQ(separated.at("h2d"), bytes.at("h2d"));
  EXPECT_EQ(separated.at("d2h"), bytes.at("d2h"));
  EXPECT_GT(separated.at("file_write"), 0);
  const Bytes concurrent = arm("guarded", "integrated", "concurrent").at("bytes").get<Bytes>();
  EXPECT_EQ(concurrent.at("h2d"), bytes.at("h2d"));
  EXPECT_GT(concurrent.at("shm"), 0);
}

TEST(TrainingDevice, APartOfAGpuIsUnofficial) {
  Records records = trained().records;
  for (LaunchRecord& launch : records.launches)
    for (Json& record : launch.line.at("records"))
      if (record.at("record") == "trained_on") record["device"] = "NVIDIA H200 MIG 3g.71gb, cuBLASLt 13.1.0";
  const std::string reasons = derive(records).at("pipelines").at(0).at("reasons").dump();
  EXPECT_NE(reasons.find("NVIDIA H200 MIG 3g.71gb, cuBLASLt 13.1.0 is a part of a GPU"), std::string::npos) << reasons;
}

const Measured& simulated() {
  static const Measured run(
      "threads = 2\nlimits = \"none\"\n[[pipeline]]\nname = \"heat_guarded\"\nsimulate_on = "
      "\"guarded\"\narms = [\"integrated\"]\n");
  return run;
}

// Simulated there; trained and judged on the CPU.
TEST(SimulatingDevice, TheFieldsAreThoseOfTheCpu) {
  EXPECT_EQ(simulated().outcome.code, 3) << simulated().outcome.out << simulated().outcome.err;
  const Json &found = simulated().arm("integrated in_memory"), cpu = arm("cpu", "integrated", "in_memory");
  EXPECT_EQ(found.at("simulated_on"), "guarded device");
  EXPECT_TRUE(found.at("trained_on").is_null());
  EXPECT_NE(simulated().document.at("pipelines").at(0).at("reasons").dump().find("behaves like a GPU's"),
            std::string::npos);
  EXPECT_TRUE(cpu.at("simulated_on").is_null());
  EXPECT_NE(found.at("weights_sha256"), cpu.at("weights_sha256"));
  const double here = cpu.at("launch_errors").at(0), there = found.at("launch_errors").at(0);
  EXPECT_NEAR(there, here, 0.1 * here);  // drawn from different weights, so other cases
}

// All known before but how often the host looks at who goes on, once after each pass of a block of cases.
TEST(SimulatingDevice, EveryByteOverTheLinkIsBooked) {
  const Bytes bytes = simulated().arm("integrated in_memory").at("bytes").get<Bytes>();
  ASSERT_EQ(bytes.size(), 2U);
  const double nodes = 9 * 9 * 5, given = 2 * 4 + 3 + 2 * 8 * 8;
  EXPECT_EQ(bytes.at("h2d"), kSamples * 8 * given);
  const double looks = bytes.at("d2h") - kSamples * (4 * nodes + 24);
  EXPECT_GE(looks, 4 * kSamples * 4);
  EXPECT_LE(looks, 4 * kSamples * 12);
}

Outcome run(const std::string& device, const std::string& setting = "train_on",
            const std::string& coupling = "in_memory") {
  const Workplace place;
  place.write("run.toml",
              "threads = 2\nlimits = \"none\"\n[[pipeline]]\nname = \"heat_guarded\"\narms = "
              "[\"integrated\"]\ncoupling = \"" +
                  coupling + "\"\n" + setting + " = \"" + device + "\"\n");
  return place.run(std::string("'") + TANDEM_TEST_PROGRAM + "' run run.toml --out out");
}

TEST(TrainingDevice, WithoutAGpuTheArmIsSkipped) {
  for (const GpuModule& module : gpu_modules(std::filesystem::path(TANDEM_TEST_PROGRAM).parent_path()))
    if (module.reason.empty()) GTEST_SKIP() << "this machine has a GPU";
  for (const char* setting : {"train_on", "simulate_on"}) {
    const Outcome outcome = run("gpu", setting);
    EXPECT_EQ(outcome.code, 77) << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.says("no GPU can be used: cuda: no ")) << outcome.out << outcome.err;
  }
}

// A rank that gave up alone would leave the other waiting.
TEST(SimulatingDevice, ThatIsMissingIsToldOnEveryRank) {
  for (const GpuModule& module : gpu_modules(std::filesystem::path(TANDEM_TEST_PROGRAM).parent_path()))
    if (module.reason.empty()) GTEST_SKIP() << "this machine has a GPU";
  const Outcome outcome = run("gpu", "simulate_on", "concurrent");
  EXPECT_EQ(outcome.code, 77) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("no GPU can be used: cuda: no ")) << outcome.out << outcome.err;
}

TEST(SimulatingDevice, OneRankSimulatesThereWhileAnotherTrains) {
  const Outcome outcome = run("guarded", "simulate_on", "concurrent");
  EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;  // as trained() ends: too short a training
  EXPECT_TRUE(outcome.says("sufficiency_of_d2h")) << outcome.out;
}

TEST(TrainingDevice, ThatNobodyKnowsIsRefused) {
  for (const std::string setting : {"train_on", "simulate_on"}) {
    const Outcome outcome = run("tpu", setting);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_TRUE(outcome.says(setting + "=tpu is not cpu, gpu or guarded"));
  }
}

}  // namespace
}  // namespace tandem
