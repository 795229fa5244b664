#include "kernels/dense/lu_solver.hpp"

#include <algorithm>

#include <cblas.h>

#include "kernels/dense/lu_substitute.hpp"

namespace tandem::kernels {
namespace {

int blas(std::size_t count) { return static_cast<int>(count); }

// Whole cache lines a row, but not a multiple of a page: rows of one column would fall into few sets of the cache.
std::size_t lead_of(std::size_t columns) {
  const std::size_t lead = (columns + 7) / 8 * 8;
  return lead % 512 == 0 ? lead + 8 : lead;
}

// U := L^-1 U for the unit lower triangle L in `top` (column-major), U row-major with `columns` columns. By halves,
// because a BLAS has its speed in the product; its triangular solve alone was half as fast.
void solve_lower(const double* top, std::size_t lead, std::size_t width, const Rows& u, std::size_t columns) {
  constexpr std::size_t kBase = 16;
  if (width <= kBase) {
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, CblasTrans, CblasUnit, blas(width), blas(columns), 1.0, top,
                blas(lead), u.data, blas(u.lead));
    return;
  }
  const std::size_t upper = (width / 2 + kBase - 1) / kBase * kBase, lower = width - upper;
  const Rows below{u.row(upper), u.lead};
  solve_lower(top, lead, upper, u, columns);
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, blas(lower), blas(columns), blas(upper), -1.0, top + upper,
              blas(lead), u.data, blas(u.lead), 1.0, below.data, blas(u.lead));
  solve_lower(top + upper * (lead + 1), lead, lower, below, columns);
}

}  // namespace

double lu_bytes(const LuShape& shape) {
  const auto rows = static_cast<double>(Cyclic{shape.n, shape.nb, shape.p}.size());
  const auto lead = static_cast<double>(lead_of(Cyclic{shape.n + 1, shape.nb, shape.q}.size()));
  const auto nb = static_cast<double>(shape.nb), n = static_cast<double>(shape.n);
  const double panels = 2 * nb * (1 + nb + rows + 8), exchange = shape.p > 1 ? 3 * nb * lead : 0;
  return 8 * (rows * lead + panels + exchange + 2 * n + rows);
}

LuSolver::LuSolver(const LuShape& shape, const Ranks& ranks, int threads, Marks& marks)
    : shape_(shape),
      grid_(shape, ranks),
      threads_(threads),
      marks_(marks),
      parts_{marks.part("panel"), marks.part("broadcast"), marks.part("swap"), marks.part("update"),
             marks.part("solve")},
      lead_(lead_of(grid_.columns.size())),
      matrix_(grid_.rows.size() * lead_),
      panels_{Panel(grid_.rows.size(), shape.nb), Panel(grid_.rows.size(), shape.nb)},
      panel_factor_(grid_.column, grid_.rows, threads),
      row_exchange_(grid_.column, grid_.rows, shape.nb, lead_),
      x_(shape.n),
      sums_(grid_.rows.size()) {}

void LuSolver::load(const LinearSystem& system) {
  const std::size_t width = grid_.columns.size();
  const auto height = static_cast<std::ptrdiff_t>(grid_.rows.size());
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t i = 0; i < height; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < width; j += shape_.nb)
      system.entries(grid_.rows.global(row), grid_.columns.global(j),
                     {matrix().row(row) + j, std::min(shape_.nb, width - j)});
  }
}

void LuSolver::solve() {
  pivots_.clear();
  factor();
  marks_.enter(parts_.solve);
  substitute_back();
}

void LuSolver::factor() {
  const std::size_t n = shape_.n, nb = shape_.nb;
  const auto owner = [&](std::size_t first) { return static_cast<int>(grid_.columns.owner(first)); };
  Pending message;
  if (grid_.columns.mine(0)) begin_panel(panels_[0], 0);
  for (std::size_t first = 0, k = 0; first < n; first += nb, ++k) {
    Panel& now = panels_[k % 2];
    Panel& next = panels_[(k + 1) % 2];
    if (k == 0) {
      now.place(0, std::min(nb, n), grid_.rows);
      message = grid_.row.start_broadcast(now.message(), owner(0));
    }
    marks_.enter(parts_.broadcast);
    message.wait();
    pivots_.insert(pivots_.end(), now.pivots().begin(), now.pivots().end());
    const std::size_t right = first + now.width();
    std::size_t done = grid_.columns.before(right);
    if (right < n) {
      const std::size_t width = std::min(nb, n - right);
      next.place(right, width, grid_.rows);
      if (grid_.columns.mine(right)) {
        const std::size_t ahead = grid_.columns.before(right + width);
        Pending none;
        update(now, done, ahead, none);
        done = ahead;
        begin_panel(next, right);
      }
      marks_.enter(parts_.broadcast);
      message = grid_.row.start_broadcast(next.message(), owner(right));
    }
    update(now, done, grid_.columns.size(), message);
  }
}

