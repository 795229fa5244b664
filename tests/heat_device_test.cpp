// Training simulations on the guarded device: the CPU's fields from cases in lockstep, though some end earlier than
// others; the energy kept, every byte told; what has no solution refused.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "kernels/sparse/batched_multigrid.hpp"
#include "kernels/sparse/multigrid.hpp"
#include "pipelines/heat/problem.hpp"
#include "pipelines/heat/simulation.hpp"

namespace tandem::pipelines {

PipelineEntry heat();

namespace {

constexpr HeatMesh mesh = {10, 7, 4};  // on its levels both numbers of nodes are even and odd
constexpr HeatTolerance tolerance = {1e-7, 0.02};
constexpr std::size_t lockstep = 3;

const std::vector<Case>& five() {
  static const std::vector<Case> cases = [] {
    const HeatProblem problem(heat_size("S"));
    std::vector<Case> all;
    for (std::size_t i = 0; i < 5; ++i) all.push_back(problem.draw(Purpose::holdout, 11, i));
    return all;
  }();
  return cases;
}

struct Solved {
  Fields theta;
  std::vector<kernels::ConductionEnd> ends;
  Work work;
};

Solved solve(std::span<const Case> cases, std::size_t at_once) {
  HeatDevice device(mesh, tolerance, "guarded", at_once);
  Fields theta = device.solve(cases);
  return {std::move(theta), {device.ends().begin(), device.ends().end()}, device.work()};
}

// In two batches, the second of them smaller.
const Solved& together() {
  static const Solved solved = solve(five(), lockstep);
  return solved;
}

double difference(std::span<const float> a, std::span<const double> b) {
  double worst = 0, largest = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    worst = std::max(worst, std::abs(static_cast<double>(a[n]) - b[n]));
    largest = std::max(largest, std::abs(b[n]));
  }
  return worst / largest;
}

TEST(HeatDevice, SolvesWhatTheCpuSolves) {
  HeatSolver solver(mesh, tolerance), exact(mesh, {1e-12, 0.01});
  std::set<unsigned> passes;
  for (std::size_t i = 0; i < five().size(); ++i) {
    const kernels::ConductionEnd& end = together().ends[i];
    EXPECT_LE(end.residual, end.target) << i;
    EXPECT_LT(difference(together().theta.row(i), exact.solve(five()[i].parameters)), 2e-7) << i;  // fp32: 6e-8
    solver.solve(five()[i].parameters);
    EXPECT_NEAR(end.passes, static_cast<double>(solver.passes()), 1) << i;
    EXPECT_NEAR(end.iterations, static_cast<double>(solver.iterations()), 2)
        << i;  // so the preconditioner is the CPU's
    passes.insert(end.passes);
  }
  EXPECT_GT(passes.size(), 1U);  // so that some wait for others
}

// To rounding, for each of two cases with an operator of its own; levels of even and odd numbers of nodes.
TEST(HeatDevice, ItsPreconditionerIsTheCpus) {
  constexpr unsigned cases = 2;
  BasicHeatAssembly<float> assembly(mesh);
  const kernels::Grid27& grid = assembly.grid();
  const guarded::BatchedGrid batched = {static_cast<unsigned>(grid.nx), static_cast<unsigned>(grid.ny),
                                        static_cast<unsigned>(grid.nz), cases};
  Buffer<float> coefficients(27 * batched.nodes() * cases), right(batched.padded() * cases), found(right.size());
  std::vector<Buffer<float>> expected;
  const auto each_node = [&](const auto& body) {
    for (std::size_t k = 0, node = 0; k < grid.nz; ++k)
      for (std::size_t j = 0; j < grid.ny; ++j)
        for (std::size_t i = 0; i < grid.nx; ++i, ++node)
          body(node, i, j, k, grid.at(i, static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k)));
  };
  for (std::size_t c = 0; c < cases; ++c) {
    kernels::Stencil27<float> matrix(grid);
    kernels::Multigrid<float> multigrid(grid, kernels::Edge::natural, false);
    Buffer<float> r(grid.size());
    assembly.set(five()[c].parameters);
    assembly.conduct(50.0f);
    assembly.assemble(0, matrix);
    each_node([&](std::size_t node, std::size_t i, std::size_t j, std::size_t k, std::size_t at) {
      r[at] = static_cast<float>(random_uniform(3, c, node)) - 0.3f;
      right[batched.at(i, j, k) * cases + c] = r[at];
      for (std::size_t d = 0; d < 27; ++d)
        coefficients[(d * batched.nodes() + node) * cases + c] = matrix.at(i, j, k, d);
    });
    expected.emplace_back(grid.size());
    multigrid.set_up(matrix);
    multigrid.apply(r.data(), expected.back().data());
  }
  guarded::BatchedMultigrid device(batched, cases);
  Buffer<unsigned> all(cases);
  std::fill(all.begin(), all.end(), 1U);
  const guarded::DeviceBuffer<unsigned> open = guarded::on_device(all);
  device.start_batch(cases);
  const guarded::BatchedView finest = device.finest(open.data());
  guarded::copy_in(finest.a, coefficients.data(), coefficients.size() * sizeof(float));
  guarded::copy_in(finest.right, right.data(), right.size() * sizeof(float));
  device.start_set_up(open.data());
  device.start(open.data());
  guarded::copy_out(found.data(), finest.unknown, found.size() * sizeof(float));
  for (std::size_t c = 0; c < cases; ++c) {
    float worst = 0, largest = 0;
    each_node([&](std::size_t, std::size_t i, std::size_t j, std::size_t k, std::size_t at) {
      largest = std::max(largest, std::abs(expected[c][at]));
      worst = std::max(worst, std::abs(found[batched.at(i, j, k) * cases + c] - expected[c][at]));
    });
    EXPECT_LT(worst, 3e-4f * largest) << c;  // of fp32: a constant is nearly in the kernel
  }
}

