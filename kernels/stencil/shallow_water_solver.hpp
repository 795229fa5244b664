// Rotating shallow water in a channel, periodic in x, walls in y, on the Arakawa C grid in fp32:
//   u_t = q h v - B_x + nu lap u,  v_t = -q h u - B_y + nu lap v,  h_t = -(h u)_x - (h v)_y,
//   q = (f + v_x - u_y) / h,  B = g h + (u^2 + v^2) / 2,  f = f0 + beta (y - Ly / 2),
// with the energy-conserving averages of Sadourny (1975) and the third-order Runge-Kutta scheme of Shu and Osher
// (1988). h' = h - H0 is stored, so that rounding acts on the deviation and not on the depth. Walls: v = 0, free slip.
// A state is dense, [3, ny, nx]: u at the west faces, v at the south faces (row 0 is the wall), h' at the centres.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/stencil/shallow_water_row.hpp"

namespace tandem::kernels {

struct ShallowWaterGrid {
  std::size_t nx = 0, ny = 0;
  double lx = 0, ly = 0;  // m
  double dx() const { return lx / static_cast<double>(nx); }
  double dy() const { return ly / static_cast<double>(ny); }
  std::size_t cells() const { return nx * ny; }
  std::size_t values() const { return 3 * cells(); }
};

struct ShallowWaterPhysics {
  double gravity = 9.80616;  // m/s2
  double depth = 3000;       // H0, m
  double coriolis = 1e-4;    // f0, 1/s
  double beta = 1.6e-11;     // 1/(m s)
  double viscosity = 0;      // nu, m2/s
  double at(double y, double ly) const { return coriolis + beta * (y - ly / 2); }
};

// A cell and stage of these formulas, nothing computed twice: 26 for transports, B, q and its products, 34 for the
// three tendencies, 15 to combine the stages. An addition, a multiplication or a division counts one.
inline constexpr double shallow_water_flops = 75;

// Values of a state that conservation laws and forecasts speak of; sums in fp64.
struct ShallowWaterSums {
  double mass = 0;    // mean of h', m
  double energy = 0;  // mean of g h'^2 / 2 + (hx u^2 + hy v^2) / 2, m3/s2
  double eddy = 0;    // root mean square of v, m/s
};
ShallowWaterSums shallow_water_sums(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics,
                                    std::span<const float> state);

// One member; not for concurrent use. Members side by side are the parallelism.
class ShallowWater {
 public:
  ShallowWater(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics);
  const ShallowWaterGrid& grid() const { return grid_; }

  void set(std::span<const float> state);
  void get(std::span<float> state) const;
  // The largest stable step, s, for the state that was set: the scheme is stable to sqrt(3) on the imaginary and to
  // 2.51 on the real axis; the fastest signal is that of gravity waves on the deepest water, carried by the fastest
  // flow. 0 where the state is not finite or runs dry.
  double largest_step() const { return largest_; }
  // Refuses a step above largest_step().
  void advance(double step, std::size_t steps);
  double eddy() const;  // of the present state

 private:
  static constexpr std::size_t stages = 3;
  static constexpr std::size_t kept = 4, driven = 2;  // rows: j - 1 to j + 2, j and j + 1
  using Factors = std::array<ShallowWaterFactors, stages>;
  enum Field : std::size_t { u, v, h, fields };
  // Where the first vector of a row lies, and how far the next: kernels/stencil/shallow_water_row.hpp.
  std::size_t first(Field field, std::size_t j) const { return ((j * (vectors_ + 2) + 1) * fields + field) * lanes_; }
  std::size_t apart() const { return fields * lanes_; }
  template <int lanes>
  void choose_if_divides();
  template <int lanes>
  void step_through(const Factors& factors, std::size_t steps);

  ShallowWaterGrid grid_;
  ShallowWaterPhysics physics_;
  std::size_t lanes_ = 0, vectors_ = 0;  // of a row
  void (ShallowWater::*steps_through_)(const Factors&, std::size_t) = nullptr;
  double largest_ = 0;
  std::vector<float> coriolis_;  // of the corners' rows
  // What each stage reads: the present state, and of the two between a ring of rows; what its rows drive, as rings.
  std::array<Buffer<float>, stages> states_, drivings_;
  Buffer<float> still_;  // a row of zeros
};

}  // namespace tandem::kernels