void LuSolver::begin_panel(Panel& panel, std::size_t first) {
  marks_.enter(parts_.panel);
  panel.place(first, std::min(shape_.nb, shape_.n - first), grid_.rows);
  const Rows from = matrix(grid_.columns.local(first));
  const std::size_t width = panel.width(), lead = panel.lead();
  const auto count = static_cast<std::ptrdiff_t>(panel.rows());
  constexpr std::ptrdiff_t strip = 32;  // rows that are transposed together
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t i = 0; i < count; i += strip)
    for (std::size_t j = 0; j < width; ++j)
      for (std::ptrdiff_t row = i; row < std::min(i + strip, count); ++row)
        panel.below()[j * lead + static_cast<std::size_t>(row)] =
            from.row(panel.local_row() + static_cast<std::size_t>(row))[j];
  factor_panel(panel);
  if (!grid_.rows.mine(first)) return;
  for (std::size_t i = 0; i < width; ++i)
    for (std::size_t j = 0; j < width; ++j) from.row(panel.local_row() + i)[j] = panel.top()[j * panel.block() + i];
}

// U12 = L11^-1 (top rows after the exchange). On one process row the exchange and the triangular solve go over a few
// columns at a time, a thread each, so that rows are still in its cache when they are solved for.
Rows LuSolver::upper(const Panel& panel, std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  const bool alone = grid_.column.size() == 1;
  const Rows top = alone ? Rows{matrix(begin).row(panel.local_row()), lead_}
                         : row_exchange_.exchange(matrix(begin), RowMoves(panel.first(), panel.pivots()), count);
  const std::size_t share = (count / static_cast<std::size_t>(threads_) + 7) / 8 * 8;
  const auto strip = static_cast<std::ptrdiff_t>(std::clamp<std::size_t>(share, 8, 512));
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
  for (std::ptrdiff_t at = 0; at < static_cast<std::ptrdiff_t>(count); at += strip) {
    const auto j = static_cast<std::size_t>(at);
    const std::size_t some = std::min(static_cast<std::size_t>(strip), count - j);
    if (alone) swap_rows(matrix(begin + j), panel.first(), panel.pivots(), some);
    solve_lower(panel.top(), panel.block(), panel.width(), {top.data + j, top.lead}, some);
    if (!alone && panel.dead() > 0)
      for (std::size_t i = 0; i < panel.width(); ++i)
        std::copy_n(top.row(i) + j, some, matrix(begin + j).row(panel.local_row() + i));
  }
  return top;
}

void LuSolver::update(const Panel& panel, std::size_t begin, std::size_t end, Pending& under_way) {
  if (begin == end) return;
  marks_.enter(parts_.swap);
  const Rows top = upper(panel, begin, end);
  marks_.enter(parts_.update);
  const std::size_t height = panel.rows() - panel.dead();
  std::size_t slab = height;  // while a panel is under way, in pieces: MPI moves it on when it is asked
  if (!under_way.done()) slab = std::max<std::size_t>((height + 3) / 4, 256);
  for (std::size_t row = 0; row < height; row += slab) {
    const std::size_t below = panel.dead() + row;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, blas(std::min(slab, height - row)), blas(end - begin),
                blas(panel.width()), -1.0, panel.below() + below, blas(panel.lead()), top.data, blas(top.lead), 1.0,
                matrix(begin).row(panel.local_row() + below), blas(lead_));
    under_way.done();
  }
}

// U x = y, where y is the eliminated b in the process column that holds it, 0 elsewhere.
void LuSolver::substitute_back() {
  const std::size_t n = shape_.n, nb = shape_.nb;
  const Cyclic &rows = grid_.rows, &columns = grid_.columns;
  std::fill(x_.begin(), x_.end(), 0.0);
  std::fill(sums_.begin(), sums_.end(), 0.0);
  if (columns.mine(n))
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = matrix().row(i)[columns.local(n)];
  const auto solve = [&](std::size_t first, std::size_t width) {
    const std::size_t row = rows.local(first);
    std::copy_n(&sums_[row], width, &x_[first]);
    cblas_dtrsv(CblasRowMajor, CblasUpper, CblasNoTrans, CblasNonUnit, blas(width),
                matrix(columns.local(first)).row(row), blas(lead_), &x_[first], 1);
  };
  const auto subtract = [&](Range some, std::size_t first, std::size_t width) {
    cblas_dgemv(CblasRowMajor, CblasNoTrans, blas(some.size()), blas(width), -1.0,
                matrix(columns.local(first)).row(some.begin), blas(lead_), &x_[first], 1, 1.0, &sums_[some.begin], 1);
  };
  substitute(grid_, Direction::up, sums_, x_, solve, subtract);
  if (grid_.ranks.size() == 1) return;
  // every block at the owner of its diagonal only: the sum over ranks is the whole of x
  for (std::size_t first = 0; first < n; first += nb)
    if (!(rows.mine(first) && columns.mine(first))) std::fill_n(&x_[first], std::min(nb, n - first), 0.0);
  grid_.ranks.sum(std::span<double>(x_));
}

}  // namespace tandem::kernels
