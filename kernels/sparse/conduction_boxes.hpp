// What conduction in many boxes (conduction.cu) is made of, at one node of one box: coefficients of the finite elements
// and the heat in them.
#pragma once

#include <cstddef>

#include "harness/device/gpu_code.hpp"
#include "kernels/sparse/batched_level.hpp"
#include "kernels/sparse/device_conduction.hpp"

namespace tandem::GPU_VENDOR {

// What device code sees of the boxes. Arrays are [...][case].
struct Boxes {
  BatchedGrid grid;  // of nodes
  unsigned active = 0;
  // Of an element of unit conductivity, by whether two nodes differ in x and y: conduction along the plane for a unit
  // of mass across it, and the mass along the plane.
  double along[2][2], mass[2][2];
  kernels::ConductionLaw law;
  const double *thickness, *conductivity, *below, *above, *guess, *fraction, *source;
  double *active_conductivity, *theta;  // of active elements; a vector of nodes

  constexpr std::size_t layers() const { return grid.nz - 1; }
  constexpr std::size_t columns() const { return static_cast<std::size_t>(grid.nx - 1) * (grid.ny - 1); }
  constexpr std::size_t active_elements() const { return columns() * (layers() - active); }
};

// Of the element between four columns of nodes; layers -1 and nz are the films, 0 outside.
GPU_FUNCTION double conductivity(const Boxes& boxes, int i, int j, int layer, std::size_t c) {
  const int nx = static_cast<int>(boxes.grid.nx) - 1, ny = static_cast<int>(boxes.grid.ny) - 1;
  if (i < 0 || i >= nx || j < 0 || j >= ny) return 0;
  if (layer < 0) return boxes.below[c];
  const auto l = static_cast<std::size_t>(layer);
  if (l >= boxes.layers()) return boxes.above[c];
  if (l < boxes.active) return boxes.conductivity[l * boxes.grid.cases + c];
  const std::size_t element = (l - boxes.active) * boxes.columns() + static_cast<std::size_t>(j * nx + i);
  return boxes.active_conductivity[element * boxes.grid.cases + c];
}

// Across a layer: mass and stiffness of two nodes on the same side of it and on both. A film is all stiffness.
struct Across {
  double mass[2], stiffness[2];
};
GPU_FUNCTION Across across(const Boxes& boxes, int layer, std::size_t c) {
  if (layer < 0 || layer >= static_cast<int>(boxes.layers())) return {{0, 0}, {1, 0}};
  const double h = boxes.thickness[static_cast<std::size_t>(layer) * boxes.grid.cases + c];
  return {{h / 3, h / 6}, {1 / h, -1 / h}};
}

// Conductivities of a layer summed over the elements that a node shares with each of its 9 neighbours there.
GPU_FUNCTION void sums(const Boxes& boxes, int i, int j, int layer, std::size_t c, double* sum) {
  const double left_front = conductivity(boxes, i - 1, j - 1, layer, c),
               right_front = conductivity(boxes, i, j - 1, layer, c),
               left_back = conductivity(boxes, i - 1, j, layer, c), right_back = conductivity(boxes, i, j, layer, c);
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

// body(d, coefficient) for the 27 of a node.
template <typename Body>
GPU_FUNCTION void each_coefficient(const Boxes& boxes, std::size_t node, std::size_t c, const Body& body) {
  const int i = static_cast<int>(node % boxes.grid.nx), j = static_cast<int>(node / boxes.grid.nx % boxes.grid.ny),
            k = static_cast<int>(node / boxes.grid.nx / boxes.grid.ny);
  const Across below = across(boxes, k - 1, c), above = across(boxes, k, c);
  double under[9], over[9];
  sums(boxes, i, j, k - 1, c, under);
  sums(boxes, i, j, k, c, over);
  GPU_UNROLL
  for (unsigned d = 0; d < 9; ++d) {
    const unsigned x = d % 3 != 1, y = d / 3 != 1;
    const double along = boxes.along[y][x], mass = boxes.mass[y][x];
    body(d, under[d] * (along * below.mass[1] + mass * below.stiffness[1]));
    body(9 + d, under[d] * (along * below.mass[0] + mass * below.stiffness[0]) +
                    over[d] * (along * above.mass[0] + mass * above.stiffness[0]));
    body(18 + d, over[d] * (along * above.mass[1] + mass * above.stiffness[1]));
  }
}

// A node's share of the heat in its elements.
GPU_FUNCTION double load(const Boxes& boxes, std::size_t node, std::size_t c) {
  const std::size_t i = node % boxes.grid.nx, j = node / boxes.grid.nx % boxes.grid.ny,
                    k = node / boxes.grid.nx / boxes.grid.ny;
  const double layers =
      (k > boxes.active && k <= boxes.layers() ? 1 : 0) + (k >= boxes.active && k < boxes.layers() ? 1 : 0);
  if (layers == 0) return 0;
  double watts = 0;
  for (std::size_t y = j == 0 ? 0 : j - 1; y <= j && y + 1 < boxes.grid.ny; ++y)
    for (std::size_t x = i == 0 ? 0 : i - 1; x <= i && x + 1 < boxes.grid.nx; ++x)
      watts += boxes.source[(y * (boxes.grid.nx - 1) + x) * boxes.grid.cases + c];
  return layers * watts / 8;
}

}  // namespace tandem::GPU_VENDOR