TEST(HeatDevice, ACaseIsSolvedAsIfAlone) {
  for (const std::size_t i : {1, 4}) {
    const Solved alone = solve(std::span(five()).subspan(i, 1), 1);
    EXPECT_TRUE(std::equal(alone.theta.values.begin(), alone.theta.values.end(), together().theta.row(i).begin())) << i;
    EXPECT_EQ(alone.ends[0].passes, together().ends[i].passes);
    EXPECT_EQ(alone.ends[0].iterations, together().ends[i].iterations);
  }
}

// To the device what a case is; back who goes on after each pass, the fields and how they ended.
TEST(HeatDevice, EveryByteOverTheLinkIsTold) {
  const Solved& solved = together();
  const std::size_t each = 2 * mesh.nz + 3 + 2 * mesh.nx * mesh.ny;
  std::size_t looks = 0;
  for (std::size_t at = 0; at < five().size(); at += lockstep) {
    const std::size_t end = std::min(at + lockstep, five().size());
    unsigned passes = 0;
    for (std::size_t i = at; i < end; ++i) passes = std::max(passes, solved.ends[i].passes);
    looks += passes * (end - at);
  }
  EXPECT_EQ(solved.work.moved.at("h2d"), 8 * each * five().size());
  EXPECT_EQ(solved.work.moved.at("d2h"), (4 * mesh.nodes() + 24) * five().size() + 4 * looks);
  EXPECT_EQ(solved.work.place, "guarded device");
}

std::vector<Case> with(std::size_t parameter, double value) {
  std::vector<Case> cases(five().begin(), five().begin() + 2);
  cases[1].parameters[parameter] = value;
  return cases;
}

TEST(HeatDevice, WhatTheCpuRefusesIsRefused) {
  HeatSolver solver(mesh, tolerance);
  for (const std::vector<Case>& cases :
       {with(6, std::numeric_limits<double>::quiet_NaN()), with(9, 5.0), with(6, -1e5)}) {
    EXPECT_THROW(solver.solve(cases[1].parameters), Error);
    EXPECT_THROW(solve(cases, 2), Error);
  }
  std::vector<Case> short_one(five().begin(), five().begin() + 1);
  short_one[0].parameters.pop_back();
  EXPECT_THROW(solve(short_one, 2), Error);
  EXPECT_THROW(HeatDevice({8, 8, 5}, tolerance, "guarded"), Error);
}

// The judge stays on the CPU.
TEST(HeatDevice, OnlyTrainingGoesThere) {
  HeatSize size = heat_size("S");
  size.mesh = mesh;
  size.coarse_mesh = {5, 4, 4};
  const HeatSimulation here(size, 1), there(size, 1, HeatFormat::fp64, "guarded");
  const std::span<const Case> cases = std::span(five()).first(2);
  EXPECT_EQ(there.work().place, "");
  for (const Fidelity fidelity : {Fidelity::truth, Fidelity::coarse})
    EXPECT_EQ(there.simulate(cases, fidelity)[1].arrays.at("theta").values,
              here.simulate(cases, fidelity)[1].arrays.at("theta").values);
  EXPECT_TRUE(there.work().moved.empty());
  const auto cpu = here.simulate(cases, Fidelity::train), device = there.simulate(cases, Fidelity::train);
  const double limit = HeatProblem(size).spec().gate.truth_invariant;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_LE(there.invariant(cases[i], there.outputs(device[i])), limit);
    EXPECT_EQ(device[i].arrays.at("theta").shape, cpu[i].arrays.at("theta").shape);
    EXPECT_EQ(device[i].arrays.at("parameters").values, cpu[i].arrays.at("parameters").values);
  }
  EXPECT_EQ(there.work().place, "guarded device");
  EXPECT_TRUE(here.work().moved.empty());
}

TEST(HeatDevice, SettingsThatDoNotFitAreRefused) {
  const PipelineEntry entry = heat();
  const auto memory = [&](const char* device, const char* format) {
    Settings settings(entry.parameters);
    settings.set("simulate_on", device);
    settings.set("simulate", format);
    return entry.memory(settings);
  };
  EXPECT_GT(memory("guarded", "fp64"), 0);
  EXPECT_GT(memory("cpu", "fp32"), 0);
  EXPECT_THROW(memory("guarded", "fp32"), Error);
  EXPECT_THROW(memory("tpu", "fp64"), Error);
}

}  // namespace
}  // namespace tandem::pipelines
