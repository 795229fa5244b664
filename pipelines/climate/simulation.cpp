#include "pipelines/climate/simulation.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <numbers>

#include "pipelines/climate/state.hpp"

namespace tandem::pipelines {
namespace {

using kernels::ShallowWater;
using kernels::ShallowWaterGrid;

constexpr double mass_limit = 1e-6, gain_limit = 1e-4, loss_limit = 0.4;

// body(solver, i) for every case, one thread each; the first error is thrown again.
template <typename Body>
void each_case(ClimateSolvers& solvers, std::size_t count, int threads, const Body& body) {
  std::exception_ptr error;
  const auto end = static_cast<std::ptrdiff_t>(count);
  const int used = std::max(1, std::min(threads, static_cast<int>(std::min<std::size_t>(count, 4096))));
#pragma omp parallel num_threads(used)
  {
    std::unique_ptr<ShallowWater> solver = solvers.take();
#pragma omp for schedule(dynamic, 1)
    for (std::ptrdiff_t i = 0; i < end; ++i) {
      try {
        body(*solver, static_cast<std::size_t>(i));
      } catch (...) {
#pragma omp critical(climate_error)
        if (!error) error = std::current_exception();
      }
    }
    solvers.give(std::move(solver));
  }
  if (error) std::rethrow_exception(error);
}

// The state that was set, an interval on, and again; before each, look(point).
template <typename Look>
void forecast(ShallowWater& solver, std::size_t points, const Look& look) {
  const double limit = solver.largest_step();
  check(limit > 0, "climate: a state that is not finite or runs dry cannot be run");
  const auto steps = static_cast<std::size_t>(std::ceil(climate_interval / limit));
  for (std::size_t point = 0; point < points; ++point) {
    look(point);
    solver.advance(climate_interval / static_cast<double>(steps), steps);
  }
  look(points);
}

const std::vector<float>& snapshot(const Case& problem_case, const ShallowWaterGrid& grid) {
  const auto found = problem_case.snapshot.find("state");
  check(found != problem_case.snapshot.end() && found->second.values.size() == grid.values(),
        "climate: a forecast needs a snapshot of {} values", grid.values());
  return found->second.values;
}

}  // namespace

std::unique_ptr<ShallowWater> ClimateSolvers::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<ShallowWater> solver = std::move(idle_.back());
      idle_.pop_back();
      return solver;
    }
  }
  return std::make_unique<ShallowWater>(grid_, physics_);
}

void ClimateSolvers::give(std::unique_ptr<ShallowWater> solver) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(solver));
}

// u stands at west faces, v and h half a cell east of them: all shift alike, so one matrix serves the three. A Fourier
// series cut at M, from n equidistant values: sum over them of (1 + 2 sum_m cos(m (x - x_i))) / n.
ClimateRestriction::ClimateRestriction(const ShallowWaterGrid& from, const ShallowWaterGrid& to, std::size_t waves)
    : from_(from), to_(to) {
  check_usage(2 * waves < from.nx && 2 * waves < to.nx, "climate: {} waves need more than {} cells along the channel",
              waves, 2 * waves);
  const auto weight = [&](double angle) {
    double sum = 1;
    for (std::size_t m = 1; m <= waves; ++m) sum += 2 * std::cos(static_cast<double>(m) * angle);
    return sum / static_cast<double>(from.nx);
  };
  zonal_.resize(from.nx * 2 * to.nx);
  for (std::size_t i = 0; i < from.nx; ++i)
    for (std::size_t k = 0; k < to.nx; ++k) {
      const double face = static_cast<double>(k) * to.dx() - static_cast<double>(i) * from.dx();
      const double centre = face + 0.5 * (to.dx() - from.dx());
      zonal_[i * 2 * to.nx + k] = static_cast<float>(weight(2 * std::numbers::pi * face / from.lx));
      zonal_[i * 2 * to.nx + to.nx + k] = static_cast<float>(weight(2 * std::numbers::pi * centre / from.lx));
    }
  for (std::size_t kind = 0; kind < 2; ++kind)
    for (std::size_t j = 0; j < to.ny; ++j) {
      const double offset = kind == 0 ? 0.5 : 0;
      const double at = (static_cast<double>(j) + offset) * to.dy() / from.dy() - offset;
      Rows rows;
      rows.first = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(std::floor(at)) - 1, 0,
                                              static_cast<std::ptrdiff_t>(from.ny) - 4);
      for (std::size_t a = 0; a < 4; ++a) {
        double product = 1;
        for (std::size_t b = 0; b < 4; ++b)
          if (b != a)
            product *= (at - static_cast<double>(rows.first) - static_cast<double>(b)) /
                       (static_cast<double>(a) - static_cast<double>(b));
        rows.weights[a] = static_cast<float>(product);
      }
      across_[kind].push_back(rows);
    }
}

