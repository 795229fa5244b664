// Trilinear interpolation of nodal fields between two meshes of the module, in the cells' logical coordinates (both
// meshes conform to the layers), and its transpose.
#pragma once

#include <span>
#include <vector>

#include "pipelines/heat/size.hpp"

namespace tandem::pipelines {

class Interpolation {
 public:
  Interpolation(const HeatMesh& from, const HeatMesh& to);
  // `to`: the planes from `bottom` on.
  void apply(std::span<const double> from, std::span<float> to, std::size_t bottom = 0) const;
  void transpose(std::span<const float> to, std::span<double> from) const;

 private:
  struct Axis {
    std::size_t from = 0;  // nodes
    std::vector<std::size_t> low;
    std::vector<double> weight;  // of low + 1
    Axis(std::size_t cells_from, std::size_t cells_to);
    std::size_t to() const { return low.size(); }
    std::size_t high(std::size_t i) const { return low[i] + 1 < from ? low[i] + 1 : low[i]; }
  };
  Axis x_, y_, z_;
};

}  // namespace tandem::pipelines
