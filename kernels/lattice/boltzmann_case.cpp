#include "kernels/lattice/boltzmann_case.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
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

void worse(double& worst, double value) {
  if (!(value <= worst)) worst = std::isnan(value) ? INFINITY : value;
}

}  // namespace

BoltzmannSize boltzmann_size(const Settings& settings) {
  return {lattice_count(settings, "nx", 4, 16384), lattice_count(settings, "ny", 4, 16384),
          lattice_count(settings, "members", 1, 1 << 20), lattice_count(settings, "steps", 1, 100000)};
}

BoltzmannCase::BoltzmannCase(const Settings& settings, const KernelContext& context)
    : ranks_(context.ranks), seed_(context.seed), size_(boltzmann_size(settings)) {
  for (std::size_t j = 0; j < size_.ny; ++j) {
    const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(size_.ny);
    inlet_.push_back(static_cast<float>(6 * inlet_speed * y * (1 - y)));
  }
}

// Re = 40 with a fifth of the height for a length.
LatticePhysics BoltzmannCase::physics() const { return {inlet_speed * 0.2 * static_cast<double>(size_.ny) / 40}; }

void BoltzmannCase::prepare(Data data) {
  const std::uint64_t stream = static_cast<std::uint64_t>(ranks_.rank()) + (data == Data::exact ? 1000000 : 0);
  for (std::size_t kind = 0; kind < kinds_.size(); ++kind) fill(kinds_[kind], 2 * stream + kind);
}

void BoltzmannCase::fill(Kind& kind, std::uint64_t stream) const {
  const std::size_t nx = size_.nx, ny = size_.ny;
  const auto random = [&](std::uint64_t n) { return random_uniform(seed_, stream, n); };
  const auto height = static_cast<double>(ny);
  std::vector<float> coverage(nx * ny, 0.0f);
  for (std::uint64_t body = 0; body < 2; ++body)
    add_coverage({(0.55 + 0.45 * static_cast<double>(body)) * height, (0.5 - 0.1 * static_cast<double>(body)) * height,
                  (0.1 + 0.08 * random(4 * body)) * height, 0.05 * height, random(4 * body + 1) - 0.5},
                 nx, ny, coverage);
  kind.solid.clear();
  for (const float covered : coverage)
    kind.solid.push_back(static_cast<float>(solid_factor(static_cast<double>(covered), physics().viscosity)));
  LatticeFields& start = kind.start;
  start = {std::vector<float>(nx * ny, 0.0f), std::vector<float>(nx * ny), std::vector<float>(nx * ny)};
  for (std::size_t j = 0; j < ny; ++j)
    for (std::size_t i = 0; i < nx; ++i) {
      const double x = static_cast<double>(i) / height, y = static_cast<double>(j) / height;
      start.u[j * nx + i] = inlet_[j];
      start.v[j * nx + i] = static_cast<float>(0.01 * std::sin(6 * x + 3 * y + 6 * random(9)));
    }
}

// Each step rounds the populations, whose size is that of the velocity; roundings add up in the mean square, as the
// scheme does not amplify them. 32 is the margin for nine of them a cell and for their spread.
std::vector<Verdict> BoltzmannCase::judge(const Buffer<float>& final) const {
  const std::size_t cells = size_.cells(), values = 3 * cells;
  const double bound = 32 * 0x1p-24 * std::sqrt(static_cast<double>(size_.steps));
  double worst = 0, apart = 0;
  for (std::size_t m = 0; m < std::min<std::size_t>(2, size_.members); ++m) {
    const auto right =
        lattice_reference(size_.nx, size_.ny, physics(), inlet_, kinds_[m].solid, kinds_[m].start, size_.steps);
    double most = 0, scale = 0;
    for (std::size_t n = 0; n < cells; ++n)
      for (std::size_t field = 0; field < 3; ++field) {
        const double value = right[3 * n + field];
        worse(most, std::abs(static_cast<double>(final[m * values + field * cells + n]) - value));
        if (field > 0) scale = std::max(scale, std::abs(value));
      }
    worse(worst, most / scale / bound);
  }
  for (std::size_t m = 2; m < size_.members; ++m)
    for (std::size_t n = 0; n < values; ++n)
      worse(apart,
            std::abs(static_cast<double>(final[m * values + n]) - static_cast<double>(final[m % 2 * values + n])));
  return {{"velocity and pressure, error over rounding bound", ranks_.max(worst), 1},
          {"members of the same start, difference", ranks_.max(apart), 0}};
}

Facts BoltzmannCase::facts(std::size_t together) const {
  const std::size_t cells = size_.cells() * size_.members, passes = (size_.steps + together - 1) / together;
  Facts facts;
  facts.flops = lattice_flops * static_cast<double>(cells * size_.steps);
  facts.bytes = 76 * static_cast<double>(cells * passes);
  facts.notes = {{"lattice", fmt::format("{} x {}", size_.nx, size_.ny)},
                 {"lattice updates a run", fmt::format("{}", cells * size_.steps)}};
  return facts;
}

KernelEntry boltzmann_entry(const std::string& summary, const BoltzmannSize& size) {
  KernelEntry entry;
  entry.name = "lattice/boltzmann";
  entry.summary = "D2Q9 lattice Boltzmann flow around bodies in a duct, fp32: " + summary;
  entry.parameters = {{"nx", std::to_string(size.nx), "cells along the duct"},
                      {"ny", std::to_string(size.ny), "cells across"},
                      {"members", std::to_string(size.members), "independent flows of each rank"},
                      {"steps", std::to_string(size.steps), "steps of each member"}};
  return entry;
}

}  // namespace tandem::kernels
