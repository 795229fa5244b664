// LU factorisation without row exchanges of an fp32 matrix that lies block-cyclic over a grid: right-looking by blocks
// of nb, the next block's panels solved for and on their way while the rest is updated (look-ahead 1). The panels
// travel in the format of the products' operands. On one rank with nb = n this is Elimination of the whole matrix.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "harness/device/buffer.hpp"
#include "kernels/dense/elimination.hpp"
#include "kernels/dense/lu_grid.hpp"

namespace tandem::kernels {

class GridElimination {
 public:
  GridElimination(const LuGrid& grid, Element element, int threads);

  // The local part of A becomes that of -L below the diagonal and of U from it on. Collective.
  void factor(Block matrix);

  const RoundedProduct& product() const { return product_; }

 private:
  // -L21 and U12 of one block, rounded and dense, as all ranks of a process row and of a process column need them; U12
  // in two parts, the next block's columns by themselves. Ranges and indices are local.
  struct Panels {
    std::size_t width = 0, bytes = 0;  // bytes: of `width` entries, a row of -L21 or a column of U12
    Range rows, next_columns, columns;
    Buffer<std::byte> left, upper;
    Pending left_message, upper_message;

    std::byte* left_from(std::size_t row) { return left.data() + (row - rows.begin) * bytes; }
    std::byte* upper_from(std::size_t column) { return upper.data() + (column - next_columns.begin) * bytes; }
  };
  void begin(Block matrix, std::size_t first, Panels& panels);
  void factor_square(Block matrix, std::size_t first, std::size_t width);
  void solve_panels(Block matrix, std::size_t first, Panels& panels);
  void update(Block matrix, Panels& panels, Range rows, Range columns);

  const LuGrid& grid_;
  std::size_t n_, nb_, width_;  // width_: local columns of A
  RoundedProduct product_;
  Elimination elimination_;
  Buffer<float> square_;  // L11 and U11 of the block whose panels are solved for
  std::array<Panels, 2> panels_;
};

// Bytes that a rank needs beside the matrix.
double grid_elimination_bytes(const LuShape& shape, Element element);

}  // namespace tandem::kernels
