// Two steps go through the lattice together, the second a row behind the first, whose rows stay in a ring in the
// first-level cache: the second writes over rows that the first has read, so that of two steps the lattice is read and
// written once. Values that stream in over the edges are put into the neighbours of a row as soon as it is written. The
// outlet's pressure hangs on the outflow of the whole column: that of the first step is known when the pass begins,
// that of the second follows from the populations that are about to stream into the last column.
#include "kernels/lattice/boltzmann_solver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

using d2q9::w0, d2q9::w1, d2q9::w5;
constexpr std::array<std::ptrdiff_t, 9> cx = {0, 1, 0, -1, 0, 1, -1, -1, 1}, cy = {0, 0, 1, 0, -1, 1, 1, -1, -1};

// Of one row: where its populations come from, and where they go.
struct Streams {
  const float *below, *here, *above;
  float* to;
  std::size_t plane;  // values from one population to the next
};

// d2q9::collided(), written out: through it the loads come first, which costs 5 % (GCC 12, AVX-512).
void collide(std::size_t count, const Streams& s, const float* __restrict solid, const d2q9::Rates& rates) {
  const std::size_t plane = s.plane;
  const float* __restrict f0 = s.here, * __restrict f1 = s.here + plane - 1, * __restrict f3 = s.here + 3 * plane + 1;
  const float* __restrict f2 = s.below + 2 * plane, * __restrict f4 = s.above + 4 * plane;
  const float* __restrict f5 = s.below + 5 * plane - 1, * __restrict f6 = s.below + 6 * plane + 1;
  const float* __restrict f7 = s.above + 7 * plane + 1, * __restrict f8 = s.above + 8 * plane - 1;
  float* __restrict t0 = s.to, * __restrict t1 = t0 + plane, * __restrict t2 = t1 + plane, * __restrict t3 = t2 + plane;
  float* __restrict t4 = t3 + plane, * __restrict t5 = t4 + plane, * __restrict t6 = t5 + plane;
  float* __restrict t7 = t6 + plane, * __restrict t8 = t7 + plane;
  const float even = rates.even, odd = rates.odd, odd_rest = 2 - odd;
#pragma omp simd
  for (std::size_t x = 0; x < count; ++x) {
    const float p1 = f1[x] + f3[x], m1 = f1[x] - f3[x], p2 = f2[x] + f4[x], m2 = f2[x] - f4[x];
    const float p5 = f5[x] + f7[x], m5 = f5[x] - f7[x], p6 = f6[x] + f8[x], m6 = f6[x] - f8[x];
    const float r = f0[x] + ((p1 + p2) + (p5 + p6)), u = m1 + (m5 - m6), v = m2 + (m5 + m6);
    const float uu = u * u, vv = v * v, d5 = u + v, d6 = v - u, rest = r - 1.5f * (uu + vv);
    const float b = solid[x], a_even = even - b * even, a_odd = odd + b * odd_rest;
    const float keep_even = 0.5f - 0.5f * a_even, keep_odd = 0.5f - 0.5f * a_odd;
    const float to_even = a_even - b, to_odd = a_odd - b, still = to_even * rest + b * r;
    const float s1 = w1 * still, s5 = w5 * still, e1 = (4.5f * w1) * to_even, e5 = (4.5f * w5) * to_even;
    const float o1 = (3 * w1) * to_odd, o5 = (3 * w5) * to_odd;
    const float even1 = keep_even * p1 + (e1 * uu + s1), odd1 = keep_odd * m1 + o1 * u;
    const float even2 = keep_even * p2 + (e1 * vv + s1), odd2 = keep_odd * m2 + o1 * v;
    const float even5 = keep_even * p5 + (e5 * (d5 * d5) + s5), odd5 = keep_odd * m5 + o5 * d5;
    const float even6 = keep_even * p6 + (e5 * (d6 * d6) + s5), odd6 = keep_odd * m6 + o5 * d6;
    t0[x] = (1 - a_even) * f0[x] + w0 * still;
    t1[x] = even1 + odd1;
    t3[x] = even1 - odd1;
    t2[x] = even2 + odd2;
    t4[x] = even2 - odd2;
    t5[x] = even5 + odd5;
    t7[x] = even5 - odd5;
    t6[x] = even6 + odd6;
    t8[x] = even6 - odd6;
  }
}

}  // namespace

