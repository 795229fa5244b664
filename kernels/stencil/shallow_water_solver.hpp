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

// What the loops over a row read, in fp32.
struct ShallowWaterScales {
  float per_dx = 0, per_dy = 0, gravity = 0, twice_depth = 0, nu_x = 0, nu_y = 0;
};
struct ShallowWaterStage {
  float old_weight, weight, step;  // new = old_weight old + weight now + step tendency(now)
};

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
  struct Fields {
    Buffer<float> u, v, h;
  };
  float* row(Buffer<float>& field, std::size_t j) const { return field.data() + lead_ + j * pitch_; }
  const float* row(const Buffer<float>& field, std::size_t j) const { return field.data() + lead_ + j * pitch_; }
  static constexpr std::size_t kept = 4;  // rows of what lies between, at least j - 1 to j + 1
  float* scratch(std::size_t which, std::size_t j) { return row(scratch_, kept * which + j % kept); }
  void stage(const Fields& now, const Fields& old, Fields& to, const ShallowWaterStage& s);
  void transport(const Fields& now, std::size_t j);
  void wall(std::size_t j);  // nothing flows through the faces and corners of row 0 or ny
  void update(const Fields& now, const Fields& old, Fields& to, std::size_t j, const ShallowWaterStage& s);
  void close(float* values) const;  // the periodic neighbours of a row

  ShallowWaterGrid grid_;
  ShallowWaterPhysics physics_;
  std::size_t lead_ = 16, pitch_ = 0;  // a row: nx values, its last neighbour, a gap, the next row's first neighbour
  double largest_ = 0;
  ShallowWaterScales scales_;
  std::vector<float> coriolis_;  // of the corners' rows
  std::array<Fields, 3> fields_;
  Buffer<float> scratch_;  // rows of U, V, B, q V, q U
};

}  // namespace tandem::kernels
