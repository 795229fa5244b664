// Lattice Boltzmann flow around two ellipses in a duct: `members` independent flows, `steps` steps each, threads over
// members; the solver of the pipeline `flow`. Two steps together read and write nine populations of each cell and read
// the factor of the solid: 38 bytes a step, from the second-level cache at the default size. Arithmetic bounds it: 84
// operations a cell and step take longer. Judged by the same scheme in plain fp64 on the first and the last
// kind of member; the others must equal one of the two, whose starts they share.
#include <algorithm>
#include <cmath>
#include <vector>

#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/lattice/boltzmann_reference.hpp"
#include "kernels/lattice/coverage.hpp"

namespace tandem::kernels {
namespace {

constexpr double inlet_speed = 0.1;  // mean

std::size_t lattice_count(const Settings& settings, const char* key, std::int64_t least, std::int64_t most) {
  const std::int64_t value = settings.integer(key);
  check_usage(value >= least && value <= most, "lattice/boltzmann: {}={} is not a whole number of {} to {}", key, value,
              least, most);
  return static_cast<std::size_t>(value);
}

class BoltzmannKernel : public Kernel {
 public:
  BoltzmannKernel(const Settings& settings, const KernelContext& context)
      : ranks_(context.ranks),
        seed_(context.seed),
        threads_(context.threads),
        nx_(lattice_count(settings, "nx", 4, 16384)),
        ny_(lattice_count(settings, "ny", 4, 16384)),
        members_(lattice_count(settings, "members", 1, 1 << 20)),
        steps_(lattice_count(settings, "steps", 1, 100000)),
        final_(members_ * 3 * nx_ * ny_) {
    for (std::size_t t = 0; t < static_cast<std::size_t>(threads_); ++t) {
      solvers_.emplace_back(nx_, ny_, LatticeEdges::duct);
      solvers_.back().set(physics());
    }
    for (std::size_t j = 0; j < ny_; ++j) {
      const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(ny_);
      inlet_.push_back(static_cast<float>(6 * inlet_speed * y * (1 - y)));
    }
  }

  // The parabola of the empty duct with waves on it; every second member with other bodies and waves.
  void prepare(Data data) override {
    const std::uint64_t stream = static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000000 : 0);
    for (std::size_t kind = 0; kind < kinds_.size(); ++kind) fill(kinds_[kind], 2 * stream + kind);
  }

  void run() override {
    const auto members = static_cast<std::ptrdiff_t>(members_);
    const std::size_t cells = nx_ * ny_;
#pragma omp parallel for schedule(static) num_threads(threads_)
    for (std::ptrdiff_t m = 0; m < members; ++m) {
      Lattice& solver = solvers_[static_cast<std::size_t>(omp_get_thread_num())];
      const Kind& kind = kinds_[static_cast<std::size_t>(m) % 2];
      solver.set_inlet(inlet_);
      solver.set_solid(kind.solid);
      solver.start(kind.start);
      solver.advance(steps_);
      LatticeFields fields;
      solver.observe(fields);
      float* to = final_.data() + static_cast<std::size_t>(m) * 3 * cells;
      for (const std::vector<float>* field : {&fields.r, &fields.u, &fields.v})
        to = std::copy(field->begin(), field->end(), to);
    }
  }

  // Each step rounds the populations, whose size is that of the velocity; roundings add up in the mean square, as the
  // scheme does not amplify them. 32 is the margin for nine of them a cell and for their spread.
  std::vector<Verdict> verify() override {
    const std::size_t cells = nx_ * ny_, values = 3 * cells;
    const double bound = 32 * 0x1p-24 * std::sqrt(static_cast<double>(steps_));
    double worst = 0, apart = 0;
    for (std::size_t m = 0; m < std::min<std::size_t>(2, members_); ++m) {
      const auto right = lattice_reference(nx_, ny_, physics(), inlet_, kinds_[m].solid, kinds_[m].start, steps_);
      double most = 0, scale = 0;
      for (std::size_t n = 0; n < cells; ++n)
        for (std::size_t field = 0; field < 3; ++field) {
          const double value = right[3 * n + field];
          worse(most, std::abs(static_cast<double>(final_[m * values + field * cells + n]) - value));
          if (field > 0) scale = std::max(scale, std::abs(value));
        }
      worse(worst, most / scale / bound);
    }
    for (std::size_t m = 2; m < members_; ++m)
      for (std::size_t n = 0; n < values; ++n)
        worse(apart,
              std::abs(static_cast<double>(final_[m * values + n]) - static_cast<double>(final_[m % 2 * values + n])));
    return {{"velocity and pressure, error over rounding bound", ranks_.max(worst), 1},
            {"members of the same start, difference", ranks_.max(apart), 0}};
  }

