// Discrete adjoint. F(theta, p) = A(k(theta), p) theta - b(p) = 0, objective J(theta):
//   (A + N)^T lambda = dJ/dtheta,  dJ/dp = -lambda . dF/dp,  N = dA/dk dk/dtheta theta (silicon only).
// Solved by passes over the symmetric A with N^T lagged; N is small against A. An element's lambda . K theta comes from
// sums and differences over its 8 nodes, in which the box's stiffness is diagonal.
#include <algorithm>
#include <cmath>

#include "pipelines/heat/solver.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t most_passes = 30;
constexpr double tolerance = 1e-3;  // of the adjoint's residual

// Sums (bit 0) and differences (bit 1) in x, y, z of 8 nodal values.
inline void modes(const double* v, std::size_t ny, std::size_t nz, double* m) {
  double a[8] = {v[0], v[1], v[ny], v[ny + 1], v[nz], v[nz + 1], v[nz + ny], v[nz + ny + 1]};
  for (const int bit : {1, 2, 4})
    for (int i = 0; i < 8; ++i)
      if ((i & bit) == 0) {
        const double low = a[i], high = a[i | bit];
        a[i] = low + high;
        a[i | bit] = high - low;
      }
  std::copy(a, a + 8, m);
}

// Weights of the products of modes in the integrals of the gradients along the plane and across it.
struct Weights {
  double along[8], across[8];
  Weights(double dx, double dy, double dz) {
    for (int m = 0; m < 8; ++m) {
      const double x = m & 1 ? 1.0 / 12 : 0.25, y = m & 2 ? 1.0 / 12 : 0.25, z = m & 4 ? 1.0 / 12 : 0.25;
      along[m] = dx * dy * dz * z * ((m & 1 ? y / (dx * dx) : 0) + (m & 2 ? x / (dy * dy) : 0));
      across[m] = m & 4 ? dx * dy / dz * x * y : 0;
    }
  }
};

}  // namespace

template <typename T>
void BasicHeatSolver<T>::element_products(std::size_t layer) {
  const HeatMesh& mesh = assembly_.mesh();
  const Weights weights(assembly_.dx(), assembly_.dy(), assembly_.dz(layer));
  const std::size_t ny = mesh.nx + 1, nz = mesh.plane();
  for (std::size_t j = 0; j < mesh.ny; ++j) {
    const double* t = nodes_.data() + layer * nz + j * ny;
    const double* l = adjoint_nodes_.data() + layer * nz + j * ny;
    double *along = along_.data() + j * mesh.nx, *across = across_.data() + j * mesh.nx;
#pragma omp simd
    for (std::size_t i = 0; i < mesh.nx; ++i) {
      double a[8], b[8], in = 0, out = 0;
      modes(t + i, ny, nz, a);
      modes(l + i, ny, nz, b);
      for (int m = 0; m < 8; ++m) {
        in += weights.along[m] * a[m] * b[m];
        out += weights.across[m] * a[m] * b[m];
      }
      along[i] = in;
      across[i] = out;
    }
  }
}

template <typename T>
void BasicHeatSolver<T>::feedback(T* to) {
  const kernels::Grid27& grid = assembly_.grid();
  const HeatMesh& mesh = assembly_.mesh();
  const std::size_t ny = mesh.nx + 1, nz = mesh.plane();
  for (std::size_t e = assembly_.chip_layer(); e < mesh.nz; ++e) {
    element_products(e);
    for (const Covered& c : assembly_.covered()) {
      const std::size_t element = c.j * mesh.nx + c.i;
      double m[8];
      modes(nodes_.data() + e * nz + c.j * ny + c.i, ny, nz, m);
      const double theta = m[0] / 8;
      const double value =
          c.fraction() * silicon_slope(theta, silicon(theta)) / 8 * (along_[element] + across_[element]);
      const auto j = static_cast<std::ptrdiff_t>(c.j), k = static_cast<std::ptrdiff_t>(e);
      for (const std::size_t at : {grid.at(c.i, j, k), grid.at(c.i + 1, j, k)})
        for (const std::size_t node : {at, at + grid.stride(), at + grid.plane(), at + grid.plane() + grid.stride()})
          to[node] += value;
    }
  }
}

