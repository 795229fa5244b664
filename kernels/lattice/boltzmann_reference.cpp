#include "kernels/lattice/boltzmann_reference.hpp"

#include <cmath>

namespace tandem::kernels {
namespace {

constexpr std::size_t q = 9;
constexpr std::array<std::ptrdiff_t, q> ex = {0, 1, 0, -1, 0, 1, -1, -1, 1}, ey = {0, 0, 1, 0, -1, 1, 1, -1, -1};
constexpr std::array<std::size_t, q> opposite = {0, 3, 4, 1, 2, 7, 8, 5, 6};
constexpr std::array<double, q> weight = {4. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 9, 1. / 36, 1. / 36, 1. / 36, 1. / 36};
using Cell = std::array<double, q>;

struct Moments {
  double r = 0, u = 0, v = 0;
  explicit Moments(const Cell& f) {
    for (std::size_t i = 0; i < q; ++i) {
      r += f[i];
      u += f[i] * static_cast<double>(ex[i]);
      v += f[i] * static_cast<double>(ey[i]);
    }
  }
  Moments(double density, double along, double across) : r(density), u(along), v(across) {}
  double equilibrium(std::size_t i) const {
    const double c = static_cast<double>(ex[i]) * u + static_cast<double>(ey[i]) * v;
    return weight[i] * (r + 3 * c + 4.5 * c * c - 1.5 * (u * u + v * v));
  }
};

Cell collided(const Cell& f, double even_rate, double odd_rate, double solid) {
  const Moments m(f);
  Cell result;
  for (std::size_t i = 0; i < q; ++i) {
    const std::size_t back = opposite[i];
    const double n = f[i] - m.equilibrium(i), n_back = f[back] - m.equilibrium(back);
    const double fluid = even_rate * (n + n_back) / 2 + odd_rate * (n - n_back) / 2;
    const double at_rest = f[back] - f[i] + weight[i] * m.r - m.equilibrium(back);
    result[i] = f[i] - (1 - solid) * fluid + solid * at_rest;
  }
  return result;
}

}  // namespace

std::vector<double> lattice_reference(std::size_t nx, std::size_t ny, const LatticePhysics& physics,
                                      std::span<const float> inlet, std::span<const float> solid,
                                      const LatticeFields& start, std::size_t steps) {
  const double half = 3 * physics.viscosity, even = 1 / (half + 0.5), odd = 1 / (physics.magic / half + 0.5);
  const auto columns = static_cast<std::ptrdiff_t>(nx), rows = static_cast<std::ptrdiff_t>(ny);
  const auto at = [&](std::ptrdiff_t i, std::ptrdiff_t j) { return static_cast<std::size_t>(j * columns + i); };
  double inflow = 0;
  for (const float u : inlet) inflow += static_cast<double>(u) / static_cast<double>(ny);
  std::vector<Cell> after(nx * ny), before(nx * ny);
  const auto stream = [&] {
    double outflow = 0;
    for (std::ptrdiff_t j = 0; j < rows; ++j) outflow += Moments(after[at(columns - 1, j)]).u / static_cast<double>(ny);
    const double pressure = std::sqrt(3.0) * (outflow - inflow);
    for (std::ptrdiff_t j = 0; j < rows; ++j)
      for (std::ptrdiff_t i = 0; i < columns; ++i) {
        const Cell& f = after[at(i, j)];
        Cell& own = before[at(i, j)];
        for (std::size_t d = 0; d < q; ++d) {
          const std::ptrdiff_t x = i + ex[d], y = j + ey[d];
          if (x < 0) {
            own[opposite[d]] = f[d] + 6 * weight[d] * static_cast<double>(inlet[static_cast<std::size_t>(j)]);
          } else if (y < 0 || y >= rows) {
            own[opposite[d]] = f[d];
          } else if (x >= columns) {
            const Moments here(f), outside(pressure, here.u, here.v);
            own[opposite[d]] = outside.equilibrium(d) + outside.equilibrium(opposite[d]) - f[d];
          } else {
            before[at(x, y)][d] = f[d];
          }
        }
      }
  };
  for (std::size_t n = 0; n < nx * ny; ++n) {
    const Moments m(static_cast<double>(start.r[n]), static_cast<double>(start.u[n]), static_cast<double>(start.v[n]));
    for (std::size_t d = 0; d < q; ++d) after[n][d] = m.equilibrium(d);
  }
  for (std::size_t step = 0; step < steps; ++step) {
    stream();
    for (std::size_t n = 0; n < nx * ny; ++n) after[n] = collided(before[n], even, odd, static_cast<double>(solid[n]));
  }
  stream();
  std::vector<double> observed;
  for (std::size_t n = 0; n < nx * ny; ++n) {
    const Moments m(before[n]);
    const double middle = 1 - static_cast<double>(solid[n]) / 2;
    observed.insert(observed.end(), {m.r, middle * m.u, middle * m.v});
  }
  return observed;
}

}  // namespace tandem::kernels
