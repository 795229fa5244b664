#include "kernels/dense/grid_elimination.hpp"

#include <algorithm>

namespace tandem::kernels {
namespace {

constexpr std::size_t kLeastSlab = 256;  // rows that are updated at once

// Entries of the largest local panels and operands.
struct Sizes {
  std::size_t square = 0, left = 0, upper = 0, operand = 0;
};

Sizes sizes_of(std::size_t n, std::size_t nb, std::size_t rows, std::size_t columns) {
  if (nb >= n) return {0, 0, 0, largest_operand(n)};
  return {nb * nb, rows * nb, nb * columns, largest_operand(nb, std::max(rows, columns))};
}

Sizes sizes_of(const LuGrid& grid) {
  return sizes_of(grid.rows.n, grid.rows.block, grid.rows.size(), grid.columns.before(grid.rows.n));
}

}  // namespace

double grid_elimination_bytes(const LuShape& shape, Element element) {
  const Cyclic rows{shape.n, shape.nb, shape.p}, columns{shape.n, shape.nb, shape.q};
  const Sizes sizes = sizes_of(shape.n, shape.nb, rows.size(), columns.size());
  const double panels = 2.0 * static_cast<double>((sizes.left + sizes.upper) * bytes_of(element));
  return panels + 4.0 * static_cast<double>(sizes.square) + rounded_product_bytes(element, sizes.operand);
}

GridElimination::GridElimination(const LuGrid& grid, Element element, int threads)
    : grid_(grid),
      n_(grid.rows.n),
      nb_(grid.rows.block),
      width_(grid.columns.before(n_)),
      product_(element, sizes_of(grid).operand),
      elimination_(product_, threads),
      square_(sizes_of(grid).square) {
  for (Panels& panels : panels_) {
    panels.left = Buffer<std::byte>(sizes_of(grid).left * bytes_of(element));
    panels.upper = Buffer<std::byte>(sizes_of(grid).upper * bytes_of(element));
  }
}

// While panels are under way the rest is updated in slabs: MPI moves messages on when it is asked.
void GridElimination::factor(Block matrix) {
  begin(matrix, 0, panels_[0]);
  for (std::size_t right = nb_, k = 0; right < n_; right += nb_, ++k) {
    Panels &now = panels_[k % 2], &next = panels_[(k + 1) % 2];
    now.left_message.wait();
    now.upper_message.wait();
    const Range next_rows{now.rows.begin, grid_.rows.before(std::min(right + nb_, n_))};
    update(matrix, now, now.rows, now.next_columns);
    update(matrix, now, next_rows, now.columns);
    begin(matrix, right, next);
    const std::size_t height = now.rows.end - next_rows.end;
    const std::size_t slab = grid_.ranks.size() == 1 ? n_ : std::max((height + 3) / 4, kLeastSlab);
    for (std::size_t row = next_rows.end; row < now.rows.end; row += slab) {
      update(matrix, now, {row, std::min(row + slab, now.rows.end)}, now.columns);
      next.left_message.done();
      next.upper_message.done();
    }
  }
}

// One block's panels, from the finished part of the matrix to the messages.
void GridElimination::begin(Block matrix, std::size_t first, Panels& panels) {
  const std::size_t end = std::min(first + nb_, n_), width = end - first;
  factor_square(matrix, first, width);
  if (end == n_) return;
  panels.width = width;
  panels.bytes = width * bytes_of(product_.element());
  panels.rows = {grid_.rows.before(end), grid_.rows.size()};
  panels.next_columns = {grid_.columns.before(end), grid_.columns.before(std::min(end + nb_, n_))};
  panels.columns = {panels.next_columns.end, width_};
  solve_panels(matrix, first, panels);
  const std::span<std::byte> left(panels.left.data(), panels.left_from(panels.rows.end));
  const std::span<std::byte> upper(panels.upper.data(), panels.upper_from(width_));
  panels.left_message = grid_.row.start_broadcast(left, static_cast<int>(grid_.columns.owner(first)));
  panels.upper_message = grid_.column.start_broadcast(upper, static_cast<int>(grid_.rows.owner(first)));
}

// The block on the diagonal at its owner, then known to its process row and column.
void GridElimination::factor_square(Block matrix, std::size_t first, std::size_t width) {
  const bool my_row = grid_.rows.mine(first), my_column = grid_.columns.mine(first);
  const bool last = first + width == n_;
  if (my_row && my_column) {
    const Block own = matrix.at(grid_.rows.local(first), grid_.columns.local(first));
    elimination_.factor(own, width);
    for (std::size_t i = 0; i < width && !last; ++i) std::copy_n(own.row(i), width, &square_[i * width]);
  }
  if (last) return;
  const auto values = std::as_writable_bytes(std::span<float>(square_).first(width * width));
  if (my_row) grid_.row.broadcast(values, static_cast<int>(grid_.columns.owner(first)));
  if (my_column) grid_.column.broadcast(values, static_cast<int>(grid_.rows.owner(first)));
}

void GridElimination::solve_panels(Block matrix, std::size_t first, Panels& panels) {
  const std::size_t width = panels.width, height = panels.rows.size(), count = width_ - panels.next_columns.begin;
  const Block square{square_.data(), width};
  if (grid_.columns.mine(first) && height > 0) {
    const Block left = matrix.at(panels.rows.begin, grid_.columns.local(first));
    elimination_.solve_below(square, width, left, height);
    product_.round(height, width, left, panels.left.data());
  }
  if (grid_.rows.mine(first) && count > 0) {
    const std::size_t row = grid_.rows.local(first);
    elimination_.solve_right(square, width, matrix.at(row, panels.next_columns.begin), count);
    for (const Range& part : {panels.next_columns, panels.columns})
      if (part.size() > 0)
        product_.round(width, part.size(), matrix.at(row, part.begin), panels.upper_from(part.begin));
  }
}

void GridElimination::update(Block matrix, Panels& panels, Range rows, Range columns) {
  if (rows.size() == 0 || columns.size() == 0) return;
  product_.add_rounded({rows.size(), columns.size(), panels.width}, panels.left_from(rows.begin),
                       panels.upper_from(columns.begin), matrix.at(rows.begin, columns.begin));
}

}  // namespace tandem::kernels
