// A step: the values that stream in over the edges are put into the neighbours around the lattice, then one sweep reads
// the nine populations from where they come from, collides and writes. Directions: 0 rest, 1 +x, 2 +y, 3 -x, 4 -y,
// 5 +x+y, 6 -x+y, 7 -x-y, 8 +x-y.
#include "kernels/lattice/boltzmann_solver.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

constexpr float w0 = 4.0f / 9, w1 = 1.0f / 9, w5 = 1.0f / 36;
constexpr std::array<std::ptrdiff_t, 9> cx = {0, 1, 0, -1, 0, 1, -1, -1, 1}, cy = {0, 0, 1, 0, -1, 1, 1, -1, -1};

struct Rates {
  float even, odd;
};

// Of one row: where each population comes from and where it goes.
struct Streams {
  std::array<const float*, 9> from;
  std::array<float*, 9> to;
};

// With n the deviation from equilibrium of the even and odd parts of a pair of populations:
//   even' = even - (1 - B) w+ n+ - B (feq+ - w r),  odd' = odd - ((1 - B) w- + 2 B) n- - B feq-.
void collide(std::size_t count, const Streams& s, const float* __restrict solid, const Rates& rates) {
  const float* __restrict f0 = s.from[0], * __restrict f1 = s.from[1], * __restrict f2 = s.from[2];
  const float* __restrict f3 = s.from[3], * __restrict f4 = s.from[4], * __restrict f5 = s.from[5];
  const float* __restrict f6 = s.from[6], * __restrict f7 = s.from[7], * __restrict f8 = s.from[8];
  float* __restrict t0 = s.to[0], * __restrict t1 = s.to[1], * __restrict t2 = s.to[2], * __restrict t3 = s.to[3];
  float* __restrict t4 = s.to[4], * __restrict t5 = s.to[5], * __restrict t6 = s.to[6], * __restrict t7 = s.to[7];
  float* __restrict t8 = s.to[8];
  const float even = rates.even, odd = rates.odd, odd_rest = 2 - odd;
  const auto n = static_cast<std::ptrdiff_t>(count);
#pragma omp simd
  for (std::ptrdiff_t x = 0; x < n; ++x) {
    const float p1 = f1[x] + f3[x], m1 = f1[x] - f3[x], p2 = f2[x] + f4[x], m2 = f2[x] - f4[x];
    const float p5 = f5[x] + f7[x], m5 = f5[x] - f7[x], p6 = f6[x] + f8[x], m6 = f6[x] - f8[x];
    const float r = f0[x] + ((p1 + p2) + (p5 + p6)), u = m1 + (m5 - m6), v = m2 + (m5 + m6);
    const float uu = u * u, vv = v * v, d5 = u + v, d6 = v - u, rest = r - 1.5f * (uu + vv);
    const float b = solid[x], a_even = even - b * even, a_odd = odd + b * odd_rest;
    const float keep_even = 0.5f - 0.5f * a_even, keep_odd = 0.5f - 0.5f * a_odd;
    const float to_even = a_even - b, to_odd = a_odd - b, at_rest = b * r;
    const float e1 = to_even * w1, e5 = to_even * w5, o1 = to_odd * (3 * w1), o5 = to_odd * (3 * w5);
    const float r1 = at_rest * w1, r5 = at_rest * w5;
    const float even1 = keep_even * p1 + (e1 * (rest + 4.5f * uu) + r1), odd1 = keep_odd * m1 + o1 * u;
    const float even2 = keep_even * p2 + (e1 * (rest + 4.5f * vv) + r1), odd2 = keep_odd * m2 + o1 * v;
    const float even5 = keep_even * p5 + (e5 * (rest + 4.5f * (d5 * d5)) + r5), odd5 = keep_odd * m5 + o5 * d5;
    const float even6 = keep_even * p6 + (e5 * (rest + 4.5f * (d6 * d6)) + r5), odd6 = keep_odd * m6 + o5 * d6;
    t0[x] = (1 - a_even) * f0[x] + (to_even * w0 * rest + at_rest * w0);
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
      outlet_u_(ny),
      outlet_v_(ny),
      solid_(ny * pitch_) {
  check_usage(nx >= 4 && ny >= 4, "lattice: {} x {} cells are too few, 4 x 4 are needed", nx, ny);
  for (Planes* planes : {&now_, &next_})
    for (Buffer<float>& plane : *planes) plane = Buffer<float>(2 * lead_ + (ny + 2) * pitch_);
}

double Lattice::bytes() const {
  return 4 * (18 * static_cast<double>(ny_ + 2) + static_cast<double>(ny_)) * static_cast<double>(pitch_);
}

void Lattice::set(const LatticePhysics& physics) {
  check_usage(physics.viscosity > 0 && physics.magic > 0,
              "lattice: viscosity {} and magic number {}: both must be positive, else the relaxation is unstable",
              physics.viscosity, physics.magic);
  const double half = 3 * physics.viscosity;
  even_ = static_cast<float>(1 / (half + 0.5));
  odd_ = static_cast<float>(1 / (physics.magic / half + 0.5));
}

void Lattice::set_inlet(std::span<const float> inlet) {
  check(inlet.size() == ny_, "lattice: an inlet of {} rows, expected {}", inlet.size(), ny_);
  double sum = 0;
  for (const float u : inlet) sum += static_cast<double>(u);
  inflow_ = static_cast<float>(sum / static_cast<double>(ny_));
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
        row(now_, d, static_cast<std::ptrdiff_t>(j))[i] = weights[d] * (rest + 3 * along + 4.5f * along * along);
      }
    }
}