d2q9::Rates lattice_rates(const LatticePhysics& physics) {
  check_usage(physics.viscosity > 0 && physics.magic > 0,
              "lattice: viscosity {} and magic number {}: both must be positive, else the relaxation is unstable",
              physics.viscosity, physics.magic);
  const double half = 3 * physics.viscosity;
  return {static_cast<float>(1 / (half + 0.5)), static_cast<float>(1 / (physics.magic / half + 0.5))};
}

float lattice_inflow(std::span<const float> inlet) {
  double sum = 0;
  for (const float u : inlet) sum += static_cast<double>(u);
  return static_cast<float>(sum / static_cast<double>(inlet.size()));
}

double solid_factor(double coverage, double viscosity) {
  const double half = 3 * viscosity;  // tau - 1/2
  return coverage * half / (1 - coverage + half);
}

Lattice::Lattice(std::size_t nx, std::size_t ny, LatticeEdges edges)
    : nx_(nx),
      ny_(ny),
      pitch_((nx + 2 + 15) / 16 * 16),
      edges_(edges),
      inlet_(ny, 0.0f),
      dense_solid_(nx * ny, 0.0f),
      solid_(ny * pitch_),
      now_{Buffer<float>(2 * lead + (ny + 2) * directions * pitch_), ~std::size_t{0}},
      between_{Buffer<float>(2 * lead + 4 * directions * pitch_), 3} {
  check_usage(nx >= 4 && ny >= 4, "lattice: {} x {} cells are too few, 4 x 4 are needed", nx, ny);
}

double Lattice::bytes() const {
  return 4 * static_cast<double>(now_.values.size() + between_.values.size() + solid_.size());
}

void Lattice::set(const LatticePhysics& physics) { rates_ = lattice_rates(physics); }

void Lattice::set_inlet(std::span<const float> inlet) {
  check(inlet.size() == ny_, "lattice: an inlet of {} rows, expected {}", inlet.size(), ny_);
  inflow_ = lattice_inflow(inlet);
  inlet_.assign(inlet.begin(), inlet.end());
}

void Lattice::set_solid(std::span<const float> factors) {
  check(factors.size() == cells(), "lattice: {} factors for {} cells", factors.size(), cells());
  dense_solid_.assign(factors.begin(), factors.end());
  for (std::size_t j = 0; j < ny_; ++j) std::copy_n(factors.data() + j * nx_, nx_, solid_.data() + j * pitch_);
}

void Lattice::start(const LatticeFields& fields) {
  check(fields.r.size() == cells() && fields.u.size() == cells() && fields.v.size() == cells(),
        "lattice: a start of {} cells, expected {}", fields.u.size(), cells());
  constexpr std::array<float, 9> weights = {w0, w1, w1, w1, w1, w5, w5, w5, w5};
  for (std::size_t j = 0; j < ny_; ++j)
    for (std::size_t i = 0; i < nx_; ++i) {
      const std::size_t at = j * nx_ + i;
      const float u = fields.u[at], v = fields.v[at], rest = fields.r[at] - 1.5f * (u * u + v * v);
      for (std::size_t d = 0; d < directions; ++d) {
        const float along = static_cast<float>(cx[d]) * u + static_cast<float>(cy[d]) * v;
        row(now_, static_cast<std::ptrdiff_t>(j), d)[i] = weights[d] * (rest + 3 * along + 4.5f * along * along);
      }
    }
}

void Lattice::advance(std::size_t steps) {
  check(rates_.even > 0, "lattice: no physics set");
  fill_edges();
  while (steps > 0) {
    const std::size_t taken = edges_ == LatticeEdges::duct && steps > 1 ? 2 : 1;
    pass(taken == 2);
    steps -= taken;
    if (edges_ == LatticeEdges::periodic) fill_edges();
  }
}

