// Substitution through a triangle that lies block-cyclic over the grid, block by block down or up. A process column
// subtracts what the block that it owns contributes: at once from the rows of the next block, so that it can be solved,
// and from the others (`late`) meanwhile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include "harness/ranks/ranks.hpp"
#include "kernels/dense/lu_grid.hpp"

namespace tandem::kernels {

enum class Direction { down, up };

// T x = y, collective. sums, by local rows: parts of y that add up over a process row; used up. x, by unknowns: each
// rank ends with those of its columns; the others stay.
//   solve(first, width): at the owner of the diagonal block, that block of x from the finished sums;
//   subtract(rows, first, width): from the sums of these local rows, what that block of x contributes.
template <typename Solve, typename Subtract>
void substitute(const LuGrid& grid, Direction direction, std::span<double> sums, std::span<double> x,
                const Solve& solve, const Subtract& subtract) {
  const Cyclic& rows = grid.rows;
  const std::size_t n = rows.n, nb = rows.block, blocks = (n + nb - 1) / nb;
  const auto subtract_some = [&](Range some, std::size_t first) {
    if (some.size() > 0) subtract(some, first, std::min(nb, n - first));
  };
  Range late;
  std::size_t late_first = 0;
  for (std::size_t k = 0; k < blocks; ++k) {
    const std::size_t first = (direction == Direction::down ? k : blocks - 1 - k) * nb, end = std::min(first + nb, n);
    if (rows.mine(first))
      grid.row.sum_to(sums.subspan(rows.local(first), end - first), static_cast<int>(grid.columns.owner(first)));
    subtract_some(late, late_first);
    late = {};
    if (!grid.columns.mine(first)) continue;
    if (rows.mine(first)) solve(first, end - first);
    grid.column.broadcast(x.subspan(first, end - first), static_cast<int>(rows.owner(first)));
    Range next;
    if (direction == Direction::down) {
      next = {rows.before(end), rows.before(std::min(end + nb, n))};
      late = {next.end, rows.size()};
    } else {
      next = {rows.before(first - std::min(nb, first)), rows.before(first)};
      late = {0, next.begin};
    }
    late_first = first;
    subtract_some(next, first);
  }
}

}  // namespace tandem::kernels
