// Matrix entry of two nodes: sum over their common elements of k_e kappa(|dx|, |dy|, |dz|), which on a box depends only
// on the directions in which they differ. The Robin faces are element layers outside the box with a face mass matrix.
#include "pipelines/heat/assembly.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::pipelines {
namespace {

using kernels::lanes;
using kernels::load;
using kernels::Pack;
using kernels::store;

// kappa[dz][dy][dx] of an element of conductivity 1.
using Kappa = std::array<std::array<std::array<double, 2>, 2>, 2>;

Kappa element(double dx, double dy, double dz) {
  const auto mass = [](double h, int apart) { return apart == 0 ? h / 3 : h / 6; };
  const auto stiffness = [](double h, int apart) { return apart == 0 ? 1 / h : -1 / h; };
  Kappa kappa;
  for (int z = 0; z < 2; ++z)
    for (int y = 0; y < 2; ++y)
      for (int x = 0; x < 2; ++x)
        kappa[z][y][x] = stiffness(dx, x) * mass(dy, y) * mass(dz, z) + mass(dx, x) * stiffness(dy, y) * mass(dz, z) +
                         mass(dx, x) * mass(dy, y) * stiffness(dz, z);
  return kappa;
}

Kappa face(double dx, double dy) {
  Kappa kappa = {};
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 2; ++x) kappa[0][y][x] = dx / (x == 0 ? 3 : 6) * dy / (y == 0 ? 3 : 6);
  return kappa;
}

// Conductivities summed over the elements of a layer that a node shares with each of its 9 neighbours.
template <typename T>
inline void sums(const T* k, std::ptrdiff_t left, std::size_t stride, Pack<T>* sum) {
  const Pack<T> right_back = load(k), left_back = load(k + left);
  const Pack<T> right_front = load(k - stride), left_front = load(k - stride + left);
  sum[0] = left_front;
  sum[1] = left_front + right_front;
  sum[2] = right_front;
  sum[3] = left_front + left_back;
  sum[5] = right_front + right_back;
  sum[4] = sum[3] + sum[5];
  sum[6] = left_back;
  sum[7] = left_back + right_back;
  sum[8] = right_back;
}

// Overlap of [centre - half, centre + half] with [low, high], and its slope in the centre.
double overlap(double centre, double half, double low, double high, double& slope) {
  const double begin = std::max(centre - half, low), end = std::min(centre + half, high);
  slope = 0;
  if (end <= begin) return 0;
  slope = (centre + half < high ? 1.0 : 0.0) - (centre - half > low ? 1.0 : 0.0);
  return end - begin;
}

}  // namespace

template <typename T>
T silicon(T theta) {
  return T(silicon_factor) * std::pow((theta + T(heat_ambient)) / T(silicon_reference), T(silicon_exponent));
}
template <typename T>
T silicon_slope(T theta, T k) {
  return T(silicon_exponent) * k / (theta + T(heat_ambient));
}
template double silicon(double);
template double silicon_slope(double, double);
template float silicon(float);
template float silicon_slope(float, float);

template <typename T>
BasicHeatAssembly<T>::BasicHeatAssembly(const HeatMesh& mesh)
    : mesh_(mesh), grid_{mesh.nx + 1, mesh.ny + 1, mesh.nz + 1}, dz_(mesh.nz), conductivity_(grid_.size()) {
  check_usage(mesh.nz % 4 == 0 && mesh.nz > 0 && mesh.nx > 0 && mesh.ny > 0,
              "heat: a mesh of {} x {} x {} cells; the layers want a multiple of 4 in z", mesh.nx, mesh.ny, mesh.nz);
}

template <typename T>
void BasicHeatAssembly<T>::set(std::span<const double> p) {
  check(p.size() == heat_parameters.size(), "heat: {} parameters, expected {}", p.size(), heat_parameters.size());
  const double copper = 1e-3 * p[9];
  const std::size_t n = copper_layers();
  for (std::size_t e = 0; e < mesh_.nz; ++e)
    dz_[e] = e < n              ? copper / static_cast<double>(n)
             : e < chip_layer() ? (heat_board_top - copper) / static_cast<double>(chip_layer() - n)
                                : heat_chip_layer / static_cast<double>(n);
  power_ = {p[6], p[7], p[8]};
  bottom_ = p[10];
  board_ = p[11];
  cover(p);
  fill_layer(-1, static_cast<T>(bottom_));
  for (std::size_t e = 0; e < mesh_.nz; ++e)
    fill_layer(static_cast<std::ptrdiff_t>(e), static_cast<T>(conductivity(e)));
  fill_layer(static_cast<std::ptrdiff_t>(mesh_.nz), heat_top);
}

template <typename T>
void BasicHeatAssembly<T>::fill_layer(std::ptrdiff_t layer, T value) {
  for (std::size_t j = 0; j < mesh_.ny; ++j) {
    T* row = conductivity_.data() + grid_.row(static_cast<std::ptrdiff_t>(j), layer);
    std::fill_n(row, (mesh_.nx + 1) / 2, value);
    std::fill_n(row + grid_.odd_start(), mesh_.nx / 2, value);
  }
}

