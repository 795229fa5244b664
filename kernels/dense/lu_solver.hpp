// Solves A x = b by LU factorisation with partial pivoting on a P x Q grid of processes: right-looking over block
// columns, the next panel factored and on its way while the rest of the matrix is updated (look-ahead 1), then back
// substitution. [A | b] lies block-cyclic and row-major: a row exchange then is one of contiguous pieces, and what has
// to be contiguous by columns, the panel, is copied into its own buffer anyway. b is eliminated along as column n.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/marks.hpp"
#include "harness/ranks/group.hpp"
#include "kernels/dense/lu_grid.hpp"
#include "kernels/dense/lu_panel.hpp"
#include "kernels/dense/lu_swap.hpp"
#include "kernels/dense/lu_system.hpp"

namespace tandem::kernels {

// Bytes that a rank needs.
double lu_bytes(const LuShape& shape);

class LuSolver {
 public:
  LuSolver(const LuShape& shape, const Ranks& ranks, int threads, Marks& marks = no_marks());
  virtual ~LuSolver() = default;
  LuSolver(const LuSolver&) = delete;
  LuSolver& operator=(const LuSolver&) = delete;

  void load(const LinearSystem& system);  // fills [A | b]
  void solve();                           // once after each load(): it destroys [A | b]; collective

  std::span<double> x() { return x_; }                           // all of it, on every rank
  const std::vector<double>& pivots() const { return pivots_; }  // as in Panel; empty before the first solve()

  const LuGrid& grid() const { return grid_; }

 protected:
  virtual void factor_panel(Panel& panel) { panel_factor_.factor(panel); }  // a seam for tests

 private:
  struct Parts {
    int panel, broadcast, swap, update, solve;
  };
  void factor();
  void begin_panel(Panel& panel, std::size_t first);  // process column of the panel: copy in, factor, keep U11
  void update(const Panel& panel, std::size_t begin, std::size_t end, Pending& under_way);  // local columns
  Rows upper(const Panel& panel, std::size_t begin, std::size_t end);                       // U12
  void substitute_back();
  Rows matrix(std::size_t column = 0) { return {matrix_.data() + column, lead_}; }

  LuShape shape_;
  LuGrid grid_;
  int threads_;
  Marks& marks_;
  Parts parts_;
  std::size_t lead_;
  Buffer<double> matrix_;
  std::array<Panel, 2> panels_;
  PanelFactor panel_factor_;
  RowExchange row_exchange_;
  std::vector<double> pivots_, x_, sums_;
};

}  // namespace tandem::kernels
