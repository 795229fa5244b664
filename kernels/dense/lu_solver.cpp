#include "kernels/dense/lu_solver.hpp"

#include <algorithm>

#include <cblas.h>

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

Cyclic part_of(std::size_t n, std::size_t nb, std::size_t parts, std::size_t part) { return {n, nb, parts, part}; }

}  // namespace

double lu_bytes(const LuShape& shape) {
  const auto rows = static_cast<double>(part_of(shape.n, shape.nb, shape.p, 0).size());
  const auto lead = static_cast<double>(lead_of(part_of(shape.n + 1, shape.nb, shape.q, 0).size()));
  const auto nb = static_cast<double>(shape.nb), n = static_cast<double>(shape.n);
  const double panels = 2 * nb * (1 + nb + rows + 8), exchange = shape.p > 1 ? 3 * nb * lead : 0;
  return 8 * (rows * lead + panels + exchange + 2 * n + rows);
}

LuSolver::LuSolver(const LuShape& shape, const Ranks& ranks, int threads, Marks& marks)
    : shape_(shape),
      ranks_(ranks),
      threads_(threads),
      marks_(marks),
      parts_{marks.part("panel"), marks.part("broadcast"), marks.part("swap"), marks.part("update"),
             marks.part("solve")},
      row_(ranks, ranks.rank() / static_cast<int>(shape.q), ranks.rank()),
      column_(ranks, ranks.rank() % static_cast<int>(shape.q), ranks.rank()),
      rows_(part_of(shape.n, shape.nb, shape.p, static_cast<std::size_t>(ranks.rank()) / shape.q)),
      columns_(part_of(shape.n + 1, shape.nb, shape.q, static_cast<std::size_t>(ranks.rank()) % shape.q)),
      lead_(lead_of(columns_.size())),
      matrix_(rows_.size() * lead_),
      panels_{Panel(rows_.size(), shape.nb), Panel(rows_.size(), shape.nb)},
      panel_factor_(column_, rows_, threads),
      row_exchange_(column_, rows_, shape.nb, lead_),
      x_(shape.n),
      sums_(rows_.size()) {}

void LuSolver::load(const LinearSystem& system) {
  const std::size_t width = columns_.size();
  const auto height = static_cast<std::ptrdiff_t>(rows_.size());
#pragma omp parallel for schedule(static) num_threads(threads_)
  for (std::ptrdiff_t i = 0; i < height; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < width; j += shape_.nb)
      system.entries(rows_.global(row), columns_.global(j), {matrix().row(row) + j, std::min(shape_.nb, width - j)});
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
  const auto owner = [&](std::size_t first) { return static_cast<int>(columns_.owner(first)); };
  Pending message;
  if (columns_.mine(0)) begin_panel(panels_[0], 0);
  for (std::size_t first = 0, k = 0; first < n; first += nb, ++k) {
    Panel& now = panels_[k % 2];
    Panel& next = panels_[(k + 1) % 2];
    if (k == 0) {
      now.place(0, std::min(nb, n), rows_);
      message = row_.start_broadcast(now.message(), owner(0));
    }
    marks_.enter(parts_.broadcast);
    message.wait();
    pivots_.insert(pivots_.end(), now.pivots().begin(), now.pivots().end());
    const std::size_t right = first + now.width();
    std::size_t done = columns_.before(right);
    if (right < n) {
      const std::size_t width = std::min(nb, n - right);
      next.place(right, width, rows_);
      if (columns_.mine(right)) {
        const std::size_t ahead = columns_.before(right + width);
        Pending none;
        update(now, done, ahead, none);
        done = ahead;
        begin_panel(next, right);
      }
      marks_.enter(parts_.broadcast);
      message = row_.start_broadcast(next.message(), owner(right));
    }
    update(now, done, columns_.size(), message);
  }
}

void LuSolver::begin_panel(Panel& panel, std::size_t first) {
  marks_.enter(parts_.panel);
  panel.place(first, std::min(shape_.nb, shape_.n - first), rows_);
  const Rows from = matrix(columns_.local(first));
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
  if (!rows_.mine(first)) return;
  for (std::size_t i = 0; i < width; ++i)
    for (std::size_t j = 0; j < width; ++j) from.row(panel.local_row() + i)[j] = panel.top()[j * panel.block() + i];
}

// U12 = L11^-1 (top rows after the exchange). On one process row the exchange and the triangular solve go over a few
// columns at a time, a thread each, so that rows are still in its cache when they are solved for.
Rows LuSolver::upper(const Panel& panel, std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  const bool alone = column_.size() == 1;
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

// U x = y, from the last block up. sums_ starts as y in the process column that holds it, 0 elsewhere, and every
// process column subtracts what its own columns contribute: the rows of the next block at once, so that it can be
// solved, and the rows above those (`late`) meanwhile.
void LuSolver::substitute_back() {
  const std::size_t n = shape_.n, nb = shape_.nb;
  std::fill(x_.begin(), x_.end(), 0.0);
  std::fill(sums_.begin(), sums_.end(), 0.0);
  if (columns_.mine(n))
    for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] = matrix().row(i)[columns_.local(n)];
  std::size_t late_rows = 0, late_first = 0;
  for (std::size_t first = (n - 1) / nb * nb;; first -= nb) {
    const std::size_t width = std::min(nb, n - first), row = rows_.before(first);
    if (rows_.mine(first)) row_.sum_to({&sums_[row], width}, static_cast<int>(columns_.owner(first)));
    if (late_rows > 0) subtract(0, late_rows, late_first, std::min(nb, n - late_first));
    late_rows = 0;
    if (columns_.mine(first)) {
      solve_block(first, width);
      late_rows = first >= nb ? rows_.before(first - nb) : 0;
      late_first = first;
      subtract(late_rows, row, first, width);
    }
    if (first == 0) break;
  }
  if (ranks_.size() == 1) return;
  // every block at the owner of its diagonal only: the sum over ranks is the whole of x
  for (std::size_t first = 0; first < n; first += nb)
    if (!(rows_.mine(first) && columns_.mine(first))) std::fill_n(&x_[first], std::min(nb, n - first), 0.0);
  ranks_.sum(std::span<double>(x_));
}

// In the block's process column: its part of x, from the finished sums at the owner of the diagonal block.
void LuSolver::solve_block(std::size_t first, std::size_t width) {
  if (rows_.mine(first)) {
    const std::size_t row = rows_.local(first);
    std::copy_n(&sums_[row], width, &x_[first]);
    cblas_dtrsv(CblasRowMajor, CblasUpper, CblasNoTrans, CblasNonUnit, blas(width),
                matrix(columns_.local(first)).row(row), blas(lead_), &x_[first], 1);
  }
  column_.broadcast({&x_[first], width}, static_cast<int>(rows_.owner(first)));
}

void LuSolver::subtract(std::size_t row_begin, std::size_t row_end, std::size_t first, std::size_t width) {
  if (row_begin == row_end) return;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, blas(row_end - row_begin), blas(width), -1.0,
              matrix(columns_.local(first)).row(row_begin), blas(lead_), &x_[first], 1, 1.0, &sums_[row_begin], 1);
}

}  // namespace tandem::kernels
