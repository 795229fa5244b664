// Incompressible flow on a D2Q9 lattice in fp32: two relaxation times (Ginzburg, Verhaeghe and d'Humieres 2008),
// equilibrium of He and Luo (1997),
//   feq_i = w_i (r + 3 c_i.u + 9/2 (c_i.u)^2 - 3/2 u.u),  r = density - 1 = 3 pressure,  u = sum_i c_i f_i,
// of which f_i - w_i is stored. Bodies are partially saturated cells (Noble and Torczynski 1998): of a cell covered to
// the share e, B = e (tau - 1/2) / (1 - e + tau - 1/2) of the collision is that with a solid at rest. A cell loses B u
// of momentum in a step, so that the force on a body is the sum of B u over its cells.
// Walls half a cell outside of the first and last row (bounce-back). Open ends: velocity bounce-back at the inlet,
// which lets in exactly the flux that is asked for, and a pressure outlet (anti-bounce-back) whose mean pressure yields
// as sound of normal incidence wants, so that it reflects none. Lattice units: a cell, a step.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/lattice/d2q9.hpp"

namespace tandem::kernels {

enum class LatticeEdges { duct, periodic };  // walls and open ends; periodic

struct LatticePhysics {
  double viscosity = 0;     // cells^2 a step; tau = 3 viscosity + 1/2
  double magic = 3.0 / 16;  // (tau - 1/2) (tau' - 1/2): 3/16 puts walls exactly half a cell outside
};

// Operations of a cell and step by these formulas, nothing computed twice: 25 for sums and moments, 19 for the rates
// that B changes, 40 for the new populations.
inline constexpr double lattice_flops = 84;

// Refuses what cannot be stable.
d2q9::Rates lattice_rates(const LatticePhysics& physics);

float lattice_inflow(std::span<const float> inlet);  // the mean

// The factor B of a cell covered to this share.
double solid_factor(double coverage, double viscosity);

// Pressure (as r), velocity.
struct LatticeFields {
  std::vector<float> r, u, v;  // [ny, nx] each
};

// One flow; not for concurrent use. Flows side by side are the parallelism.
class Lattice {
 public:
  static constexpr std::size_t directions = 9;

  Lattice(std::size_t nx, std::size_t ny, LatticeEdges edges);
  std::size_t nx() const { return nx_; }
  std::size_t ny() const { return ny_; }
  std::size_t cells() const { return nx_ * ny_; }
  double bytes() const;  // that a step works on

  void set(const LatticePhysics& physics);
  // `inlet`: velocity of each row [ny]; of a duct.
  void set_inlet(std::span<const float> inlet);
  void set_solid(std::span<const float> factors);  // B of each cell, [ny, nx]
  std::span<const float> solid() const { return dense_solid_; }
  void start(const LatticeFields& fields);  // in equilibrium
  void advance(std::size_t steps);
  // The state before the next collision. u and v are momenta in the middle of a step, (1 - B/2) sum c f: their sum over
  // a column is the flux through the duct.
  void observe(LatticeFields& fields);
  // Sum of `weights` [ny, nx] times B u and B v: forces on the body that the weights select.
  static std::array<double, 2> force(const LatticeFields& observed, std::span<const float> solid,
                                     std::span<const float> weights);

 private:
  // The populations of each row one after another, with a neighbour on both sides; row j at place (j + 1) & mask.
  struct Rows {
    Buffer<float> values;
    std::size_t mask;
  };
  std::size_t offset(const Rows& rows, std::ptrdiff_t j, std::size_t direction) const {
    return lead + ((static_cast<std::size_t>(j + 1) & rows.mask) * directions + direction) * pitch_;
  }
  float* row(Rows& rows, std::ptrdiff_t j, std::size_t direction) const {
    return rows.values.data() + offset(rows, j, direction);
  }
  const float* row(const Rows& rows, std::ptrdiff_t j, std::size_t direction) const {
    return rows.values.data() + offset(rows, j, direction);
  }
  void pass(bool twice);
  void step(const Rows& from, Rows& to, std::ptrdiff_t j) const;
  void fill_edges();
  void fill_periodic();
  float fill_row(Rows& rows, std::ptrdiff_t j, float pressure) const;
  void add_pressure(Rows& rows, std::ptrdiff_t j, float pressure) const;
  float outlet_pressure(float outflow) const;
  float kept(std::ptrdiff_t j) const;
  float leaving(std::ptrdiff_t j) const;

  static constexpr std::size_t lead = 16;
  std::size_t nx_, ny_, pitch_;
  LatticeEdges edges_;
  d2q9::Rates rates_{0, 0};
  float inflow_ = 0;               // mean of the inlet
  float outflow_ = 0, later_ = 0;  // of the last column after this collision; after the next, at no pressure
  float yield_ = 0;                // by how much a pressure lowers the latter
  std::vector<float> inlet_, dense_solid_;
  Buffer<float> solid_;  // [ny, nx], rows in the pitch of the populations
  Rows now_, between_;   // with a row of neighbours on each side; a ring of the rows after the first step of two
};

}  // namespace tandem::kernels
