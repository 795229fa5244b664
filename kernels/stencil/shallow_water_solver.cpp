// A stage is one sweep over the rows: what row j + 1 gives (transports, B, and q times the transports at its southern
// corners) is computed one row ahead of the update of row j, so that every field is read once a stage and what lies
// between stays in the first-level cache. Transports are kept doubled, as sums of two depths.
#include "kernels/stencil/shallow_water_solver.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

enum Scratch : std::size_t { twice_u, twice_v, bernoulli, q_v, q_u, scratches };

// Southern corners and centres of a row; s: the row to the south, n: to the north.
struct Around {
  const float *u, *u_s, *v, *v_n, *h, *h_s, *transport_s;
};
struct Made {
  float *transport_u, *transport_v, *bernoulli, *q_v, *q_u;
};
void make(std::size_t nx, const Around& a, const Made& m, const ShallowWaterScales& k, float coriolis) {
  const float* __restrict u = a.u, * __restrict us = a.u_s, * __restrict v = a.v, * __restrict vn = a.v_n;
  const float* __restrict h = a.h, * __restrict hs = a.h_s, * __restrict south = a.transport_s;
  float* __restrict tu = m.transport_u, * __restrict tv = m.transport_v, * __restrict b = m.bernoulli;
  float* __restrict qv = m.q_v, * __restrict qu = m.q_u;
  const ShallowWaterScales s = k;
  const auto n = static_cast<std::ptrdiff_t>(nx);
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float here = h[i] + hs[i] + s.twice_depth, west = h[i - 1] + hs[i - 1] + s.twice_depth;
    const float flow_u = (h[i] + h[i - 1] + s.twice_depth) * u[i];
    const float flow_v = here * v[i];
    const float vorticity = (v[i] - v[i - 1]) * s.per_dx - (u[i] - us[i]) * s.per_dy + coriolis;
    const float q = vorticity / (here + west);
    tu[i] = flow_u;
    tv[i] = flow_v;
    b[i] = s.gravity * h[i] + 0.25f * ((u[i] * u[i] + u[i + 1] * u[i + 1]) + (v[i] * v[i] + vn[i] * vn[i]));
    qv[i] = q * (flow_v + west * v[i - 1]);
    qu[i] = q * (flow_u + south[i]);
  }
}

// Row 0: no flow through the wall.
void make_wall(std::size_t nx, const Around& a, const Made& m, const ShallowWaterScales& k) {
  const float* __restrict u = a.u, * __restrict vn = a.v_n, * __restrict h = a.h;
  float* __restrict tu = m.transport_u, * __restrict b = m.bernoulli;
  const ShallowWaterScales s = k;
  const auto n = static_cast<std::ptrdiff_t>(nx);
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    tu[i] = (h[i] + h[i - 1] + s.twice_depth) * u[i];
    b[i] = s.gravity * h[i] + 0.25f * (u[i] * u[i] + u[i + 1] * u[i + 1] + vn[i] * vn[i]);
  }
}

using Weights = ShallowWaterStage;

struct Velocity {
  const float *now, *south, *north, *old;
  float* to;
};

// q_a, q_b: the corners whose mean of q times transport drives this face; B's difference `b - b_from` over
// `per_length`.
void update_velocity(std::size_t nx, const Velocity& field, const float* __restrict q_a, const float* __restrict q_b,
                     float half, const float* __restrict b, const float* __restrict b_from, float per_length,
                     const Weights& weights, const ShallowWaterScales& k) {
  const float* __restrict now = field.now, * __restrict south = field.south, * __restrict north = field.north;
  const float* old = field.old;
  float* to = field.to;
  const Weights w = weights;
  const float nu_x = k.nu_x, nu_y = k.nu_y;
  const auto n = static_cast<std::ptrdiff_t>(nx);
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    const float twice = 2 * now[i];
    const float spread = (now[i + 1] + now[i - 1] - twice) * nu_x + (north[i] + south[i] - twice) * nu_y;
    const float tendency = half * (q_a[i] + q_b[i]) - (b[i] - b_from[i]) * per_length + spread;
    to[i] = w.old_weight * old[i] + w.weight * now[i] + w.step * tendency;
  }
}

struct Depth {
  const float *now, *old, *transport_u, *transport_v, *transport_v_n;
  float* to;
};

