// Rotating shallow water: `members` independent states, `steps` Runge-Kutta steps each, threads over members; the
// solver of the pipeline `climate`. 75 operations a cell and stage. A member's state lies in the second-level cache and
// the rows between two stages in the first, so arithmetic bounds it: limit fp32 without fused operations is half of the
// declared one, and additions outnumber multiplications. Judged by the same scheme in plain fp64 on the first and the
// last member; the others must equal one of the two, whose initial states they share.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/stencil/shallow_water_reference.hpp"

namespace tandem::kernels {
namespace {

constexpr ShallowWaterPhysics physics = {9.80616, 3000, 1e-4, 1.6e-11, 1.5e5};

std::size_t count_of(const Settings& settings, const char* key, std::int64_t least, std::int64_t most) {
  const std::int64_t value = settings.integer(key);
  check_usage(value >= least && value <= most, "stencil/shallow_water: {}={} is not a whole number of {} to {}", key,
              value, least, most);
  return static_cast<std::size_t>(value);
}

ShallowWaterGrid grid_of(const Settings& settings) {
  return {count_of(settings, "nx", 4, 4096), count_of(settings, "ny", 4, 4096), 2e7, 8e6};
}

class ShallowWaterKernel : public Kernel {
 public:
  ShallowWaterKernel(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        threads_(context.threads),
        grid_(grid_of(settings)),
        members_(count_of(settings, "members", 1, 1 << 20)),
        steps_(count_of(settings, "steps", 1, 10000)),
        initial_(members_ * grid_.values()),
        final_(members_ * grid_.values()) {
    for (int t = 0; t < threads_; ++t) solvers_.emplace_back(grid_, physics);
  }

  // A jet with waves, about in geostrophic balance; every second member another one.
  void prepare(Data data) override {
    const std::uint64_t stream = static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000000 : 0);
    for (std::size_t member = 0; member < members_; ++member) fill(member, 2 * stream + member % 2);
    solvers_[0].set(std::span<const float>(initial_).first(grid_.values()));
    step_ = 0.8 * solvers_[0].largest_step();
  }

  void run() override {
    const std::size_t values = grid_.values();
    const auto members = static_cast<std::ptrdiff_t>(members_);
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::ptrdiff_t m = 0; m < members; ++m) {
      ShallowWater& solver = solvers_[static_cast<std::size_t>(omp_get_thread_num())];
      const std::size_t at = static_cast<std::size_t>(m) * values;
      solver.set(std::span<const float>(initial_).subspan(at, values));
      solver.advance(step_, steps_);
      solver.get(std::span<float>(final_).subspan(at, values));
    }
  }

  // Every stage rounds the state, and its tendency by as much or less; roundings add up in the mean square, the
  // scheme does not amplify them. 16 is the margin for their spread.
  std::vector<Verdict> verify() override {
    double worst_velocity = 0, worst_depth = 0, apart = 0;
    const double bound = 16 * 0x1p-24 * std::sqrt(3.0 * static_cast<double>(steps_));
    for (std::size_t member = 0; member < std::min<std::size_t>(2, members_); ++member) {
      const std::size_t at = member * grid_.values();
      std::vector<double> state(initial_.begin() + at, initial_.begin() + at + grid_.values());
      const auto right = shallow_water_reference(grid_, physics, std::move(state), step_, steps_);
      const std::size_t split = 2 * grid_.cells();
      worse(worst_velocity, error(right, at, 0, split) / bound);
      worse(worst_depth, error(right, at, split, grid_.values()) / bound);
    }
    for (std::size_t i = 2 * grid_.values(); i < final_.size(); ++i)
      worse(apart, std::abs(static_cast<double>(final_[i]) - static_cast<double>(final_[i % (2 * grid_.values())])));
    return {{"velocity, error over rounding bound", ranks_.max(worst_velocity), 1},
            {"depth, error over rounding bound", ranks_.max(worst_depth), 1},
            {"members of the same initial state, difference", ranks_.max(apart), 0}};
  }

  Facts facts() const override {
    const auto members = static_cast<double>(members_), cells = static_cast<double>(grid_.cells());
    Facts facts;
    facts.flops = shallow_water_flops * cells * 3 * static_cast<double>(steps_) * members;
    facts.bytes = 2 * 12 * cells * members;
    facts.working_set = 3 * 4 * cells * threads_;  // a member at a time on each thread, and some rows
    facts.limit = "fp32";
    facts.notes = {{"grid", fmt::format("{} x {}", grid_.nx, grid_.ny)},
                   {"cell updates a run", fmt::format("{}", 3 * grid_.cells() * steps_ * members_)}};
    return facts;
  }

  Output output() override { return {final_.data(), final_.size(), Output::Type::fp32}; }

 private:
  static void worse(double& worst, double value) {
    if (!(value <= worst)) worst = std::isnan(value) ? INFINITY : value;
  }

  void fill(std::size_t member, std::uint64_t stream) {
    const double pi = std::numbers::pi, phase = 2 * pi * random_uniform(seed_, stream, 0);
    const double speed = 60 + 40 * random_uniform(seed_, stream, 1), width = 6e5;
    float* u = initial_.data() + member * grid_.values();
    float *v = u + grid_.cells(), *h = v + grid_.cells();
    for (std::size_t j = 0; j < grid_.ny; ++j)
      for (std::size_t i = 0; i < grid_.nx; ++i) {
        const double x = 2 * pi * static_cast<double>(i) / static_cast<double>(grid_.nx);
        const double y = ((static_cast<double>(j) + 0.5) * grid_.dy() - grid_.ly / 2) / width;
        const double bell = 1 / std::cosh(y), turn = physics.coriolis * width * speed / physics.gravity;
        const std::size_t at = j * grid_.nx + i;
        u[at] = static_cast<float>(speed * bell * bell);
        v[at] = j == 0 ? 0.0f : static_cast<float>(5 * bell * std::sin(3 * x + phase));
        h[at] = static_cast<float>(-turn * std::tanh(y));
      }
  }

  // Largest error of values [begin, end) of a member over the largest value there; of a NaN, a NaN.
  double error(const std::vector<double>& right, std::size_t at, std::size_t begin, std::size_t end) const {
    double most = 0, scale = 0;
    for (std::size_t i = begin; i < end; ++i) {
      worse(most, std::abs(static_cast<double>(final_[at + i]) - right[i]));
      scale = std::max(scale, std::abs(right[i]));
    }
    return most / scale;
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  int threads_;
  ShallowWaterGrid grid_;
  std::size_t members_, steps_;
  double step_ = 0;
  Buffer<float> initial_, final_;
  std::vector<ShallowWater> solvers_;
};

double memory_of(const Settings& settings, const Placement&) {
  const auto members = static_cast<double>(count_of(settings, "members", 1, 1 << 20));
  count_of(settings, "steps", 1, 10000);
  return (24 * members + 60) * static_cast<double>(grid_of(settings).cells());
}

}  // namespace

KernelEntry stencil_shallow_water() {
  KernelEntry entry;
  entry.name = "stencil/shallow_water";
  entry.summary = "rotating shallow water on a C grid in fp32: members side by side, steps in cache";
  entry.parameters = {{"nx", "64", "cells along the channel; fast where a multiple of 16"},
                      {"ny", "48", "cells across"},
                      {"members", "4", "independent states of each rank"},
                      {"steps", "36", "Runge-Kutta steps of each member"}};
  entry.memory = memory_of;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<ShallowWaterKernel>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