void ClimateRestriction::apply(std::span<const float> state, std::span<float> coarse) const {
  const std::size_t nx = from_.nx, to = to_.nx;
  std::vector<float> row(nx);
  for (std::size_t field = 0; field < 3; ++field)
    for (std::size_t j = 0; j < to_.ny; ++j) {
      const Rows& rows = across_[field == 1 ? 1 : 0][j];
      const float* values = state.data() + field * from_.cells() + static_cast<std::size_t>(rows.first) * nx;
      for (std::size_t i = 0; i < nx; ++i)
        row[i] = rows.weights[0] * values[i] + rows.weights[1] * values[nx + i] + rows.weights[2] * values[2 * nx + i] +
                 rows.weights[3] * values[3 * nx + i];
      float* out = coarse.data() + field * to_.cells() + j * to;
      std::fill_n(out, to, 0.0f);
      for (std::size_t i = 0; i < nx; ++i) {
        const float* weights = zonal_.data() + i * 2 * to + (field == 0 ? 0 : to);
        const float value = row[i];
#pragma omp simd
        for (std::size_t k = 0; k < to; ++k) out[k] += weights[k] * value;
      }
    }
}

ClimateForecast::ClimateForecast(const ClimateSize& size, int threads)
    : size_(size),
      threads_(threads),
      restriction_(size.grid(), size.coarse_grid(), size.coarse.waves),
      solvers_(size.coarse_grid(), size.coarse.physics()) {}

Fields ClimateForecast::predict(std::span<const Case> cases) const {
  Fields fields(cases.size(), climate_outputs);
  each_case(solvers_, cases.size(), threads_, [&](ShallowWater& solver, std::size_t i) {
    std::vector<float> coarse(size_.coarse_grid().values());
    restriction_.apply(snapshot(cases[i], size_.grid()), coarse);
    solver.set(coarse);
    forecast(solver, climate_horizon, [&](std::size_t point) {
      if (point > 0) fields.row(i)[point - 1] = static_cast<float>(solver.eddy());
    });
  });
  return fields;
}

ClimateSimulation::ClimateSimulation(const ClimateSize& size, int threads, const kernels::ShallowWaterPhysics& physics)
    : size_(size), threads_(threads), physics_(physics), solvers_(size.grid(), physics) {}

Sample ClimateSimulation::run(ShallowWater& solver, const Case& problem_case, bool training) const {
  const ShallowWaterGrid grid = size_.grid();
  std::vector<float> state = climate_initial(grid, problem_case.parameters);
  const auto before = kernels::shallow_water_sums(grid, physics_, state);
  Sample sample{problem_case.index, training ? climate_pairs : 1, {}};
  std::vector<float> fields, curve;
  solver.set(state);
  forecast(solver, training ? climate_points : climate_horizon, [&](std::size_t point) {
    if (point > 0) curve.push_back(static_cast<float>(solver.eddy()));
    if (!training || point >= climate_pairs) return;
    solver.get(state);
    climate_observe(grid, problem_case.parameters[noise_key], point, state);
    fields.insert(fields.end(), state.begin(), state.end());
  });
  solver.get(state);
  const auto after = kernels::shallow_water_sums(grid, physics_, state);
  std::vector<float> outputs(curve.begin(), curve.begin() + climate_horizon);
  outputs.push_back(static_cast<float>((after.mass - before.mass) / physics_.depth));
  outputs.push_back(static_cast<float>(after.energy / before.energy - 1));
  sample.arrays["outputs"] = {{climate_outputs}, std::move(outputs)};
  if (!training) return sample;
  sample.arrays["fields"] = {{climate_pairs, 3, grid.ny, grid.nx}, std::move(fields)};
  sample.arrays["curve"] = {{climate_points}, std::move(curve)};
  return sample;
}

std::vector<Sample> ClimateSimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  std::vector<Sample> samples(cases.size());
  if (fidelity == Fidelity::coarse) {
    const Fields coarse = coarse_model()->predict(cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      samples[i].index = cases[i].index;
      samples[i].arrays["outputs"] = {{climate_outputs}, {coarse.row(i).begin(), coarse.row(i).end()}};
    }
    return samples;
  }
  each_case(solvers_, cases.size(), threads_, [&](ShallowWater& solver, std::size_t i) {
    samples[i] = run(solver, cases[i], fidelity == Fidelity::train);
  });
  return samples;
}

std::span<const float> ClimateSimulation::outputs(const Sample& sample) const {
  return sample.arrays.at("outputs").values;
}

double ClimateSimulation::invariant(const Case& problem_case, std::span<const float> outputs) const {
  check(outputs.size() == climate_outputs, "climate: {} outputs, expected {}", outputs.size(), climate_outputs);
  double worst = 0;
  for (std::size_t k = 0; k < climate_horizon; ++k) {
    const auto strength = static_cast<double>(outputs[k]);
    if (!(strength >= 0)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, strength / problem_case.parameters.at(jet_speed));
  }
  const double mass = std::abs(static_cast<double>(outputs[climate_horizon]));
  const auto energy = static_cast<double>(outputs[climate_horizon + 1]);
  const double conserved = std::max(mass / mass_limit, energy > 0 ? energy / gain_limit : -energy / loss_limit);
  return std::isfinite(mass + energy) ? std::max(worst, conserved) : std::numeric_limits<double>::infinity();
}

std::unique_ptr<Model> ClimateSimulation::coarse_model() const {
  return std::make_unique<ClimateForecast>(size_, threads_);
}

}  // namespace tandem::pipelines