void update_depth(std::size_t nx, const Depth& d, const Weights& weights, const ShallowWaterScales& k) {
  const float* __restrict now = d.now, * __restrict tu = d.transport_u, * __restrict tv = d.transport_v;
  const float* __restrict tn = d.transport_v_n;
  const float* old = d.old;
  float* to = d.to;
  const Weights w = weights;
  const float by_x = 0.5f * w.step * k.per_dx, by_y = 0.5f * w.step * k.per_dy;
  const auto n = static_cast<std::ptrdiff_t>(nx);
#pragma omp simd
  for (std::ptrdiff_t i = 0; i < n; ++i)
    to[i] = w.old_weight * old[i] + w.weight * now[i] - ((tu[i + 1] - tu[i]) * by_x + (tn[i] - tv[i]) * by_y);
}

}  // namespace

ShallowWater::ShallowWater(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics)
    : grid_(grid), physics_(physics), pitch_((grid.nx + 2 + 15) / 16 * 16) {
  check_usage(grid.nx >= 4 && grid.ny >= 4, "a grid of {} x {} cells is too small, 4 x 4 are needed", grid.nx, grid.ny);
  for (Fields& fields : fields_)
    for (Buffer<float>* field : {&fields.u, &fields.v, &fields.h})
      *field = Buffer<float>(2 * lead_ + (grid.ny + 1) * pitch_);
  scratch_ = Buffer<float>(2 * lead_ + kept * scratches * pitch_);
  const double dx = grid.dx(), dy = grid.dy();
  scales_ = {static_cast<float>(1 / dx),
             static_cast<float>(1 / dy),
             static_cast<float>(physics.gravity),
             static_cast<float>(2 * physics.depth),
             static_cast<float>(physics.viscosity / (dx * dx)),
             static_cast<float>(physics.viscosity / (dy * dy))};
  for (std::size_t j = 0; j < grid.ny; ++j)
    coriolis_.push_back(static_cast<float>(physics.at(static_cast<double>(j) * dy, grid.ly)));
}

void ShallowWater::close(float* values) const {
  values[-1] = values[grid_.nx - 1];
  values[grid_.nx] = values[0];
}

void ShallowWater::set(std::span<const float> state) {
  check(state.size() == grid_.values(), "shallow water: a state of {} values, expected {}", state.size(),
        grid_.values());
  float speed = 0, highest = -static_cast<float>(physics_.depth), lowest = 0;
  bool finite = true;
  Fields& now = fields_[0];
  for (std::size_t j = 0; j < grid_.ny; ++j) {
    std::size_t at = j * grid_.nx;
    for (Buffer<float>* field : {&now.u, &now.v, &now.h}) {
      std::copy_n(state.data() + at, grid_.nx, row(*field, j));
      at += grid_.cells();
    }
    if (j == 0) std::fill_n(row(now.v, 0), grid_.nx, 0.0f);
    for (std::size_t i = 0; i < grid_.nx; ++i) {
      const float u = row(now.u, j)[i], v = row(now.v, j)[i], h = row(now.h, j)[i];
      finite = finite && std::isfinite(u) && std::isfinite(v) && std::isfinite(h);
      speed = std::max({speed, std::abs(u), std::abs(v)});
      highest = std::max(highest, h);
      lowest = std::min(lowest, h);
    }
    for (Buffer<float>* field : {&now.u, &now.v, &now.h}) close(row(*field, j));
  }
  largest_ = 0;
  if (!finite || static_cast<double>(lowest) <= -physics_.depth) return;
  const double fine = std::hypot(1 / grid_.dx(), 1 / grid_.dy());
  const double wave = std::sqrt(std::abs(physics_.gravity) * (physics_.depth + static_cast<double>(highest)));
  const double turn = std::abs(physics_.coriolis) + std::abs(physics_.beta) * grid_.ly / 2;
  const double imaginary = (2 * wave + static_cast<double>(speed)) * fine + turn;
  const double real = 4 * physics_.viscosity * fine * fine;
  largest_ = 1 / (imaginary / std::sqrt(3.0) + real / 2.51);
}

void ShallowWater::get(std::span<float> state) const {
  check(state.size() == grid_.values(), "shallow water: room for {} values, expected {}", state.size(), grid_.values());
  const Fields& now = fields_[0];
  for (std::size_t j = 0; j < grid_.ny; ++j) {
    std::size_t at = j * grid_.nx;
    for (const Buffer<float>* field : {&now.u, &now.v, &now.h}) {
      std::copy_n(row(*field, j), grid_.nx, state.data() + at);
      at += grid_.cells();
    }
  }
}

double ShallowWater::eddy() const {
  double sum = 0;
  for (std::size_t j = 1; j < grid_.ny; ++j) {
    const float* v = row(fields_[0].v, j);
    float part = 0;
#pragma omp simd reduction(+ : part)
    for (std::size_t i = 0; i < grid_.nx; ++i) part += v[i] * v[i];
    sum += static_cast<double>(part);
  }
  return std::sqrt(sum / static_cast<double>(grid_.cells()));
}

