// A pipeline that simulates its training samples on a device: to rounding the samples of the CPU, every byte over the
// link told and, through the whole program, in the ledger; what a plan may not ask.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "harness/kernel/gpu_modules.hpp"
#include "pipelines/flow/problem.hpp"
#include "pipelines/flow/simulation.hpp"
#include "tests/cli/measured.hpp"
#include "tests/flow_small.hpp"

namespace tandem {
namespace {

using namespace pipelines;

constexpr const FlowSize& size = flow_tiny_size;
constexpr double kFlowOfList = 20;  // bytes

std::vector<Case> training_cases(std::uint64_t seed, std::size_t first, std::size_t count) {
  const FlowProblem problem(size);
  std::vector<Case> cases;
  for (std::size_t i = 0; i < count; ++i) cases.push_back(problem.draw(Purpose::training, seed, first + i));
  return cases;
}

struct Bytes {
  double in = 0, out = 0;
};

// Of a batch in a place that is there: solid and shares, then at each look the flows that go on, where they are others
// than before, and back the forces; at last the velocities.
Bytes bytes_of(std::span<const Case> cases) {
  FlowSolver solver(size.mesh);
  const auto cells = static_cast<double>(size.mesh.cells()), count = static_cast<double>(cases.size());
  const double part = std::lround(0.5 * static_cast<double>(size.mesh.ny) / size.mesh.speed);
  std::vector<double> looks;
  for (const Case& one : cases) {
    solver.solve(one.parameters);
    looks.push_back(static_cast<double>(solver.steps()) / part);
  }
  const double most = *std::max_element(looks.begin(), looks.end());
  Bytes bytes{12 * cells * count, most * 32 * count + 8 * cells * count};
  for (const double look : std::set<double>(looks.begin(), looks.end()))
    bytes.in += kFlowOfList *
                static_cast<double>(std::count_if(looks.begin(), looks.end(), [&](double l) { return l >= look; }));
  return bytes;
}

double bytes_of_room() { return 4 * static_cast<double>(size.mesh.ny + 3 * size.mesh.cells()); }

void expect_near(const FlowSimulation& simulation, const Sample& a, const Sample& b) {
  const auto one = simulation.outputs(a), other = simulation.outputs(b);
  ASSERT_EQ(one.size(), other.size());
  double worst = 0, spread = 0;
  for (std::size_t n = 0; n < one.size(); ++n) {
    const double apart = std::abs(static_cast<double>(one[n]) - static_cast<double>(other[n]));
    worst = std::isnan(apart) ? INFINITY : std::max(worst, apart);
    spread = std::max(spread, std::abs(static_cast<double>(one[n])));
  }
  EXPECT_LT(worst, 1e-4 * spread) << "sample " << a.index;
}

TEST(SimulationDevice, SamplesAreTheCpusAndBytesAreTold) {
  const FlowSimulation cpu(size, 1), device(size, 1, "guarded");
  EXPECT_TRUE(device.work().moved.empty());
  Bytes expected{2 * bytes_of_room(), 0};  // more flows than before want a larger place
  for (const auto& [first, count] : std::vector<std::pair<std::size_t, std::size_t>>{{0, 3}, {3, 8}, {11, 2}}) {
    const auto cases = training_cases(5, first, count);
    const auto here = cpu.simulate(cases, Fidelity::train), there = device.simulate(cases, Fidelity::train);
    std::set<double> forces;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(there[i].index, cases[i].index);
      EXPECT_EQ(there[i].arrays.at("parameters").values, here[i].arrays.at("parameters").values);
      expect_near(cpu, there[i], here[i]);
      forces.insert(flow_forces(size.mesh, cpu.outputs(there[i])).drag);
    }
    EXPECT_EQ(forces.size(), count);
    const Bytes more = bytes_of(cases);
    expected.in += more.in;
    expected.out += more.out;
  }
  EXPECT_EQ(static_cast<double>(device.work().moved.at("h2d")), expected.in);
  EXPECT_EQ(static_cast<double>(device.work().moved.at("d2h")), expected.out);
  EXPECT_EQ(device.work().place, "guarded device");
  EXPECT_TRUE(cpu.work().moved.empty());
}

TEST(SimulationDevice, TheTruthIsTheCpus) {
  const FlowSimulation cpu(size, 1), device(size, 1, "guarded");
  const auto cases = training_cases(5, 0, 1);
  EXPECT_EQ(device.simulate(cases, Fidelity::truth)[0].arrays.at("flow").values,
            cpu.simulate(cases, Fidelity::truth)[0].arrays.at("flow").values);
  EXPECT_EQ(device.simulate(cases, Fidelity::coarse)[0].arrays.at("flow").values,
            cpu.simulate(cases, Fidelity::coarse)[0].arrays.at("flow").values);
  EXPECT_TRUE(device.work().moved.empty());
}

TEST(SimulationDevice, AnUnsteadyFlowIsNoNumberAndAnUnstableOneIsRefused) {
  FlowSize hurried = size;
  hurried.mesh.longest = 1;
  hurried.mesh.tolerance = 1e-12;
  auto cases = training_cases(5, 0, 2);
  for (const Sample& sample : FlowSimulation(hurried, 1, "guarded").simulate(cases, Fidelity::train))
    for (const float value : sample.arrays.at("flow").values) ASSERT_TRUE(std::isnan(value));
  cases[1].parameters[0] = 1.01 * flow_stable_reynolds(size.mesh);
  const FlowSimulation device(size, 1, "guarded");
  EXPECT_THROW(device.simulate(cases, Fidelity::train), Error);
  EXPECT_THROW(FlowSimulation(size, 1, "tpu").simulate(cases, Fidelity::train), Error);
}

const Measured& simulated() {
  static const Measured run(
      "threads = 2\nseed = 11\nlimits = \"none\"\n[[pipeline]]\nname = \"flow_guarded\"\n"
      "simulate_on = [\"guarded\", \"cpu\"]\narms = [\"separated\", \"integrated\"]\n[[pipeline]]\n"
      "name = \"flow_guarded\"\nsimulate_on = \"guarded\"\nranks = 2\narms = [\"integrated\"]\n");
  return run;
}

const Json& arm(const std::string& device, const std::string& name, int ranks = 1) {
  for (const Json& pipeline : simulated().document.at("pipelines"))
    if (pipeline.at("settings").value("simulate_on", "cpu") == device && pipeline.at("ranks") == ranks)
      for (const Json& arm : pipeline.at("arms"))
        if (arm.at("arm") == name) return arm;
  throw std::runtime_error("no arm " + name + " on " + device + simulated().outcome.out + simulated().outcome.err);
}

TEST(SimulationDevice, TheLedgerHasEveryByte) {
  std::uint64_t seed = 0;
  for (const LaunchRecord& launch : simulated().records.launches)
    if (launch.line.value("item", 1) == 0) seed = launch.line.at("seed");
  const Bytes expected = bytes_of(training_cases(seed, 0, size.schedule.samples));
  for (const char* name : {"separated", "integrated"}) {
    const auto bytes = arm("guarded", name).at("bytes").get<std::map<std::string, double>>();
    EXPECT_EQ(bytes.at("h2d"), expected.in + bytes_of_room()) << name;
    EXPECT_EQ(bytes.at("d2h"), expected.out) << name;
    EXPECT_FALSE(arm("cpu", name).at("bytes").contains("h2d"));
  }
}

TEST(SimulationDevice, IsToldAndNeverOfficialWhereItIsHostMemory) {
  EXPECT_EQ(arm("guarded", "integrated").at("simulated_on"), "guarded device");
  EXPECT_TRUE(arm("guarded", "integrated").at("trained_on").is_null());
  EXPECT_TRUE(arm("cpu", "integrated").at("simulated_on").is_null());
  for (const Json& pipeline : simulated().document.at("pipelines"))
    EXPECT_EQ(pipeline.at("reasons").dump().find("behaves like a GPU's") != std::string::npos,
              pipeline.at("settings").value("simulate_on", "cpu") == "guarded");
}

TEST(SimulationDevice, TheCouplingDoesNotChangeTheWeights) {
  EXPECT_EQ(arm("guarded", "separated").at("weights_sha256"), arm("guarded", "integrated").at("weights_sha256"));
  const double here = arm("cpu", "separated").at("launch_errors").at(0),
               there = arm("guarded", "separated").at("launch_errors").at(0);
  EXPECT_NEAR(there, here, 0.1 * here);
}

TEST(SimulationDevice, MoreThanOneRankIsSkippedWithTheReason) {
  EXPECT_NE(arm("guarded", "integrated", 2).dump().find("simulate_on=guarded: on one rank only"), std::string::npos)
      << arm("guarded", "integrated", 2);
}

Outcome run(const std::string& simulate_on) {
  const Workplace place;
  place.write("run.toml",
              "threads = 1\nlimits = \"none\"\n[[pipeline]]\nname = \"flow_guarded\"\narms = "
              "[\"integrated\"]\nsimulate_on = \"" +
                  simulate_on + "\"\n");
  return place.run(std::string("'") + TANDEM_TEST_PROGRAM + "' run run.toml --out out");
}

TEST(SimulationDevice, WithoutAGpuTheArmIsSkipped) {
  for (const GpuModule& module : gpu_modules(std::filesystem::path(TANDEM_TEST_PROGRAM).parent_path()))
    if (module.reason.empty()) GTEST_SKIP() << "this machine has a GPU";
  const Outcome outcome = run("gpu");
  EXPECT_EQ(outcome.code, 77) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("no GPU can be used: cuda: no "));
}

TEST(SimulationDevice, ThatNobodyKnowsIsRefused) {
  const Outcome outcome = run("tpu");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.says("simulate_on=tpu is not cpu, gpu or guarded"));
}

}  // namespace
}  // namespace tandem