template <typename T>
std::array<double, 12> BasicHeatSolver<T>::gradient(std::span<const double> seeds) {
  scatter(seeds, seeds_.data());
  std::fill(adjoint_.begin(), adjoint_.end(), 0.0);
  std::fill(image_.begin(), image_.end(), 0.0);
  double norm = renew(seeds_);
  const double target = tolerance * norm;
  iterations_ = passes_ = 0;
  while (norm > target && passes_ < most_passes) {
    correct(std::max(0.1 * norm, 0.5 * target), adjoint_);
    gather(adjoint_.data(), adjoint_nodes_);
    kernels::apply(matrix_, adjoint_.data(), image_.data(), false);
    feedback(image_.data());
    norm = renew(seeds_);
  }
  check(norm <= target, "heat: adjoint residual {:.3g} of {:.3g} after {} passes", norm, target, passes_);
  return contract();
}

// -lambda . dF/dp in the units of heat_parameters.
template <typename T>
std::array<double, 12> BasicHeatSolver<T>::contract() {
  const HeatMesh& mesh = assembly_.mesh();
  const std::size_t ny = mesh.nx + 1, nz = mesh.plane();
  const auto copper = static_cast<double>(assembly_.copper_layers());
  const auto board = static_cast<double>(assembly_.chip_layer()) - copper;
  std::array<double, 12> g = {};
  for (std::size_t e = 0; e < mesh.nz; ++e) {
    element_products(e);
    if (e < assembly_.chip_layer()) {
      double along = 0, across = 0;
      for (std::size_t i = 0; i < along_.size(); ++i) along += along_[i], across += across_[i];
      const bool is_copper = e < assembly_.copper_layers();
      const double stretch = (along - across) / assembly_.dz(e);  // d/d dz of lambda . K theta
      g[9] -= 1e-3 * stretch * (is_copper ? heat_copper / copper : -assembly_.board() / board);
      if (!is_copper) g[11] -= along + across;
      continue;
    }
    for (const Covered& c : assembly_.covered()) {
      const std::size_t element = c.j * mesh.nx + c.i, node = e * nz + c.j * ny + c.i;
      double t[8], l[8];
      modes(nodes_.data() + node, ny, nz, t);
      modes(adjoint_nodes_.data() + node, ny, nz, l);
      const double excess = (silicon(t[0] / 8) - heat_mould) * (along_[element] + across_[element]);
      for (std::size_t m = 0; m < 3; ++m) {
        const double volume = heat_chip_side[m] * heat_chip_side[m] * heat_chip_layer;
        const double heated = l[0] / 8 * assembly_.dx() * assembly_.dy() * assembly_.dz(e) / volume;
        g[2 * m] += 1e-3 * c.slope_x[m] * (assembly_.power(m) * heated - excess);
        g[2 * m + 1] += 1e-3 * c.slope_y[m] * (assembly_.power(m) * heated - excess);
        g[6 + m] += c.part[m] * heated;
      }
    }
  }
  for (std::size_t j = 0; j < mesh.ny; ++j)
    for (std::size_t i = 0; i < mesh.nx; ++i) {
      double t[8], l[8];  // nz = 0: both planes are the face, so that sums count twice
      modes(nodes_.data() + j * ny + i, ny, 0, t);
      modes(adjoint_nodes_.data() + j * ny + i, ny, 0, l);
      for (int m = 0; m < 4; ++m)
        g[10] -=
            assembly_.dx() * assembly_.dy() * (m & 1 ? 1.0 / 12 : 0.25) * (m & 2 ? 1.0 / 12 : 0.25) * t[m] * l[m] / 4;
    }
  return g;
}

template std::array<double, 12> BasicHeatSolver<double>::gradient(std::span<const double>);

}  // namespace tandem::pipelines