  Facts facts() const override {
    const std::size_t cells = nx_ * ny_ * members_, passes = (steps_ + 1) / 2;
    Facts facts;
    facts.flops = lattice_flops * static_cast<double>(cells * steps_);
    facts.bytes = 76 * static_cast<double>(cells * passes);
    facts.working_set = solvers_[0].bytes() * threads_;  // a member at a time on each thread
    facts.limit = "fp32";
    facts.notes = {{"lattice", fmt::format("{} x {}", nx_, ny_)},
                   {"lattice updates a run", fmt::format("{}", cells * steps_)}};
    return facts;
  }

  Output output() override { return {final_.data(), final_.size(), Output::Type::fp32}; }

 private:
  struct Kind {
    std::vector<float> solid;
    LatticeFields start;
  };

  // Re = 40 with a fifth of the height for a length.
  LatticePhysics physics() const { return {inlet_speed * 0.2 * static_cast<double>(ny_) / 40}; }

  static void worse(double& worst, double value) {
    if (!(value <= worst)) worst = std::isnan(value) ? INFINITY : value;
  }

  void fill(Kind& kind, std::uint64_t stream) {
    const auto random = [&](std::uint64_t n) { return random_uniform(seed_, stream, n); };
    const auto height = static_cast<double>(ny_);
    std::vector<float> coverage(nx_ * ny_, 0.0f);
    for (std::uint64_t body = 0; body < 2; ++body)
      add_coverage(
          {(0.55 + 0.45 * static_cast<double>(body)) * height, (0.5 - 0.1 * static_cast<double>(body)) * height,
           (0.1 + 0.08 * random(4 * body)) * height, 0.05 * height, random(4 * body + 1) - 0.5},
          nx_, ny_, coverage);
    kind.solid.clear();
    for (const float covered : coverage)
      kind.solid.push_back(static_cast<float>(solid_factor(static_cast<double>(covered), physics().viscosity)));
    LatticeFields& start = kind.start;
    start = {std::vector<float>(nx_ * ny_, 0.0f), std::vector<float>(nx_ * ny_), std::vector<float>(nx_ * ny_)};
    for (std::size_t j = 0; j < ny_; ++j)
      for (std::size_t i = 0; i < nx_; ++i) {
        const double x = static_cast<double>(i) / height, y = static_cast<double>(j) / height;
        start.u[j * nx_ + i] = inlet_[j];
        start.v[j * nx_ + i] = static_cast<float>(0.01 * std::sin(6 * x + 3 * y + 6 * random(9)));
      }
  }

  const Ranks& ranks_;
  std::uint64_t seed_;
  int threads_;
  std::size_t nx_, ny_, members_, steps_;
  std::vector<float> inlet_;
  std::array<Kind, 2> kinds_;
  Buffer<float> final_;
  std::vector<Lattice> solvers_;
};

double lattice_memory(const Settings& settings, const Placement&) {
  const auto cells =
      static_cast<double>(lattice_count(settings, "nx", 4, 16384) * lattice_count(settings, "ny", 4, 16384));
  lattice_count(settings, "steps", 1, 100000);
  return (12 * static_cast<double>(lattice_count(settings, "members", 1, 1 << 20)) + 150) * cells;
}

}  // namespace

KernelEntry lattice_boltzmann() {
  KernelEntry entry;
  entry.name = "lattice/boltzmann";
  entry.summary = "D2Q9 lattice Boltzmann flow around bodies in a duct, fp32: members side by side, steps in cache";
  entry.parameters = {{"nx", "96", "cells along the duct"},
                      {"ny", "48", "cells across"},
                      {"members", "4", "independent flows of each rank"},
                      {"steps", "240", "steps of each member"}};
  entry.memory = lattice_memory;
  entry.make = [](const Settings& settings, const KernelContext& context) -> std::unique_ptr<Kernel> {
    return std::make_unique<BoltzmannKernel>(settings, context);
  };
  return entry;
}

}  // namespace tandem::kernels
