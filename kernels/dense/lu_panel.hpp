// A block column of the matrix and its factorisation. A process of the owning column copies its part in, the column
// factors it together, and the buffer then is the message to the other process columns, without another copy:
//   [ pivots: nb | top: nb x nb | below: lead x nb ]   matrices column-major
// `top` holds L11 (unit lower) and U11 of the block on the diagonal, the same on every rank. `below` holds the process'
// own rows from the panel's first row on; those that lie inside the diagonal block are dead, for `top` has them.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/ranks/group.hpp"
#include "kernels/dense/lu_grid.hpp"

namespace tandem::kernels {

class Panel {
 public:
  Panel(std::size_t most_rows, std::size_t block);
  // Global columns and rows from `first` on, `width` <= block of them on the diagonal.
  void place(std::size_t first, std::size_t width, const Cyclic& rows);

  std::size_t first() const { return first_; }
  std::size_t width() const { return width_; }
  std::size_t rows() const { return rows_; }  // local rows of `below`
  std::size_t dead() const { return dead_; }  // of them inside the diagonal block: width() at its owner, else 0
  std::size_t local_row() const { return local_row_; }  // local row of the matrix that below's first one is
  std::size_t lead() const { return lead_; }
  std::size_t block() const { return block_; }

  std::span<double> pivots() { return {buffer_.data(), width_}; }  // global rows; -1 where a column had no pivot
  std::span<const double> pivots() const { return {buffer_.data(), width_}; }
  double* top() { return buffer_.data() + block_; }
  const double* top() const { return buffer_.data() + block_; }
  double* below() { return top() + block_ * block_; }
  const double* below() const { return top() + block_ * block_; }
  std::span<double> message() { return {buffer_.data(), block_ + block_ * block_ + lead_ * width_}; }

 private:
  std::size_t block_;
  std::size_t first_ = 0, width_ = 0, rows_ = 0, dead_ = 0, local_row_ = 0, lead_ = 0;
  Buffer<double> buffer_;
};

// Factors panels: recursion over columns down to a few, which are updated, scaled and searched in one sweep each.
// One message a column over the process column elects the pivot and exchanges the two rows.
class PanelFactor {
 public:
  PanelFactor(const Group& column, const Cyclic& rows, int threads);
  void factor(Panel& panel);  // collective over the process column

 private:
  struct Candidate {
    double size = -1;     // |value|; -1: none
    std::size_t row = 0;  // of `below`
  };
  void recurse(std::size_t column, std::size_t width);
  void base(std::size_t column, std::size_t width);
  Candidate sweep(std::size_t base, std::size_t column);
  void scale(std::size_t column);
  void exchange(std::size_t column, const Candidate& mine);
  std::size_t active(std::size_t column) const;  // first row of `below` that is still to be eliminated
  double* top(std::size_t row, std::size_t column) { return panel_->top() + row + column * panel_->block(); }
  double* below(std::size_t column) { return panel_->below() + column * panel_->lead(); }

  const Group& column_;
  Cyclic rows_;
  int threads_;
  Election election_;
  std::vector<double> ballots_;
  Panel* panel_ = nullptr;
};

}  // namespace tandem::kernels