void Lattice::advance(std::size_t steps) {
  check(even_ > 0, "lattice: no physics set");
  for (std::size_t n = 0; n < steps; ++n) {
    fill_edges();
    sweep();
    std::swap(now_, next_);
  }
}

void Lattice::sweep() {
  for (std::ptrdiff_t j = 0; j < static_cast<std::ptrdiff_t>(ny_); ++j) {
    Streams streams;
    for (std::size_t d = 0; d < directions; ++d) {
      streams.from[d] = row(now_, d, j - cy[d]) - cx[d];
      streams.to[d] = row(next_, d, j);
    }
    collide(nx_, streams, solid_.data() + static_cast<std::size_t>(j) * pitch_, {even_, odd_});
  }
}

void Lattice::fill_edges() {
  if (edges_ != LatticeEdges::periodic) fill_walls();
  if (edges_ == LatticeEdges::duct)
    fill_ends();
  else
    fill_periodic(edges_ == LatticeEdges::periodic);
}

void Lattice::fill_walls() {
  const auto last = static_cast<std::ptrdiff_t>(ny_) - 1;
  const auto reflect = [&](std::size_t into, std::ptrdiff_t outside, std::ptrdiff_t shift, std::size_t from,
                           std::ptrdiff_t inside) {
    std::copy_n(row(now_, from, inside), nx_, row(now_, into, outside) + shift);
  };
  reflect(2, -1, 0, 4, 0);
  reflect(5, -1, -1, 7, 0);
  reflect(6, -1, 1, 8, 0);
  reflect(4, last + 1, 0, 2, last);
  reflect(7, last + 1, 1, 5, last);
  reflect(8, last + 1, -1, 6, last);
}

void Lattice::fill_ends() {
  const auto rows = static_cast<std::ptrdiff_t>(ny_), end = static_cast<std::ptrdiff_t>(nx_) - 1;
  float outflow = 0;
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const auto at = [&](std::size_t d) { return row(now_, d, j)[end]; };
    const float both = at(5) - at(7), other = at(6) - at(8);
    outflow += outlet_u_[static_cast<std::size_t>(j)] = at(1) - at(3) + both - other;
    outlet_v_[static_cast<std::size_t>(j)] = at(2) - at(4) + both + other;
  }
  const float pressure = std::sqrt(3.0f) * (outflow / static_cast<float>(ny_) - inflow_);
  for (std::ptrdiff_t j = 0; j < rows; ++j) {
    const auto index = static_cast<std::size_t>(j);
    const float in = inlet_[index], u = outlet_u_[index], v = outlet_v_[index];
    row(now_, 1, j)[-1] = row(now_, 3, j)[0] + 6 * w1 * in;
    row(now_, 5, j - 1)[-1] = row(now_, 7, j)[0] + 6 * w5 * in;
    row(now_, 8, j + 1)[-1] = row(now_, 6, j)[0] + 6 * w5 * in;
    const float rest = pressure - 1.5f * (u * u + v * v);
    row(now_, 3, j)[end + 1] = 2 * w1 * (rest + 4.5f * u * u) - row(now_, 1, j)[end];
    if (j > 0) row(now_, 6, j - 1)[end + 1] = 2 * w5 * (rest + 4.5f * (u - v) * (u - v)) - row(now_, 8, j)[end];
    if (j + 1 < rows) row(now_, 7, j + 1)[end + 1] = 2 * w5 * (rest + 4.5f * (u + v) * (u + v)) - row(now_, 5, j)[end];
  }
}

void Lattice::fill_periodic(bool across) {
  const auto rows = static_cast<std::ptrdiff_t>(ny_);
  for (std::size_t d = 1; d < directions; ++d) {
    if (across) {
      std::copy_n(row(now_, d, rows - 1), nx_, row(now_, d, -1));
      std::copy_n(row(now_, d, 0), nx_, row(now_, d, rows));
    }
    for (std::ptrdiff_t j = across ? -1 : 0; j < (across ? rows + 1 : rows); ++j) {
      float* values = row(now_, d, j);
      values[-1] = values[nx_ - 1];
      values[nx_] = values[0];
    }
  }
}

void Lattice::observe(LatticeFields& fields) {
  fill_edges();
  for (std::vector<float>* field : {&fields.r, &fields.u, &fields.v}) field->resize(cells());
  for (std::size_t j = 0; j < ny_; ++j)
    for (std::size_t i = 0; i < nx_; ++i) {
      std::array<float, directions> f;
      for (std::size_t d = 0; d < directions; ++d)
        f[d] = row(now_, d, static_cast<std::ptrdiff_t>(j) - cy[d])[static_cast<std::ptrdiff_t>(i) - cx[d]];
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
