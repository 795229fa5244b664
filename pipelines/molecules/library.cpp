#include "pipelines/molecules/library.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

// Spacing about 0.9, two decimals, no symmetry: no two permutations are the same molecule. Ring, branched chain, star,
// sheet.
constexpr std::array<std::array<std::array<double, 3>, molecule_sites>, molecule_scaffolds> scaffolds = {{
    {{{1.46, -0.01, 0.16},
      {1.17, 0.86, -0.15},
      {0.44, 1.39, 0.13},
      {-0.45, 1.37, -0.16},
      {-1.17, 0.87, 0.14},
      {-1.46, 0.01, -0.13},
      {-1.17, -0.86, 0.17},
      {-0.46, -1.37, -0.16},
      {0.44, -1.4, 0.14},
      {1.2, -0.87, -0.14}}},
    {{{-1.94, 0.22, 0},
      {-1.19, -0.24, -0.01},
      {-0.38, 0.22, -0.01},
      {0.39, -0.22, -0.01},
      {1.18, 0.23, -0.01},
      {1.95, -0.22, 0.02},
      {-1.16, -1.11, 0.02},
      {-0.41, 1.1, 0.01},
      {0.38, -1.1, -0.02},
      {1.18, 1.11, 0}}},
    {{{0.01, 0, 0.01},
      {0.85, 0.01, 0},
      {1.71, 0.02, 0},
      {2.56, -0.01, 0.01},
      {-0.42, 0.76, 0.01},
      {-0.86, 1.47, 0},
      {-1.29, 2.21, -0.02},
      {-0.44, -0.75, 0.01},
      {-0.87, -1.48, -0.01},
      {-1.26, -2.22, 0}}},
    {{{-1.8, -0.43, 0.01},
      {-0.89, -0.46, -0.01},
      {-0.01, -0.43, 0.01},
      {0.89, -0.46, -0.02},
      {1.79, -0.45, 0},
      {-1.81, 0.43, -0.01},
      {-0.9, 0.45, 0.01},
      {0.01, 0.45, 0},
      {0.91, 0.43, 0.01},
      {1.81, 0.47, 0.01}}},
}};

std::size_t arrangements(const std::array<std::size_t, molecule_kinds>& left) {
  std::size_t count = 1, placed = 0;
  for (const std::size_t n : left)
    for (std::size_t i = 1; i <= n; ++i) count = count * ++placed / i;
  return count;
}

std::array<std::size_t, molecule_kinds> histogram(std::span<const std::size_t> kinds) {
  std::array<std::size_t, molecule_kinds> counts = {};
  for (const std::size_t kind : kinds) ++counts.at(kind);
  return counts;
}

}  // namespace

Molecule isomer(std::size_t number) {
  check(number < molecule_isomers, "molecules: isomer {} of {}", number, molecule_isomers);
  Molecule molecule{number / molecule_permutations, {}};
  std::size_t rest = number % molecule_permutations;
  auto left = histogram(composition);
  for (std::size_t& kind : molecule.kinds)
    for (kind = 0;; ++kind) {
      if (left[kind] == 0) continue;
      --left[kind];
      const std::size_t beginning = arrangements(left);  // of those that begin with this kind
      if (rest < beginning) break;
      rest -= beginning;
      ++left[kind];
    }
  return molecule;
}

bool is_isomer(const Molecule& molecule) {
  const auto known = [](std::size_t kind) { return kind < molecule_kinds; };
  return molecule.scaffold < molecule_scaffolds && std::all_of(molecule.kinds.begin(), molecule.kinds.end(), known) &&
         histogram(molecule.kinds) == histogram(composition);
}

const std::array<std::array<double, 3>, molecule_sites>& scaffold(std::size_t which) { return scaffolds.at(which); }

double inertia(std::size_t which) {
  double sum = 0;
  for (const auto& site : scaffold(which))
    for (const double coordinate : site) sum += coordinate * coordinate;
  return 2 * sum / 3;
}

std::vector<std::size_t> draw_library(std::size_t count, std::uint64_t seed) {
  check(count <= molecule_isomers, "molecules: a library of {}, there are {} isomers", count, molecule_isomers);
  std::vector<std::size_t> numbers(molecule_isomers);
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  for (std::size_t i = 0; i < count; ++i)
    std::swap(numbers[i], numbers[i + random_bits(seed, 1, i) % (molecule_isomers - i)]);
  numbers.resize(count);
  return numbers;
}

std::vector<kernels::Site> receptor(std::size_t shells, std::uint64_t seed) {
  constexpr double golden = 2.399963229728653;  // pi (3 - sqrt 5): Fibonacci's directions on a sphere
  std::vector<kernels::Site> sites;
  for (std::size_t shell = 0; shell < shells; ++shell) {
    const double out = 1.1 * static_cast<double>(shell), wider = (3.3 + out) / 3.3;
    const auto directions = static_cast<std::size_t>(150 * wider * wider);
    for (std::size_t i = 0; i < directions; ++i) {
      const double up = 1 - (2 * static_cast<double>(i) + 1) / static_cast<double>(directions);
      if (up > 0.75) continue;  // the opening
      const double across = std::sqrt(1 - up * up), angle = golden * static_cast<double>(i);
      const std::uint64_t at = shell << 20 | i;
      const auto u = [&](std::uint64_t stream) { return random_uniform(seed, stream, at); };
      const double r = 3.3 + out + 0.5 * std::sin(3 * angle) * across + 0.5 * std::cos(2 * angle + 1) * across * up +
                       0.3 * (u(2) - 0.5);
      kernels::SiteKind kind{1.0 + 0.3 * (u(3) - 0.5), 0.4, 0};
      if (const double charge = u(4); charge < 0.4)
        kind.charge = charge < 0.2 ? 1 : -1;
      else
        kind.epsilon = u(5) < 0.3 ? 1.2 : 0.3;
      sites.push_back({1.25 * r * across * std::cos(angle), r * across * std::sin(angle), 0.95 * r * up, kind});
    }
  }
  return sites;
}

}  // namespace tandem::pipelines
