// How much of each cell of a lattice a body covers, smooth in the body's shape.
#pragma once

#include <cstddef>
#include <span>

namespace tandem::kernels {

// In cells: cell (i, j) reaches from i to i + 1 along the duct and from j to j + 1 across.
struct Ellipse {
  double x = 0, y = 0;  // centre
  double a = 0, b = 0;  // half axes
  double angle = 0;     // rad, of `a` against the duct, counter-clockwise
};

// Adds the covered share of each cell, from 8 x 8 points of it, to `coverage` [ny, nx].
void add_coverage(const Ellipse& body, std::size_t nx, std::size_t ny, std::span<float> coverage);

}  // namespace tandem::kernels
