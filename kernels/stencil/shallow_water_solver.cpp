// A step is one sweep over the rows. The second stage follows the first by two rows and the third the second, so that
// what lies between two stages stays in the first-level cache: a ring of four rows. Within a stage what row j + 1
// drives (transports, B, and q times the transports at its southern corners) is computed one row ahead of the update of
// row j.
#include "kernels/stencil/shallow_water_solver.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"

namespace tandem::kernels {

ShallowWater::ShallowWater(const ShallowWaterGrid& grid, const ShallowWaterPhysics& physics)
    : grid_(grid), physics_(physics) {
  check_usage(grid.nx >= 4 && grid.ny >= 4, "a grid of {} x {} cells is too small, 4 x 4 are needed", grid.nx, grid.ny);
  choose_if_divides<1>();
  choose_if_divides<2>();
  choose_if_divides<4>();
  choose_if_divides<8>();
  choose_if_divides<16>();
  for (std::size_t j = 0; j < grid.ny; ++j)
    coriolis_.push_back(static_cast<float>(physics.at(static_cast<double>(j) * grid.dy(), grid.ly)));
}

template <int lanes>
void ShallowWater::choose_if_divides() {
  if (grid_.nx % lanes != 0) return;
  using Row = ShallowWaterRow<lanes>;
  lanes_ = lanes;
  vectors_ = grid_.nx / lanes;
  steps_through_ = &ShallowWater::step_through<lanes>;
  still_ = Buffer<float>(vectors_ * sizeof(typename Row::Cells) / sizeof(float));
  for (std::size_t stage = 0; stage < stages; ++stage) {
    const std::size_t rows = stage == 0 ? grid_.ny : kept;
    states_[stage] = Buffer<float>(rows * (vectors_ + 2) * sizeof(typename Row::Cells) / sizeof(float));
    drivings_[stage] = Buffer<float>(driven * (vectors_ + 2) * sizeof(typename Row::Driving) / sizeof(float));
  }
}

void ShallowWater::set(std::span<const float> state) {
  check(state.size() == grid_.values(), "shallow water: a state of {} values, expected {}", state.size(),
        grid_.values());
  float speed = 0, highest = -static_cast<float>(physics_.depth), lowest = 0;
  bool finite = true;
  for (std::size_t j = 0; j < grid_.ny; ++j)
    for (const Field field : {u, v, h}) {
      const float* from = state.data() + field * grid_.cells() + j * grid_.nx;
      for (std::size_t k = 0; k < vectors_; ++k)
        for (std::size_t lane = 0; lane < lanes_; ++lane) {
          const float value = field == v && j == 0 ? 0 : from[lane * vectors_ + k];
          states_[0][first(field, j) + k * apart() + lane] = value;
          finite = finite && std::isfinite(value);
          highest = std::max(highest, field == h ? value : highest);
          lowest = std::min(lowest, field == h ? value : lowest);
          speed = std::max(speed, field == h ? speed : std::abs(value));
        }
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
  for (std::size_t j = 0; j < grid_.ny; ++j)
    for (const Field field : {u, v, h}) {
      float* to = state.data() + field * grid_.cells() + j * grid_.nx;
      for (std::size_t k = 0; k < vectors_; ++k)
        for (std::size_t lane = 0; lane < lanes_; ++lane)
          to[lane * vectors_ + k] = states_[0][first(field, j) + k * apart() + lane];
    }
}

double ShallowWater::eddy() const {
  double sum = 0;
  for (std::size_t j = 1; j < grid_.ny; ++j) {
    float part = 0;
    for (std::size_t k = 0; k < vectors_; ++k) {
      const float* across = states_[0].data() + first(v, j) + k * apart();
#pragma omp simd reduction(+ : part)
      for (std::size_t lane = 0; lane < lanes_; ++lane) part += across[lane] * across[lane];
    }
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
  const double dx = grid_.dx(), dy = grid_.dy(), nu = physics_.viscosity;
  const auto stage = [&](double weight) {
    const double length = weight * step;
    const double nu_x = length * nu / (dx * dx), nu_y = length * nu / (dy * dy);
    const auto fp32 = [](double value) { return static_cast<float>(value); };
    return ShallowWaterFactors{.weight = fp32(weight),
                               .turn = fp32(length / 2),
                               .turn_x = fp32(length / (2 * dx)),
                               .turn_y = fp32(length / (2 * dy)),
                               .slope_x = fp32(length / (4 * dx)),
                               .slope_y = fp32(length / (4 * dy)),
                               .flow_x = fp32(length / (2 * dx)),
                               .flow_y = fp32(length / (2 * dy)),
                               .nu_x = fp32(nu_x),
                               .nu_y = fp32(nu_y),
                               .nu_here = fp32(2 * (nu_x + nu_y)),
                               .twice_depth = fp32(2 * physics_.depth),
                               .four_gravity = fp32(4 * physics_.gravity)};
  };
  (this->*steps_through_)({stage(1), stage(0.25), stage(2.0 / 3)}, steps);
}

template <int lanes>
void ShallowWater::step_through(const Factors& factors, std::size_t steps) {
  using Row = ShallowWaterRow<lanes>;
  const std::size_t ny = grid_.ny, pitch = vectors_ + 2;
  const auto* still = reinterpret_cast<const typename Row::Cells*>(still_.data());  // the wall in the north: v = 0
  const auto state = [&](std::size_t stage, std::size_t j) {
    auto* rows = reinterpret_cast<typename Row::Cells*>(states_[stage].data());
    return rows + (stage == 0 ? j : j % kept) * pitch + 1;
  };
  const auto driving = [&](std::size_t stage, std::size_t j) {
    return reinterpret_cast<typename Row::Driving*>(drivings_[stage].data()) + j % driven * pitch + 1;
  };
  const auto advance = [&](std::size_t stage, std::size_t j) {
    const std::size_t south = j > 0 ? j - 1 : 0, north = std::min(j + 1, ny - 1);
    if (j == 0) Row::drive_at_wall(state(stage, 0), state(stage, 1), driving(stage, 0), vectors_, factors[stage]);
    const typename Row::Around around = {state(stage, south),   state(stage, j),
                                         state(stage, north),   j + 2 < ny ? state(stage, j + 2) : still,
                                         state(0, j),           state((stage + 1) % stages, j),
                                         driving(stage, south), driving(stage, j),
                                         driving(stage, north)};
    using Wall = typename Row::Wall;
    if (j == 0)
      Row::template advance<Wall::south>(around, vectors_, factors[stage], coriolis_[north]);
    else if (j + 1 == ny)
      Row::template advance<Wall::north>(around, vectors_, factors[stage], coriolis_[north]);
    else
      Row::template advance<Wall::none>(around, vectors_, factors[stage], coriolis_[north]);
  };
  constexpr std::size_t behind = 2;  // a row needs the two rows ahead of it from the stage before
  for (std::size_t j = 0; j < ny; ++j) Row::close(state(0, j), vectors_);
  for (std::size_t n = 0; n < steps; ++n)
    for (std::size_t j = 0; j < ny + behind * (stages - 1); ++j)
      for (std::size_t stage = 0; stage < stages; ++stage)
        if (j >= behind * stage && j < ny + behind * stage) advance(stage, j - behind * stage);
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
