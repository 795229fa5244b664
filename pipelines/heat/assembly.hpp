// The module on a mesh: conductivities of the elements, Q1 stiffness with Robin faces, and the load.
// -div(k grad theta) = q, k d theta/dn = -h theta below and above, sides insulated; theta in K above 25 C; SI inside.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "kernels/sparse/stencil27.hpp"
#include "pipelines/heat/size.hpp"

namespace tandem::pipelines {

inline constexpr double heat_side = 0.04, heat_board_top = 0.003, heat_chip_layer = 0.001;  // m
inline constexpr double heat_copper = 390, heat_mould = 3;                                  // W/mK
inline constexpr double heat_top = 10;                                                      // W/m2K
inline constexpr double heat_ambient = 298.15;                                              // K
// Silicon: k(T) = 148 (T / 300 K)^-1.3 W/mK
inline constexpr double silicon_factor = 148, silicon_reference = 300, silicon_exponent = -1.3;
inline constexpr std::array<double, 3> heat_chip_side = {0.012, 0.008, 0.008};  // m

// Of silicon, and its derivative.
template <typename T>
T silicon(T theta);
template <typename T>
T silicon_slope(T theta, T k);

// An element of the chip layer that chips cover in part: area fractions by chip.
struct Covered {
  std::size_t i, j;
  std::array<double, 3> part;
  std::array<double, 3> slope_x, slope_y;  // of part in the chip's position, 1/m
  double fraction() const { return part[0] + part[1] + part[2]; }
};

// T: of conductivities, matrix and load, fp64 or fp32; geometry and parameters are fp64.
template <typename T>
class BasicHeatAssembly {
 public:
  explicit BasicHeatAssembly(const HeatMesh& mesh);

  void set(std::span<const double> parameters);  // the 12 of heat_parameters
  // Silicon at one temperature, or at each element's mean of theta; layout of kernels::Grid27.
  void conduct(T theta);
  void conduct(const T* theta);
  // Node planes from `first` up; the lower ones do not depend on theta.
  void assemble(std::size_t first, kernels::Stencil27<T>& matrix) const;
  void load(T* b) const;

  const HeatMesh& mesh() const { return mesh_; }
  const kernels::Grid27& grid() const { return grid_; }
  std::size_t copper_layers() const { return mesh_.nz / 4; }
  std::size_t chip_layer() const { return mesh_.nz - mesh_.nz / 4; }  // the first
  double dx() const { return heat_side / static_cast<double>(mesh_.nx); }
  double dy() const { return heat_side / static_cast<double>(mesh_.ny); }
  double dz(std::size_t layer) const { return dz_[layer]; }
  double board() const { return board_; }
  double bottom() const { return bottom_; }
  double power(std::size_t chip) const { return power_[chip]; }
  double total_power() const { return power_[0] + power_[1] + power_[2]; }
  double conductivity(std::size_t layer) const {  // without chips
    return layer < copper_layers() ? heat_copper : layer < chip_layer() ? board_ : heat_mould;
  }
  double watts(const Covered& element, std::size_t layer) const;  // of the chips in it
  // A first guess of the chips' temperature: the film below and a spreading resistance of 0.3 K/W.
  double guess() const { return total_power() * (1 / (bottom_ * heat_side * heat_side) + 0.3); }
  std::span<const Covered> covered() const { return covered_; }

 private:
  void cover(std::span<const double> parameters);
  void fill_layer(std::ptrdiff_t layer, T value);

  HeatMesh mesh_;
  kernels::Grid27 grid_;
  std::vector<double> dz_;
  double board_ = 0, bottom_ = 0;
  std::array<double, 3> power_ = {};
  std::vector<Covered> covered_;
  Buffer<T> conductivity_;  // of element (i, j, layer) at its lower node; layers -1 and nz hold the film coefficients
};
using HeatAssembly = BasicHeatAssembly<double>;

}  // namespace tandem::pipelines
