// Flows side by side on the guarded device: to rounding the fields and the forces of the CPU's Lattice, whatever stands
// beside them and however many steps each takes.
#include "kernels/lattice/device_lattices.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "harness/device/routine.hpp"
#include "kernels/lattice/coverage.hpp"
#include "kernels/lattice/device_flows.hpp"

namespace tandem::guarded {
namespace {

using namespace kernels;

constexpr std::size_t nx = 22, ny = 11, cells = nx * ny, bodies = 2;
constexpr double rounding = 2e-6;  // velocities are 0.1

// What one flow is made of.
struct Flow {
  LatticePhysics physics;
  std::vector<float> solid, shares;  // of the two bodies
  LatticeFields start;
};

// Bodies of which one reaches out of the duct, and waves.
Flow flow_of(std::uint64_t number) {
  const auto random = [&](std::uint64_t n) { return random_uniform(3, number, n); };
  Flow flow;
  flow.physics.viscosity = 0.04 + 0.03 * random(0);
  std::vector<float> first(cells, 0.0f), second(cells, 0.0f);
  add_coverage({6 + 2 * random(1), 5, 2.5, 1.2, random(2) - 0.5}, nx, ny, first);
  add_coverage({20, 3 + 4 * random(3), 3, 1, random(4)}, nx, ny, second);
  for (std::size_t n = 0; n < cells; ++n) {
    const float both = first[n] + second[n];
    flow.solid.push_back(
        static_cast<float>(solid_factor(std::min(1.0, static_cast<double>(both)), flow.physics.viscosity)));
    flow.shares.push_back(both > 0 ? first[n] / both : 0);
  }
  for (std::size_t n = 0; n < cells; ++n) flow.shares.push_back(flow.solid[n] > 0 ? 1 - flow.shares[n] : 0);
  for (std::size_t n = 0; n < cells; ++n) {
    const std::size_t i = n % nx, j = n / nx;
    const auto x = static_cast<double>(i), y = static_cast<double>(j);
    flow.start.r.push_back(static_cast<float>(0.01 * std::sin(x + random(5))));
    flow.start.u.push_back(static_cast<float>(0.05 + 0.03 * std::sin(2 * y + 6 * random(6))));
    flow.start.v.push_back(static_cast<float>(0.02 * std::cos(x - y)));
  }
  return flow;
}

std::vector<float> inlet() {
  std::vector<float> values;
  for (std::size_t j = 0; j < ny; ++j) values.push_back(0.04f + 0.005f * static_cast<float>(j % 5));
  return values;
}

struct Ended {
  LatticeFields fields;
  std::array<double, 2 * bodies> forces;
};

Ended on_cpu(const Flow& flow, LatticeEdges edges, std::size_t steps) {
  Lattice lattice(nx, ny, edges);
  lattice.set(flow.physics);
  lattice.set_inlet(inlet());
  lattice.set_solid(flow.solid);
  lattice.start(flow.start);
  lattice.advance(steps);
  Ended ended;
  lattice.observe(ended.fields);
  for (std::size_t body = 0; body < bodies; ++body) {
    const auto force = Lattice::force(ended.fields, flow.solid, std::span(flow.shares).subspan(body * cells, cells));
    for (std::size_t d = 0; d < 2; ++d) ended.forces[2 * body + d] = force[d];
  }
  return ended;
}

void append(std::vector<float>& to, const LatticeFields& fields) {
  for (const std::vector<float>* field : {&fields.r, &fields.u, &fields.v})
    to.insert(to.end(), field->begin(), field->end());
}

void expect_near(const Ended& right, std::span<const float> fields, std::span<const double> forces) {
  std::vector<float> expected;
  append(expected, right.fields);
  double worst = 0, spread = 0;
  for (std::size_t n = 0; n < expected.size(); ++n) {
    const double apart = std::abs(static_cast<double>(fields[n]) - static_cast<double>(expected[n]));
    worst = std::isnan(apart) ? INFINITY : std::max(worst, apart);
    spread = std::max(spread, std::abs(static_cast<double>(expected[n])));
  }
  EXPECT_LT(worst, rounding);
  EXPECT_GT(spread, 0.02);  // so that nearness says something
  for (std::size_t k = 0; k < right.forces.size(); ++k) {
    EXPECT_NEAR(forces[k], right.forces[k], 20 * rounding) << "force " << k;
    EXPECT_GT(std::abs(right.forces[k]), 200 * rounding) << "force " << k;
  }
}

// Flow k takes parts[0][k] steps, then parts[1][k] and so on.
using Parts = std::vector<std::vector<std::size_t>>;

void expect_as_on_the_cpu(LatticeEdges edges, const Parts& parts) {
  const std::size_t count = parts[0].size();
  DeviceLattices lattices({count, nx, ny, bodies}, edges);
  lattices.set_inlet(inlet());
  std::vector<Flow> flows;
  std::vector<float> starts;
  for (std::size_t k = 0; k < count; ++k) {
    flows.push_back(flow_of(k));
    lattices.set(k, flows[k].physics);
    lattices.set_solid(k, flows[k].solid);
    for (std::size_t body = 0; body < bodies; ++body)
      lattices.set_body(k, body, std::span(flows[k].shares).subspan(body * cells, cells));
    append(starts, flows[k].start);
  }
  DeviceBuffer<float> fields(starts.size()), observed(count * 3 * cells);
  DeviceBuffer<double> forces(count * 2 * bodies);
  copy_in(fields.data(), starts.data(), starts.size() * sizeof(float));
  lattices.start(0, count, fields.data(), count);
  std::vector<std::size_t> taken(count, 0);
  for (const auto& part : parts) {
    lattices.advance(part);
    lattices.observe(observed.data());
    lattices.add_forces(observed.data(), forces.data());
    for (std::size_t k = 0; k < count; ++k) taken[k] += part[k];
  }
  std::vector<float> all(count * 3 * cells);
  std::vector<double> sums(count * 2 * bodies);
  copy_out(all.data(), observed.data(), all.size() * sizeof(float));
  copy_out(sums.data(), forces.data(), sums.size() * sizeof(double));
  for (std::size_t k = 0; k < count; ++k) {
    SCOPED_TRACE("flow " + std::to_string(k));
    expect_near(on_cpu(flows[k], edges, taken[k]), std::span(all).subspan(k * 3 * cells, 3 * cells),
                std::span(sums).subspan(k * 2 * bodies, 2 * bodies));
  }
}

TEST(DeviceLattices, ADuctIsTheCpus) { expect_as_on_the_cpu(LatticeEdges::duct, {{40}}); }

TEST(DeviceLattices, SoIsAPeriodicLattice) { expect_as_on_the_cpu(LatticeEdges::periodic, {{12}}); }

TEST(DeviceLattices, FlowsSideBySideTakeTheirOwnSteps) {
  for (const LatticeEdges edges : {LatticeEdges::duct, LatticeEdges::periodic})
    expect_as_on_the_cpu(edges, {{3, 8, 5}, {3, 8, 5}, {4, 0, 3}, {4, 0, 1}});
}

// Everything that can be told wrong tells so.
TEST(DeviceLattices, WhatDoesNotFitIsRefused) {
  DeviceLattices lattices({2, nx, ny, bodies}, LatticeEdges::duct);
  const std::vector<float> right(cells), wrong(cells + 1);
  const std::vector<std::size_t> one = {1}, three(3, 1);
  EXPECT_THROW(lattices.advance(one), Error);  // no physics
  EXPECT_THROW(lattices.set(0, {0}), Error);
  EXPECT_THROW(lattices.advance(three), Error);
  EXPECT_THROW(lattices.set_inlet(right), Error);
  EXPECT_THROW(lattices.set_solid(0, wrong), Error);
  EXPECT_THROW(lattices.set_solid(2, right), Error);
  EXPECT_THROW(lattices.set_body(0, bodies, right), Error);
  EXPECT_THROW(lattices.start(1, 2, nullptr, 1), Error);
  EXPECT_THROW(DeviceLattices({1, 3, 8, 0}, LatticeEdges::duct), Error);
}

// The routine: the forces and the velocities of the CPU, every byte over the link told, a place used again.
TEST(DeviceFlows, TellsForcesVelocitiesAndBytes) {
  const std::vector<float> in = inlet();
  const LatticeFields start = flow_of(9).start;
  std::unique_ptr<DeviceFlows> flows;
  raise(routine_on<MakeDeviceFlows>("guarded", device_flows_routine)({3, nx, ny, bodies, in, start}, Ranks(1), flows));
  std::size_t in_bytes = 4 * (ny + 3 * cells), out_bytes = 0;
  EXPECT_EQ(flows->moved().to_device, in_bytes);
  EXPECT_EQ(flows->place(), "guarded device");
  const auto begin = [&](std::size_t at, std::uint64_t number) {
    Flow flow = flow_of(number);
    flow.start = start;
    raise(flows->begin(at, {flow.physics, flow.solid, flow.shares}));
    in_bytes += 4 * (1 + bodies) * cells;
    return flow;
  };
  const auto expect = [&](std::size_t at, const Flow& flow, std::size_t steps, std::span<const double> forces) {
    SCOPED_TRACE("flow " + std::to_string(at));
    const Ended right = on_cpu(flow, LatticeEdges::duct, steps);
    std::vector<float> velocities(2 * cells), fields(right.fields.r);
    raise(flows->velocities(at, velocities));
    out_bytes += 8 * cells;
    fields.insert(fields.end(), velocities.begin(), velocities.end());
    expect_near(right, fields, forces.subspan(at * 2 * bodies, 2 * bodies));
  };
  std::vector<Flow> placed = {begin(0, 0), begin(1, 1)};
  std::vector<double> forces(2 * 2 * bodies);
  const auto go = [&](const std::vector<std::size_t>& steps) {
    raise(flows->advance(steps));
    raise(flows->forces(forces));
    out_bytes += 8 * forces.size();
  };
  go({6, 6});
  go({6, 6});  // the list of flows is as it was: nothing goes there
  go({0, 6});
  in_bytes += (2 + 1) * sizeof(MovingFlow);
  expect(0, placed[0], 12, forces);
  expect(1, placed[1], 18, forces);
  placed[0] = begin(0, 2);
  go({5, 4});
  in_bytes += 2 * sizeof(MovingFlow);
  expect(0, placed[0], 5, forces);
  expect(1, placed[1], 22, forces);
  EXPECT_EQ(flows->moved().to_device, in_bytes);
  EXPECT_EQ(flows->moved().to_host, out_bytes);
  std::vector<float> few(cells);
  EXPECT_TRUE(flows->velocities(0, few).happened);
  EXPECT_TRUE(flows->begin(3, {placed[0].physics, placed[0].solid, placed[0].shares}).happened);
  EXPECT_TRUE(flows->begin(0, {placed[0].physics, placed[0].solid, placed[0].solid}).happened);
}

}  // namespace
}  // namespace tandem::guarded