void ShallowWater::advance(double step, std::size_t steps) {
  check_usage(
      step > 0 && step <= largest_,
      "shallow water: a time step of {:.4g} s is unstable on {} x {} cells, the limit is {:.4g} s: take a smaller "
      "step or a coarser grid",
      step, grid_.nx, grid_.ny, largest_);
  const auto stage_of = [&](double old_weight, double weight) {
    return Weights{static_cast<float>(old_weight), static_cast<float>(weight), static_cast<float>(weight * step)};
  };
  const Weights first = stage_of(0, 1), second = stage_of(0.75, 0.25), third = stage_of(1.0 / 3, 2.0 / 3);
  for (std::size_t n = 0; n < steps; ++n) {
    stage(fields_[0], fields_[0], fields_[1], first);
    stage(fields_[1], fields_[0], fields_[2], second);
    stage(fields_[2], fields_[0], fields_[0], third);
  }
}

void ShallowWater::stage(const Fields& now, const Fields& old, Fields& to, const ShallowWaterStage& s) {
  wall(0);
  transport(now, 0);
  for (std::size_t j = 0; j < grid_.ny; ++j) {
    if (j + 1 < grid_.ny)
      transport(now, j + 1);
    else
      wall(grid_.ny);
    update(now, old, to, j, s);
  }
}

void ShallowWater::wall(std::size_t j) {
  std::fill_n(scratch(q_v, j), grid_.nx, 0.0f);
  std::fill_n(scratch(twice_v, j), grid_.nx, 0.0f);
}

void ShallowWater::transport(const Fields& now, std::size_t j) {
  const std::size_t south = j > 0 ? j - 1 : 0;
  const Around around = {row(now.u, j), row(now.u, south), row(now.v, j),          row(now.v, j + 1),
                         row(now.h, j), row(now.h, south), scratch(twice_u, south)};
  const Made made = {scratch(twice_u, j), scratch(twice_v, j), scratch(bernoulli, j), scratch(q_v, j), scratch(q_u, j)};
  if (j == 0)
    make_wall(grid_.nx, around, made, scales_);
  else
    make(grid_.nx, around, made, scales_, coriolis_[j]);
  for (float* values : {made.transport_u, made.bernoulli, made.q_u}) close(values);
}

void ShallowWater::update(const Fields& now, const Fields& old, Fields& to, std::size_t j, const ShallowWaterStage& s) {
  const std::size_t south = j > 0 ? j - 1 : 0, north = std::min(j + 1, grid_.ny - 1);
  const float* b = scratch(bernoulli, j);
  update_velocity(grid_.nx, {row(now.u, j), row(now.u, south), row(now.u, north), row(old.u, j), row(to.u, j)},
                  scratch(q_v, j), scratch(q_v, j + 1), 0.5f, b, b - 1, scales_.per_dx, s, scales_);
  close(row(to.u, j));
  update_depth(
      grid_.nx,
      {row(now.h, j), row(old.h, j), scratch(twice_u, j), scratch(twice_v, j), scratch(twice_v, j + 1), row(to.h, j)},
      s, scales_);
  close(row(to.h, j));
  if (j == 0) return;  // the wall: v stays 0
  const float* q = scratch(q_u, j);
  update_velocity(grid_.nx, {row(now.v, j), row(now.v, j - 1), row(now.v, j + 1), row(old.v, j), row(to.v, j)}, q,
                  q + 1, -0.5f, b, scratch(bernoulli, j - 1), scales_.per_dy, s, scales_);
  close(row(to.v, j));
}

ShallowWaterSums shallow_water_sums(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics,
                                    std::span<const float> state) {
  const std::size_t nx = grid.nx, cells = grid.cells();
  const auto at = [&](std::size_t field, std::size_t j, std::size_t i) {
    return static_cast<double>(state[field * cells + j * nx + i]);
  };
  ShallowWaterSums sums;
  for (std::size_t j = 0; j < grid.ny; ++j)
    for (std::size_t i = 0; i < nx; ++i) {
      const double u = at(0, j, i), v = j > 0 ? at(1, j, i) : 0, h = at(2, j, i);
      const double at_u = physics.depth + 0.5 * (h + at(2, j, (i + nx - 1) % nx));
      const double at_v = physics.depth + 0.5 * (h + at(2, j > 0 ? j - 1 : 0, i));
      sums.mass += h;
      sums.energy += 0.5 * (physics.gravity * h * h + at_u * u * u + at_v * v * v);
      sums.eddy += v * v;
    }
  const auto count = static_cast<double>(cells);
  return {sums.mass / count, sums.energy / count, std::sqrt(sums.eddy / count)};
}

}  // namespace tandem::kernels
