// What the golden document, and documents changed from it, offer to a decision.
#include "harness/decide/evidence.hpp"

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/golden.hpp"

namespace tandem {
namespace {

Evidence find(const Json& document, const std::string& name) {
  for (const Evidence& one : evidence_of(document))
    if (one.name == name) return one;
  throw std::out_of_range(name);
}

const std::string kGemm = "kernel.dense.gemm.n=1024.precision=fp64.device=cpu.rate";
const std::string kIntegrated = "pipeline.heat.size=S.device=cpu.integrated.coupling=in_memory.";

TEST(Evidence, AKernelLaunchCostsTheMedianOfItsSamples) {
  Json document = golden();
  document["kernels"][0]["sample_seconds"] = {{3.0, 1.0, 2.0}, {5.0, 4.0}};
  const Evidence gemm = find(document, kGemm);
  EXPECT_EQ(gemm.costs, (std::vector<double>{2, 4.5}));
  EXPECT_EQ(gemm.title, "dense/gemm n=1024 fp64, rate");
  EXPECT_EQ(gemm.kind, Kind::kernel);
  EXPECT_EQ(gemm.better, Better::higher);
  EXPECT_EQ(gemm.unit, "flop/s");
  EXPECT_EQ(gemm.value, 204000600000.0);
  EXPECT_FALSE(gemm.ci);
  EXPECT_EQ(gemm.identity.at("precision"), "fp64");
  EXPECT_EQ(gemm.identity.at("cache state"), "hot");
  EXPECT_EQ(gemm.identity.at("work"), "2.14748365e+09 flops");
  EXPECT_EQ(find(golden(), "kernel.network.ping_pong.bytes=8.device=cpu.ranks=2.time").better, Better::lower);
}

TEST(Evidence, APipelineLaunchCostsItsOneTimeOrItsJoules) {
  Json document = golden();
  Json& arm = document["pipelines"][0]["arms"][2];
  arm["launch_seconds"] = {18.0, 18.24, 19.0};
  Evidence ttis = find(document, kIntegrated + "ttis");
  EXPECT_EQ(ttis.costs, (std::vector<double>{18.0, 18.24, 19.0}));
  EXPECT_EQ(ttis.title, "heat size=S, integrated in_memory, time");
  EXPECT_EQ(ttis.kind, Kind::pipeline);
  EXPECT_EQ(ttis.arm, "integrated.coupling=in_memory");
  EXPECT_EQ(ttis.identity.at("channel"), "in_memory");
  EXPECT_EQ(ttis.caveat, "");
  const Evidence none = find(document, kIntegrated + "energy_to_solution");
  EXPECT_TRUE(none.costs.empty());
  EXPECT_NE(none.reason.find("unmetered"), std::string::npos);

  arm["launch_joules"] = {100.0, 101.0, 102.0};
  arm["energy_scope"] = "package";
  for (Json& fom : document["foms"])
    if (fom["name"] == kIntegrated + "energy_to_solution") fom["value"] = 101.0;
  const Evidence energy = find(document, kIntegrated + "energy_to_solution");
  EXPECT_EQ(energy.costs.size(), 3);
  EXPECT_EQ(energy.unit, "J");
  EXPECT_EQ(energy.identity.at("energy scope"), "package");
}

TEST(Evidence, AModelledEnergyIsNone) {
  Json document = golden();
  for (Json& arm : document["pipelines"][0]["arms"]) arm["energy_modelled"] = {{"joules", 2022.0}};
  for (const Evidence& one : evidence_of(document))
    EXPECT_EQ(one.costs.empty(), one.figure == "energy_to_solution" || one.status == "SKIPPED") << one.name;
}

TEST(Evidence, AScaledTimeCarriesItsCaveat) {
  const Evidence scaled = find(golden(), "pipeline.heat.size=S.device=cpu.simulation_only.ttis");
  EXPECT_NE(scaled.caveat.find("scaled from "), std::string::npos);
  EXPECT_TRUE(scaled.identity.contains("answers"));
}

TEST(Evidence, WhatHasNoFigureHasNoCosts) {
  Json document = golden();
  document["kernels"][0]["status"] = "INVALID";
  for (Json& fom : document["foms"])
    if (fom["name"] == kGemm) {
      fom["value"] = nullptr;
      fom["reason"] = "freivalds: 1 is above 0";
    }
  const Evidence gemm = find(document, kGemm);
  EXPECT_TRUE(gemm.costs.empty());
  EXPECT_EQ(gemm.status, "INVALID");
  EXPECT_EQ(gemm.reason, "freivalds: 1 is above 0");
  const Evidence skipped = find(golden(), "kernel.dense.mixed_gemm.n=4096.precision=int8.device=cpu.rate");
  EXPECT_EQ(skipped.status, "SKIPPED");
  EXPECT_TRUE(skipped.reason.starts_with("skipped: oneDNN")) << skipped.reason;
}

TEST(Evidence, AnotherProblemIsAnotherIdentityWhateverItsVersion) {
  Json document = golden();
  const Identity before = find(document, kIntegrated + "ttis").identity;
  document["pipelines"][0]["problem"]["target"] = 0.9;
  const Identity after = find(document, kIntegrated + "ttis").identity;
  EXPECT_EQ(before.at("problem"), after.at("problem"));
  EXPECT_NE(before.at("reference work"), after.at("reference work"));
}

TEST(Evidence, AGivenUpDesignHasNoTime) {
  Json document = golden();
  Json& pipeline = document["pipelines"][0];
  pipeline["arms"][2]["design"] = "fixed_until_gate";
  const std::string name = kIntegrated.substr(0, kIntegrated.size() - 1) + ".design=fixed_until_gate.ttis";
  Json fom = {{"name", name}, {"value", 18.24}, {"ci95", nullptr}, {"reason", nullptr}};
  document["foms"].push_back(fom);
  pipeline["arms"][2]["launch_seconds"] = {18.24};
  pipeline["steering"] = {{"designs", {{{"design", "fixed_until_gate"}, {"split", nullptr}, {"given_up", 0}}}}};
  EXPECT_EQ(find(document, name).costs.size(), 1);
  pipeline["steering"]["designs"][0]["given_up"] = 1;
  EXPECT_TRUE(find(document, name).costs.empty());
}

TEST(Facts, WhatMustBeTheSameEachTime) {
  Json document = golden();
  document["kernels"][0]["facts"]["notes"]["iterations"] = "65, reference 50";
  document["kernels"][0]["facts"]["messages"] = 130;
  document["pipelines"][0]["problem"]["flops"] = 3e11;
  const auto value = [&](const std::string& name) {
    const auto facts = deterministic_facts(document);
    const auto found = std::find_if(facts.begin(), facts.end(), [&](const Fact& fact) { return fact.name == name; });
    if (found == facts.end()) throw std::out_of_range(name);
    return found->value;
  };
  const std::string gemm = kGemm.substr(0, kGemm.size() - 4);
  EXPECT_EQ(value(gemm + "flops"), 2147483648.0);
  EXPECT_EQ(value(gemm + "iterations"), 65);
  EXPECT_EQ(value(gemm + "messages"), 130);
  EXPECT_EQ(value("pipeline.heat.size=S.device=cpu.flops"), 3e11);
  EXPECT_GT(value("pipeline.heat.size=S.device=cpu.separated.bytes.file_write"), 0);
  EXPECT_GT(value(kIntegrated + "useful_bytes"), 0);
  document["pipelines"][0]["arms"][2]["coupling"] = "streamed";  // as many samples as the machine gives
  EXPECT_THROW(value("pipeline.heat.size=S.device=cpu.integrated.coupling=streamed.useful_bytes"), std::out_of_range);
  document["kernels"][0]["status"] = "INVALID";
  EXPECT_THROW(value(gemm + "flops"), std::out_of_range);
}

}  // namespace
}  // namespace tandem