void Lattice::pass(bool twice) {
  const auto rows = static_cast<std::ptrdiff_t>(ny_);
  const bool duct = edges_ == LatticeEdges::duct;
  const float first = outlet_pressure(outflow_), second = outlet_pressure(later_ - yield_ * first);
  outflow_ = later_ = 0;
  if (duct) add_pressure(now_, 0, first);
  for (std::ptrdiff_t j = 0; j <= rows; ++j) {
    if (j < rows) {
      if (duct && j + 1 < rows) add_pressure(now_, j + 1, first);
      step(now_, between_, j);
      if (twice) fill_row(between_, j, second);
    }
    if (j == 0) continue;
    if (twice)
      step(between_, now_, j - 1);
    else
      for (std::size_t d = 0; d < directions; ++d) std::copy_n(row(between_, j - 1, d), nx_, row(now_, j - 1, d));
    if (!duct) continue;
    outflow_ += fill_row(now_, j - 1, 0);
    if (j > 1) later_ += leaving(j - 2);
  }
  if (duct) later_ += leaving(rows - 1);
}

void Lattice::step(const Rows& from, Rows& to, std::ptrdiff_t j) const {
  const Streams streams = {row(from, j - 1, 0), row(from, j, 0), row(from, j + 1, 0), row(to, j, 0), pitch_};
  collide(nx_, streams, solid_.data() + static_cast<std::size_t>(j) * pitch_, rates_);
}

float Lattice::outlet_pressure(float outflow) const {
  return std::sqrt(3.0f) * (outflow / static_cast<float>(ny_) - inflow_);
}

void Lattice::fill_edges() {
  if (edges_ == LatticeEdges::periodic) return fill_periodic();
  const auto rows = static_cast<std::ptrdiff_t>(ny_);
  outflow_ = later_ = yield_ = 0;
  for (std::ptrdiff_t j = 0; j < rows; ++j) outflow_ += fill_row(now_, j, 0);
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    later_ += leaving(j);
    yield_ += kept(j) * (2 * w1 + (j > 0 ? 2 * w5 : 0) + (j + 1 < rows ? 2 * w5 : 0));
  }
}

void Lattice::fill_periodic() {
  const auto rows = static_cast<std::ptrdiff_t>(ny_);
  for (std::size_t d = 0; d < directions; ++d) {
    for (std::ptrdiff_t j = 0; j < rows; ++j) {
      float* values = row(now_, j, d);
      values[-1] = values[nx_ - 1];
      values[nx_] = values[0];
    }
    std::copy_n(row(now_, rows - 1, d) - 1, nx_ + 2, row(now_, -1, d) - 1);
    std::copy_n(row(now_, 0, d) - 1, nx_ + 2, row(now_, rows, d) - 1);
  }
}

// What streams in over the edges from the cells of a row; their outflow.
float Lattice::fill_row(Rows& rows, std::ptrdiff_t j, float pressure) const {
  const auto last = static_cast<std::ptrdiff_t>(ny_) - 1, end = static_cast<std::ptrdiff_t>(nx_) - 1;
  const auto reflect = [&](std::ptrdiff_t outside, std::size_t into, std::ptrdiff_t shift, std::size_t from) {
    std::copy_n(row(rows, j, from), nx_, row(rows, outside, into) + shift);
  };
  if (j == 0) {
    reflect(-1, 2, 0, 4);
    reflect(-1, 5, -1, 7);
    reflect(-1, 6, 1, 8);
  }
  if (j == last) {
    reflect(last + 1, 4, 0, 2);
    reflect(last + 1, 7, 1, 5);
    reflect(last + 1, 8, -1, 6);
  }
  float *below = row(rows, j - 1, 0), *here = row(rows, j, 0), *above = row(rows, j + 1, 0);
  const auto at = [&](float* values, std::size_t d, std::ptrdiff_t i) -> float& {
    return values[static_cast<std::ptrdiff_t>(d * pitch_) + i];
  };
  const float in = inlet_[static_cast<std::size_t>(j)];
  at(here, 1, -1) = at(here, 3, 0) + 6 * w1 * in;
  at(below, 5, -1) = at(here, 7, 0) + 6 * w5 * in;
  at(above, 8, -1) = at(here, 6, 0) + 6 * w5 * in;
  const float f1 = at(here, 1, end), f5 = at(here, 5, end), f8 = at(here, 8, end);
  const float both = f5 - at(here, 7, end), other = at(here, 6, end) - f8;
  const float u = f1 - at(here, 3, end) + both - other, v = at(here, 2, end) - at(here, 4, end) + both + other;
  const float rest = pressure - 1.5f * (u * u + v * v);
  at(here, 3, end + 1) = 2 * w1 * (rest + 4.5f * u * u) - f1;
  if (j > 0) at(below, 6, end + 1) = 2 * w5 * (rest + 4.5f * (u - v) * (u - v)) - f8;
  if (j < last) at(above, 7, end + 1) = 2 * w5 * (rest + 4.5f * (u + v) * (u + v)) - f5;
  return u;
}

