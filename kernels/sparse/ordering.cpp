#include "kernels/sparse/ordering.hpp"

#include <algorithm>
#include <numeric>

namespace tandem::kernels {
namespace {

template <typename Visit>
void each_neighbour(const Csr& a, std::size_t row, const Visit& visit) {
  for (auto k = static_cast<std::size_t>(a.start[row]); k < static_cast<std::size_t>(a.start[row + 1]); ++k)
    if (const auto column = static_cast<std::size_t>(a.column[k]); column < a.rows && column != row) visit(column);
}

std::vector<std::int32_t> levels(const Csr& a) {
  std::vector<std::int32_t> group(a.rows, 0);
  for (std::size_t row = 0; row < a.rows; ++row) {
    std::int32_t after = 0;
    each_neighbour(a, row, [&](std::size_t j) {
      if (j < row) after = std::max(after, group[j] + 1);
    });
    group[row] = after;
  }
  return group;
}

std::vector<std::int32_t> colours(const Csr& a) {
  std::vector<std::int32_t> group(a.rows, -1);
  std::vector<std::size_t> taken_by(a.rows + 1, a.rows);  // the last row that saw the colour beside it
  for (std::size_t row = 0; row < a.rows; ++row) {
    each_neighbour(a, row, [&](std::size_t j) {
      if (group[j] >= 0) taken_by[static_cast<std::size_t>(group[j])] = row;
    });
    std::int32_t colour = 0;
    while (taken_by[static_cast<std::size_t>(colour)] == row) ++colour;
    group[row] = colour;
  }
  // Points that a coarser grid keeps have the first colour. Solved last on the way back, they would hand it no
  // residual.
  const std::int32_t last = *std::max_element(group.begin(), group.end());
  for (std::int32_t& colour : group) colour = last - colour;
  return group;
}

}  // namespace

Ordering order_rows(const Csr& a, Order order, const std::vector<char>& first, std::size_t window) {
  const std::vector<std::int32_t> group = order == Order::levels ? levels(a) : colours(a);
  const auto groups = static_cast<std::size_t>(*std::max_element(group.begin(), group.end()) + 1);
  std::vector<std::size_t> begin(groups + 1, 0);
  for (const std::int32_t g : group) ++begin[static_cast<std::size_t>(g) + 1];
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<std::int32_t> rows(a.rows);
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const bool wanted : {true, false})
    for (std::size_t row = 0; row < a.rows; ++row)
      if ((first[row] != 0) == wanted)
        rows[next[static_cast<std::size_t>(group[row])]++] = static_cast<std::int32_t>(row);

  Ordering result;
  result.group.push_back(0);
  for (std::size_t g = 0; g < groups; ++g)
    result.group.push_back(result.group.back() + (begin[g + 1] - begin[g] + chunk_rows - 1) / chunk_rows);
  result.row.assign(result.group.back() * chunk_rows, -1);
  result.slot.resize(a.rows);
  const auto length = [&](std::int32_t row) {
    return a.start[static_cast<std::size_t>(row) + 1] - a.start[static_cast<std::size_t>(row)];
  };
  const auto count = static_cast<std::ptrdiff_t>(groups);
#pragma omp parallel for schedule(dynamic, 16)
  for (std::ptrdiff_t m = 0; m < count; ++m) {
    const auto g = static_cast<std::size_t>(m);
    const auto is_first = [&](std::int32_t row) { return first[static_cast<std::size_t>(row)] != 0; };
    std::int32_t* const end = rows.data() + begin[g + 1];
    for (std::int32_t* at = rows.data() + begin[g]; at != end;) {
      std::int32_t* stop = std::min(at + window, end);
      stop = std::find_if(at, stop, [&](std::int32_t row) { return is_first(row) != is_first(*at); });
      std::stable_sort(at, stop, [&](std::int32_t i, std::int32_t j) { return length(i) > length(j); });
      at = stop;
    }
    for (std::size_t i = begin[g]; i < begin[g + 1]; ++i) {
      const std::size_t slot = result.group[g] * chunk_rows + i - begin[g];
      result.row[slot] = rows[i];
      result.slot[static_cast<std::size_t>(rows[i])] = static_cast<std::int32_t>(slot);
    }
  }
  return result;
}

}  // namespace tandem::kernels
