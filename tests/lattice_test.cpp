// The lattice Boltzmann solver against exact solutions and a published benchmark, the table of docs/pipelines/flow.md;
// wrong physics must fail where right physics passes.
#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "kernels/lattice/boltzmann_reference.hpp"
#include "kernels/lattice/boltzmann_solver.hpp"
#include "kernels/lattice/coverage.hpp"

namespace tandem::kernels {
namespace {

using std::numbers::pi;

LatticeFields at_rest(std::size_t cells) {
  return {std::vector<float>(cells, 0.0f), std::vector<float>(cells, 0.0f), std::vector<float>(cells, 0.0f)};
}

std::vector<float> parabola(std::size_t ny, double mean) {
  std::vector<float> inlet;
  for (std::size_t j = 0; j < ny; ++j) {
    const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(ny);
    inlet.push_back(static_cast<float>(6 * mean * y * (1 - y)));
  }
  return inlet;
}

LatticeFields duct_start(std::size_t nx, std::span<const float> inlet) {
  LatticeFields fields = at_rest(nx * inlet.size());
  for (std::size_t n = 0; n < fields.u.size(); ++n) fields.u[n] = inlet[n / nx];
  return fields;
}

// Largest deviation of any column's flux from that of the inlet, relative.
double flux_error(const LatticeFields& fields, std::size_t nx, std::span<const float> inlet) {
  double in = 0, worst = 0;
  for (const float u : inlet) in += static_cast<double>(u);
  for (std::size_t i = 0; i < nx; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < inlet.size(); ++j) sum += static_cast<double>(fields.u[j * nx + i]);
    worst = std::max(worst, std::abs(sum / in - 1));
  }
  return worst;
}

// Poiseuille flow: root mean square error of the middle column against the parabola, over its maximum. The inlet is a
// plug.
double poiseuille_error(std::size_t ny, double magic) {
  const std::size_t nx = 4 * ny;
  const double mean = 0.02;
  Lattice lattice(nx, ny, LatticeEdges::duct);
  lattice.set({0.1, magic});
  const std::vector<float> plug(ny, static_cast<float>(mean));
  lattice.set_inlet(plug);
  lattice.start(duct_start(nx, plug));
  lattice.advance(24 * ny * ny + 2000);
  LatticeFields end;
  lattice.observe(end);
  EXPECT_LT(flux_error(end, nx, plug), 2e-4);
  double sum = 0;
  for (std::size_t j = 0; j < ny; ++j) {
    const double n = static_cast<double>(ny), y = (static_cast<double>(j) + 0.5) / n;
    // Of this mean over the rows: the sum of the parabola at half cells is that of its integral and 1 / (2 n^2).
    const double exact = 6 * mean * y * (1 - y) / (1 + 0.5 / (n * n));
    sum += std::pow(static_cast<double>(end.u[j * nx + nx / 2]) - exact, 2);
  }
  return std::sqrt(sum / static_cast<double>(ny)) / (1.5 * mean);
}

TEST(Lattice, PoiseuilleFlowIsExactAndAtSecondOrderWithAnotherMagicNumber) {
  for (const std::size_t ny : {8u, 16u}) EXPECT_LT(poiseuille_error(ny, 3.0 / 16), 1e-5) << ny;
  RecordProperty("error", fmt::format("{:.1e}", poiseuille_error(16, 3.0 / 16)));
  const double coarse = poiseuille_error(8, 0.25), fine = poiseuille_error(16, 0.25);
  EXPECT_GT(fine, 1e-4);  // a wrong magic number fails the check above
  EXPECT_NEAR(std::log2(coarse / fine), 2, 0.1);
  RecordProperty("order", std::to_string(std::log2(coarse / fine)));
}

// Taylor-Green vortices: distance of the velocity from the exact one at the time when it has fallen to 1/e, over the
// exact one. Speed falls with the mesh, so that the error of compressibility does as well.
double taylor_green_error(std::size_t n, double viscosity, double right) {
  const double k = 2 * pi / static_cast<double>(n), speed = 0.8 / static_cast<double>(n);
  const auto steps = static_cast<std::size_t>(1 / (2 * right * k * k));
  const double left = std::exp(-2 * right * k * k * static_cast<double>(steps));
  LatticeFields start = at_rest(n * n);
  for (std::size_t j = 0; j < n; ++j)
    for (std::size_t i = 0; i < n; ++i) {
      const double x = k * static_cast<double>(i), y = k * static_cast<double>(j);
      start.u[j * n + i] = static_cast<float>(-speed * std::cos(x) * std::sin(y));
      start.v[j * n + i] = static_cast<float>(speed * std::sin(x) * std::cos(y));
      start.r[j * n + i] = static_cast<float>(-0.75 * speed * speed * (std::cos(2 * x) + std::cos(2 * y)));
    }
  Lattice lattice(n, n, LatticeEdges::periodic);
  lattice.set({viscosity});
  lattice.start(start);
  lattice.advance(steps);
  LatticeFields end;
  lattice.observe(end);
  double difference = 0, norm = 0;
  for (std::size_t c = 0; c < n * n; ++c)
    for (const auto& [from, to] : {std::pair{&start.u, &end.u}, {&start.v, &end.v}}) {
      const double exact = left * static_cast<double>((*from)[c]);
      difference += std::pow(static_cast<double>((*to)[c]) - exact, 2);
      norm += exact * exact;
    }
  return std::sqrt(difference / norm);
}

TEST(Lattice, TaylorGreenVorticesDecayAtSecondOrder) {
  const double coarse = taylor_green_error(32, 0.02, 0.02), fine = taylor_green_error(64, 0.02, 0.02);
  EXPECT_LT(fine, 2e-3);
  EXPECT_NEAR(std::log2(coarse / fine), 2, 0.1);
  RecordProperty("error", std::to_string(fine));
  RecordProperty("order", std::to_string(std::log2(coarse / fine)));
  EXPECT_GT(taylor_green_error(64, 1.02 * 0.02, 0.02), 5e-3);  // a wrong relaxation
}

// Laminar flow around a cylinder in a channel, 2D-1 of Schaefer and Turek (1996): Re = 20, H = 0.41 m, L = 2.2 m,
// D = 0.1 m at (0.2, 0.2) m.
struct CylinderRun {
  double drag = 0, lift = 0, flux = 0;
};

CylinderRun cylinder(std::size_t ny, double reynolds = 20, bool weighted = true) {
  const double scale = static_cast<double>(ny) / 0.41, mean = 0.1;
  const auto nx = static_cast<std::size_t>(2.2 * scale);
  const double viscosity = mean * 0.1 * scale / reynolds;
  Lattice lattice(nx, ny, LatticeEdges::duct);
  lattice.set({viscosity});
  const auto inlet = parabola(ny, mean);
  lattice.set_inlet(inlet);
  std::vector<float> coverage(nx * ny, 0.0f), factors;
  add_coverage({0.2 * scale, 0.2 * scale, 0.05 * scale, 0.05 * scale, 0}, nx, ny, coverage);
  for (const float covered : coverage)
    factors.push_back(weighted ? static_cast<float>(solid_factor(static_cast<double>(covered), viscosity)) : covered);
  lattice.set_solid(factors);
  lattice.start(duct_start(nx, inlet));
  const std::vector<float> all(nx * ny, 1.0f);
  const double unit = 0.5 * mean * mean * 0.1 * scale;
  LatticeFields fields;
  CylinderRun now;
  for (int part = 0; part < 60; ++part) {
    lattice.advance(6 * ny);
    lattice.observe(fields);
    const auto force = Lattice::force(fields, factors, all);
    const double before = now.drag;
    now = {force[0] / unit, force[1] / unit, flux_error(fields, nx, inlet)};
    if (std::abs(now.drag / before - 1) < 2e-5) break;
  }
  return now;
}

TEST(Lattice, CylinderInAChannel) {
  constexpr double drag = 5.57953523384, lift = 0.010618948146;
  const CylinderRun coarse = cylinder(41), fine = cylinder(62);
  for (const CylinderRun& run : {coarse, fine}) {
    EXPECT_NEAR(run.drag, drag, 0.01 * drag);
    EXPECT_NEAR(run.lift, lift, 0.01);
    EXPECT_LT(run.flux, 1e-3);
  }
  RecordProperty("drag", std::to_string(fine.drag));
  RecordProperty("flux", fmt::format("{:.1e}", fine.flux));
  RecordProperty("lift", std::to_string(fine.lift));
  EXPECT_GT(std::abs(cylinder(41, 18).drag / drag - 1), 0.02);         // a wrong viscosity
  EXPECT_GT(std::abs(cylinder(41, 20, false).drag / drag - 1), 0.02);  // cells that ignore the relaxation time
}

TEST(Coverage, AreaOfAnEllipseAndSmoothInItsShape) {
  const auto area = [](double x, double angle) {
    std::vector<float> coverage(40 * 30, 0.0f);
    add_coverage({x, 14.3, 9, 3, angle}, 40, 30, coverage);
    double sum = 0;
    for (const float covered : coverage) {
      EXPECT_TRUE(covered >= 0 && covered <= 1);
      sum += static_cast<double>(covered);
    }
    return sum;
  };
  for (const double angle : {0.0, 0.4, -1.1}) EXPECT_NEAR(area(20.2, angle), 27 * pi, 0.005 * 27 * pi) << angle;
  EXPECT_NEAR(area(20.2, 0.4), area(20.2001, 0.4), 0.01);
  EXPECT_LT(area(40, 0), 14.5 * pi);  // half of it is outside of the lattice
}

// However many steps go together, with the outlet covered in part: the scheme as it is written down.
TEST(Lattice, AnyNumberOfStepsInOneCallOrMore) {
  const std::size_t nx = 21, ny = 7;
  const LatticePhysics physics = {0.05};
  const auto inlet = parabola(ny, 0.05);
  LatticeFields start = duct_start(nx, inlet), end;
  std::vector<float> solid(nx * ny);
  for (std::size_t n = 0; n < solid.size(); ++n) {
    start.v[n] = 0.01f * std::sin(static_cast<float>(n));
    solid[n] = n % 3 == 0 ? 0.4f : 0;
  }
  Lattice lattice(nx, ny, LatticeEdges::duct);
  lattice.set(physics);
  lattice.set_inlet(inlet);
  lattice.set_solid(solid);
  for (const auto& parts : std::vector<std::vector<std::size_t>>{{1}, {2}, {3}, {1, 2, 1}, {40}, {7, 6, 28}}) {
    lattice.start(start);
    std::size_t steps = 0;
    for (const std::size_t part : parts) {
      lattice.advance(part);
      lattice.observe(end);
      steps += part;
    }
    const auto right = lattice_reference(nx, ny, physics, inlet, solid, start, steps);
    for (std::size_t n = 0; n < nx * ny; ++n) {
      EXPECT_NEAR(static_cast<double>(end.r[n]), right[3 * n], 1e-6) << steps << " steps, cell " << n;
      EXPECT_NEAR(static_cast<double>(end.u[n]), right[3 * n + 1], 1e-6) << steps << " steps, cell " << n;
      EXPECT_NEAR(static_cast<double>(end.v[n]), right[3 * n + 2], 1e-6) << steps << " steps, cell " << n;
    }
  }
}

TEST(Lattice, RefusesWhatCannotBeStable) {
  Lattice lattice(8, 8, LatticeEdges::duct);
  EXPECT_THROW(lattice.set({0}), Error);
  EXPECT_THROW(lattice.set({0.1, -1}), Error);
  EXPECT_THROW(lattice.advance(1), Error);
  EXPECT_THROW(Lattice(2, 8, LatticeEdges::duct), Error);
}

}  // namespace
}  // namespace tandem::kernels
