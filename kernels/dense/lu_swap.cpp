#include "kernels/dense/lu_swap.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace tandem::kernels {

RowMoves::RowMoves(std::size_t begin, std::span<const double> pivots) : first(begin) {
  std::map<std::size_t, std::size_t> lies;  // row -> the row that lies there by now; absent: its own
  const auto at = [&](std::size_t row) {
    const auto found = lies.find(row);
    return found == lies.end() ? row : found->second;
  };
  for (std::size_t i = 0; i < pivots.size(); ++i) {
    if (pivots[i] < 0) continue;
    const auto pivot = static_cast<std::size_t>(pivots[i]);
    const std::size_t upper = at(first + i), lower = at(pivot);
    lies[first + i] = lower;
    lies[pivot] = upper;
  }
  for (std::size_t i = 0; i < pivots.size(); ++i) up.push_back(at(first + i));
  for (const auto& [row, from] : lies)  // only rows of the top ever move down: row first + i is settled after swap i
    if (row >= first + pivots.size() && from != row) down.emplace_back(row, from - first);
}

void swap_rows(const Rows& matrix, std::size_t first, std::span<const double> pivots, std::size_t columns) {
  for (std::size_t i = 0; i < pivots.size(); ++i) {
    if (pivots[i] < 0 || static_cast<std::size_t>(pivots[i]) == first + i) continue;
    double* const upper = matrix.row(first + i);
    std::swap_ranges(upper, upper + columns, matrix.row(static_cast<std::size_t>(pivots[i])));
  }
}

RowExchange::RowExchange(const Group& column, const Cyclic& rows, std::size_t block, std::size_t most_columns)
    : column_(column), rows_(rows) {
  if (column.size() == 1) return;
  packed_ = Buffer<double>(block * most_columns);
  gathered_ = Buffer<double>(block * most_columns);
  top_ = Buffer<double>(block * most_columns);
}

Rows RowExchange::exchange(const Rows& matrix, const RowMoves& moves, std::size_t columns) {
  gather_up(matrix, moves, columns);
  send_down(matrix, moves, columns);
  return {top_.data(), columns};
}

void RowExchange::gather_up(const Rows& matrix, const RowMoves& moves, std::size_t columns) {
  std::vector<int> counts(static_cast<std::size_t>(column_.size()), 0);
  std::size_t mine = 0;
  for (const std::size_t row : moves.up) {
    counts[rows_.owner(row)] += static_cast<int>(columns);
    if (rows_.mine(row)) std::copy_n(matrix.row(rows_.local(row)), columns, packed_.data() + columns * mine++);
  }
  const std::size_t all = moves.up.size() * columns;
  column_.gather({packed_.data(), mine * columns}, counts, {gathered_.data(), all});
  std::vector<std::size_t> next(counts.size(), 0);  // where each rank's rows begin
  for (std::size_t r = 1; r < next.size(); ++r) next[r] = next[r - 1] + static_cast<std::size_t>(counts[r - 1]);
  for (std::size_t i = 0; i < moves.up.size(); ++i) {
    std::size_t& from = next[rows_.owner(moves.up[i])];
    std::copy_n(gathered_.data() + from, columns, top_.data() + i * columns);
    from += columns;
  }
}

void RowExchange::send_down(const Rows& matrix, const RowMoves& moves, std::size_t columns) {
  const std::size_t source = rows_.owner(moves.first);
  const bool sender = rows_.part == source;
  std::vector<std::vector<std::pair<std::size_t, std::size_t>>> of_rank(rows_.parts);
  for (const auto& move : moves.down) of_rank[rows_.owner(move.first)].push_back(move);
  if (!sender) {
    const auto& mine = of_rank[rows_.part];
    if (mine.empty()) return;
    column_.receive({packed_.data(), mine.size() * columns}, static_cast<int>(source)).wait();
    for (std::size_t i = 0; i < mine.size(); ++i)
      std::copy_n(packed_.data() + i * columns, columns, matrix.row(rows_.local(mine[i].first)));
    return;
  }
  std::vector<Pending> under_way;
  double* next = packed_.data();
  for (std::size_t rank = 0; rank < of_rank.size(); ++rank) {
    double* const begin = next;
    for (const auto& [to, from] : of_rank[rank]) {
      const double* row = matrix.row(rows_.local(moves.first + from));
      if (rank == source) {
        std::copy_n(row, columns, matrix.row(rows_.local(to)));
      } else {
        std::copy_n(row, columns, next);
        next += columns;
      }
    }
    if (next != begin)
      under_way.push_back(column_.send({begin, static_cast<std::size_t>(next - begin)}, static_cast<int>(rank)));
  }
  for (Pending& message : under_way) message.wait();
}

}  // namespace tandem::kernels