void Lattice::add_pressure(Rows& rows, std::ptrdiff_t j, float pressure) const {
  row(rows, j, 3)[nx_] += 2 * w1 * pressure;
  if (j > 0) row(rows, j - 1, 6)[nx_] += 2 * w5 * pressure;
  if (j + 1 < static_cast<std::ptrdiff_t>(ny_)) row(rows, j + 1, 7)[nx_] += 2 * w5 * pressure;
}

// The share of its momentum that the last cell of a row keeps in a collision.
float Lattice::kept(std::ptrdiff_t j) const { return 1 - solid_[static_cast<std::size_t>(j) * pitch_ + nx_ - 1]; }

// Outflow of a row after the next collision, but for the pressure at the outlet.
float Lattice::leaving(std::ptrdiff_t j) const {
  const float out = row(now_, j, 1)[nx_ - 2] + row(now_, j - 1, 5)[nx_ - 2] + row(now_, j + 1, 8)[nx_ - 2];
  const float back = row(now_, j, 3)[nx_] + row(now_, j - 1, 6)[nx_] + row(now_, j + 1, 7)[nx_];
  return kept(j) * (out - back);
}

void Lattice::observe(LatticeFields& fields) {
  fill_edges();
  const float pressure = outlet_pressure(outflow_);
  if (edges_ == LatticeEdges::duct)
    for (std::size_t j = 0; j < ny_; ++j) add_pressure(now_, static_cast<std::ptrdiff_t>(j), pressure);
  for (std::vector<float>* field : {&fields.r, &fields.u, &fields.v}) field->resize(cells());
  for (std::size_t j = 0; j < ny_; ++j)
    for (std::size_t i = 0; i < nx_; ++i) {
      std::array<float, directions> f;
      for (std::size_t d = 0; d < directions; ++d)
        f[d] = row(now_, static_cast<std::ptrdiff_t>(j) - cy[d], d)[static_cast<std::ptrdiff_t>(i) - cx[d]];
      const std::size_t at = j * nx_ + i;
      const float middle = 1 - 0.5f * dense_solid_[at];
      fields.r[at] = f[0] + f[1] + f[2] + f[3] + f[4] + f[5] + f[6] + f[7] + f[8];
      fields.u[at] = middle * (f[1] - f[3] + f[5] - f[6] - f[7] + f[8]);
      fields.v[at] = middle * (f[2] - f[4] + f[5] + f[6] - f[7] - f[8]);
    }
}

std::array<double, 2> Lattice::force(const LatticeFields& observed, std::span<const float> solid,
                                     std::span<const float> weights) {
  std::array<double, 2> sum = {};
  for (std::size_t n = 0; n < solid.size(); ++n) {
    if (solid[n] == 0) continue;
    const auto whole = static_cast<double>(weights[n] * solid[n] / (1 - 0.5f * solid[n]));
    sum[0] += whole * static_cast<double>(observed.u[n]);
    sum[1] += whole * static_cast<double>(observed.v[n]);
  }
  return sum;
}

}  // namespace tandem::kernels
