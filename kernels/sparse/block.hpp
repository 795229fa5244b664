// A box of grid points shared out to a grid of ranks, x fastest in both: this rank's block, its place in the whole
// grid, and its neighbours' points around it.
#pragma once

#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/halo.hpp"

namespace tandem::kernels {

using Triple = std::array<std::int64_t, 3>;

Triple near_cubic(int ranks);  // the factors x >= y >= z of least sum

struct Block {
  Triple ranks{1, 1, 1};   // of the whole grid
  Triple at{0, 0, 0};      // this rank among them
  Triple points{1, 1, 1};  // of this block

  Block(const Triple& grid, int rank, const Triple& local);

  std::int64_t rows() const { return points[0] * points[1] * points[2]; }
  std::int64_t whole(std::size_t axis) const { return ranks[axis] * points[axis]; }
  std::int64_t all_rows() const { return whole(0) * whole(1) * whole(2); }
  std::int64_t nonzeros() const;      // of this rank's rows of the 27-point matrix
  std::int64_t all_nonzeros() const;  // of all rows
  Block coarse() const;               // every second point of each axis, the first one included

  // Number of a point of the whole grid, or -1 outside; local coordinates, -1 and points[axis] are the neighbours'.
  std::int64_t global(std::int64_t x, std::int64_t y, std::int64_t z) const;

  // The block with one layer of points around it.
  std::int64_t box_size() const { return (points[0] + 2) * (points[1] + 2) * (points[2] + 2); }
  std::int64_t box(std::int64_t x, std::int64_t y, std::int64_t z) const {
    return ((z + 1) * (points[1] + 2) + y + 1) * (points[0] + 2) + x + 1;
  }

  // body(row, point of the box) or body(row, point of the box, point of the whole grid) in natural order.
  template <typename Body>
  void each_point(const Body& body) const {
    std::int64_t row = 0;
    for (std::int64_t z = 0; z < points[2]; ++z)
      for (std::int64_t y = 0; y < points[1]; ++y)
        for (std::int64_t x = 0; x < points[0]; ++x, ++row)
          if constexpr (std::is_invocable_v<Body, std::int64_t, std::int64_t, std::int64_t>)
            body(row, box(x, y, z), global(x, y, z));
          else
            body(row, box(x, y, z));
  }

  // What the up to 26 neighbours and this rank send each other, as points of the box.
  std::vector<Halo::Neighbour> neighbours() const;
};

// The points of the box as elements of a vector: this rank's own in natural order, behind them the neighbours',
// neighbour by neighbour.
struct Numbering {
  Buffer<std::int32_t> column;  // of each point of the box that lies in the grid
  std::vector<Halo::Neighbour> neighbours;
  std::size_t columns = 0;
};
Numbering number_points(const Block& block);

// This rank's rows of HPCG's matrix on the whole grid, columns as numbered above.
struct LocalMatrix {
  Csr matrix;
  std::vector<Halo::Neighbour> neighbours;  // send: rows; receive: columns
};
LocalMatrix stencil27(const Block& block);

}  // namespace tandem::kernels
