// The row exchanges of a panel, carried over to other columns of the matrix: rows that the pivots chose come to the
// top, as the right-hand side of U12 = L11^-1 A12, and the rows that they displace take their places.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/ranks/group.hpp"
#include "kernels/dense/lu_grid.hpp"

namespace tandem::kernels {

// A row-major matrix somewhere.
struct Rows {
  double* data = nullptr;
  std::size_t lead = 0;
  double* row(std::size_t i) const { return data + i * lead; }
};

// The sequence of swaps "row first + i with row pivots[i]" as one permutation (global rows).
struct RowMoves {
  RowMoves(std::size_t first, std::span<const double> pivots);
  std::size_t first;
  std::vector<std::size_t> up;                            // up[i] comes to row first + i
  std::vector<std::pair<std::size_t, std::size_t>> down;  // row first + .second goes to row .first; sorted
};

// One process row: swaps rows of `columns` columns of the local matrix in place.
void swap_rows(const Rows& matrix, std::size_t first, std::span<const double> pivots, std::size_t columns);

// Several: every rank ends with all top rows (an all-gather over the process column), and the owner of the diagonal
// block sends the displaced ones to where they belong.
class RowExchange {
 public:
  RowExchange(const Group& column, const Cyclic& rows, std::size_t block, std::size_t most_columns);
  // `matrix`: local rows, from the first of `columns` columns on. Returns the top rows, which are not yet in the
  // matrix.
  Rows exchange(const Rows& matrix, const RowMoves& moves, std::size_t columns);  // collective over the process column

 private:
  void gather_up(const Rows& matrix, const RowMoves& moves, std::size_t columns);
  void send_down(const Rows& matrix, const RowMoves& moves, std::size_t columns);

  const Group& column_;
  Cyclic rows_;
  Buffer<double> packed_, gathered_, top_;
};

}  // namespace tandem::kernels
