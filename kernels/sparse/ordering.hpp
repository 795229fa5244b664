// Orders the rows of a matrix of symmetric pattern so that Gauss-Seidel runs in parallel: groups of rows that do not
// depend on one another, one group after the other, each padded to whole chunks of 8 rows.
//   levels   row i in the group after the last of its neighbours j < i: the very sums of the natural order (level
//            scheduling, Anderson and Saad, Int. J. High Speed Computing 1, 1989)
//   colours  the least colour that no neighbour has (greedy), counted from the last: few large groups, but another
//   order
//            and some more iterations
// Only the pattern is looked at, so that any matrix can be ordered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/sparse/csr.hpp"

namespace tandem::kernels {

enum class Order { levels, colours };

inline constexpr std::size_t chunk_rows = 8;

struct Ordering {
  std::vector<std::size_t> group;  // groups + 1: where each begins, in chunks
  std::vector<std::int32_t> slot;  // of each row
  std::vector<std::int32_t> row;   // of each slot, -1 for padding
  std::size_t slots() const { return row.size(); }
  std::size_t chunks() const { return row.size() / chunk_rows; }
};

// Within a group rows with `first` set come first, then by falling number of nonzeros in windows of `window` rows (the
// sigma of SELL-C-sigma), then in natural order.
Ordering order_rows(const Csr& a, Order order, const std::vector<char>& first, std::size_t window);

}  // namespace tandem::kernels