template <typename T>
void BasicHeatAssembly<T>::cover(std::span<const double> p) {
  covered_.clear();
  for (std::size_t j = 0; j < mesh_.ny; ++j)
    for (std::size_t i = 0; i < mesh_.nx; ++i) {
      Covered element{i, j, {}, {}, {}};
      for (std::size_t m = 0; m < 3; ++m) {
        const double half = heat_chip_side[m] / 2, low_x = dx() * static_cast<double>(i),
                     low_y = dy() * static_cast<double>(j);
        double slope_x, slope_y;
        const double x = overlap(1e-3 * p[2 * m], half, low_x, low_x + dx(), slope_x);
        const double y = overlap(1e-3 * p[2 * m + 1], half, low_y, low_y + dy(), slope_y);
        const double area = dx() * dy();
        element.part[m] = x * y / area;
        element.slope_x[m] = slope_x * y / area;
        element.slope_y[m] = x * slope_y / area;
      }
      if (element.fraction() > 0) covered_.push_back(element);
    }
}

template <typename T>
void BasicHeatAssembly<T>::conduct(T theta) {
  const T k = silicon(theta);
  for (std::size_t e = chip_layer(); e < mesh_.nz; ++e)
    for (const Covered& c : covered_)
      conductivity_[grid_.at(c.i, static_cast<std::ptrdiff_t>(c.j), static_cast<std::ptrdiff_t>(e))] =
          T(heat_mould) + static_cast<T>(c.fraction()) * (k - T(heat_mould));
}

template <typename T>
void BasicHeatAssembly<T>::conduct(const T* theta) {
  const std::size_t stride = grid_.stride(), plane = grid_.plane();
  for (std::size_t e = chip_layer(); e < mesh_.nz; ++e)
    for (const Covered& c : covered_) {
      const auto j = static_cast<std::ptrdiff_t>(c.j), k = static_cast<std::ptrdiff_t>(e);
      T sum = 0;
      for (const std::size_t at : {grid_.at(c.i, j, k), grid_.at(c.i + 1, j, k)})
        sum += theta[at] + theta[at + stride] + theta[at + plane] + theta[at + plane + stride];
      conductivity_[grid_.at(c.i, j, k)] =
          T(heat_mould) + static_cast<T>(c.fraction()) * (silicon(sum / T(8)) - T(heat_mould));
    }
}

template <typename T>
void BasicHeatAssembly<T>::assemble(std::size_t first, kernels::Stencil27<T>& matrix) const {
  const auto kappa = [&](std::size_t k) {  // of the element layer below node plane k
    return k == 0 || k > mesh_.nz ? face(dx(), dy()) : element(dx(), dy(), dz_[k - 1]);
  };
  for (std::size_t k = first; k <= mesh_.nz; ++k) {
    const Kappa below = kappa(k), above = kappa(k + 1);
    for (std::size_t j = 0; j <= mesh_.ny; ++j)
      for (int half = 0; half < 2; ++half)
        for (std::size_t c = 0; c < grid_.chunks(half); ++c) {
          const T* k_above = conductivity_.data() +
                             grid_.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k)) +
                             grid_.half_start(half) + c * lanes;
          Pack<T> under[9], over[9];
          sums(k_above - grid_.plane(), grid_.left(half), grid_.stride(), under);
          sums(k_above, grid_.left(half), grid_.stride(), over);
          T* a = matrix.chunk(j, k, half, c);
          for (std::size_t d = 0; d < 9; ++d) {
            const std::size_t y = d / 3 != 1, x = d % 3 != 1;
            const T outer = T(below[1][y][x]), lower = T(below[0][y][x]), upper = T(above[0][y][x]);
            store<T>(a + d * lanes, under[d] * outer);
            store<T>(a + (9 + d) * lanes, under[d] * lower + over[d] * upper);
            store<T>(a + (18 + d) * lanes, over[d] * T(above[1][y][x]));
          }
        }
  }
}

template <typename T>
double BasicHeatAssembly<T>::watts(const Covered& element, std::size_t layer) const {
  double sum = 0;
  for (std::size_t m = 0; m < 3; ++m)
    sum += power_[m] * element.part[m] * dx() * dy() * dz_[layer] /
           (heat_chip_side[m] * heat_chip_side[m] * heat_chip_layer);
  return sum;
}

template <typename T>
void BasicHeatAssembly<T>::load(T* b) const {
  std::fill_n(b, grid_.size(), T(0));
  const std::size_t stride = grid_.stride(), plane = grid_.plane();
  for (std::size_t e = chip_layer(); e < mesh_.nz; ++e)
    for (const Covered& c : covered_) {
      const double heat = watts(c, e);
      const auto j = static_cast<std::ptrdiff_t>(c.j), k = static_cast<std::ptrdiff_t>(e);
      for (const std::size_t at : {grid_.at(c.i, j, k), grid_.at(c.i + 1, j, k)})
        for (const std::size_t node : {at, at + stride, at + plane, at + plane + stride})
          b[node] += static_cast<T>(heat / 8);
    }
}

template class BasicHeatAssembly<double>;
template class BasicHeatAssembly<float>;

}  // namespace tandem::pipelines
