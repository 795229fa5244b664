#include "kernels/dense/lu_panel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <cblas.h>

namespace tandem::kernels {
namespace {

constexpr std::size_t kBase = 8;             // columns that are factored without BLAS
constexpr std::size_t kChunk = 256;          // rows that stay in the first-level cache during a sweep
constexpr std::size_t kShared = 8 * kChunk;  // rows from which on threads share a sweep

// One chunk of a sweep over column v with K columns of L before it, the last of which is not yet scaled:
// l_{K-1} *= inverse, v -= sum_k l_k t_k; the largest |v|. (Left-looking: each column is written once.)
struct Sweep {
  std::array<double*, kBase> l;
  std::array<double, kBase> t;
  double inverse = 1;
  double* v = nullptr;
};

template <std::size_t K>
double sweep_chunk(const Sweep& sweep, std::size_t begin, std::size_t end) {
  double largest = -1;
  double* const v = sweep.v;
  if constexpr (K == 0) {
#pragma omp simd reduction(max : largest)
    for (std::size_t i = begin; i < end; ++i) largest = std::max(largest, std::abs(v[i]));
  } else {
    double* const last = sweep.l[K - 1];
    const double inverse = sweep.inverse, t_last = sweep.t[K - 1];
    std::array<const double*, K> l{};  // copies, which no store through v or last can change
    std::array<double, K> t{};
    for (std::size_t k = 0; k + 1 < K; ++k) {
      l[k] = sweep.l[k];
      t[k] = sweep.t[k];
    }
#pragma omp simd reduction(max : largest)
    for (std::size_t i = begin; i < end; ++i) {
      const double scaled = last[i] * inverse;
      last[i] = scaled;
      double value = v[i] - scaled * t_last;
      for (std::size_t k = 0; k + 1 < K; ++k) value -= l[k][i] * t[k];
      v[i] = value;
      largest = std::max(largest, std::abs(value));
    }
  }
  return largest;
}

using SweepChunk = double (*)(const Sweep&, std::size_t, std::size_t);

template <std::size_t... K>
constexpr std::array<SweepChunk, sizeof...(K)> all_sweeps(std::index_sequence<K...>) {
  return {&sweep_chunk<K>...};
}
constexpr auto kSweeps = all_sweeps(std::make_index_sequence<kBase>());

int blas(std::size_t count) { return static_cast<int>(count); }

}  // namespace

Panel::Panel(std::size_t most_rows, std::size_t block)
    : block_(block), buffer_(block + block * block + (most_rows + 8) / 8 * 8 * block) {}

void Panel::place(std::size_t first, std::size_t width, const Cyclic& rows) {
  first_ = first;
  width_ = width;
  local_row_ = rows.before(first);
  rows_ = rows.size() - local_row_;
  dead_ = rows.before(first + width) - local_row_;
  lead_ = (rows_ + 7) / 8 * 8;
}

PanelFactor::PanelFactor(const Group& column, const Cyclic& rows, int threads)
    : column_(column), rows_(rows), threads_(threads), election_(2 + rows.block), ballots_(2 * (2 + rows.block)) {}

void PanelFactor::factor(Panel& panel) {
  panel_ = &panel;
  recurse(0, panel.width());
}

std::size_t PanelFactor::active(std::size_t column) const { return std::min(column, panel_->dead()); }

void PanelFactor::recurse(std::size_t column, std::size_t width) {
  if (width <= kBase) return base(column, width);
  const std::size_t left = (width / 2 + kBase - 1) / kBase * kBase, right = width - left;
  recurse(column, left);
  const std::size_t middle = column + left, from = active(middle), count = panel_->rows() - from;
  const int block = blas(panel_->block()), lead = blas(panel_->lead());
  cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, blas(left), blas(right), 1.0,
              top(column, column), block, top(column, middle), block);
  if (count > 0)
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, blas(count), blas(right), blas(left), -1.0,
                below(column) + from, lead, top(column, middle), block, 1.0, below(middle) + from, lead);
  recurse(middle, right);
}

void PanelFactor::base(std::size_t column, std::size_t width) {
  for (std::size_t c = column; c < column + width; ++c) {
    // the part of column c inside the diagonal block: rows chosen in this base case, by forward substitution
    for (std::size_t k = column; k < c; ++k)
      for (std::size_t l = column; l < k; ++l) *top(k, c) -= *top(k, l) * *top(l, c);
    exchange(c, sweep(column, c));
  }
  scale(column + width - 1);
}

PanelFactor::Candidate PanelFactor::sweep(std::size_t base, std::size_t column) {
  Sweep sweep;
  const std::size_t before = column - base;
  for (std::size_t k = 0; k < before; ++k) {
    sweep.l[k] = below(base + k);
    sweep.t[k] = *top(base + k, column);
  }
  if (before > 0 && *top(column - 1, column - 1) != 0) sweep.inverse = 1 / *top(column - 1, column - 1);
  sweep.v = below(column);
  const SweepChunk chunk = kSweeps[before];
  const std::size_t from = active(column), to = panel_->rows();
  const auto chunks = static_cast<std::ptrdiff_t>(to > from ? (to - from + kChunk - 1) / kChunk : 0);
  Candidate best{-1, from};  // row: the first of the chunk with the largest value
#pragma omp parallel num_threads(threads_) if (to - from >= kShared && threads_ > 1)
  {
    Candidate mine{-1, from};
#pragma omp for schedule(static) nowait
    for (std::ptrdiff_t c = 0; c < chunks; ++c) {
      const std::size_t begin = from + static_cast<std::size_t>(c) * kChunk;
      const double here = chunk(sweep, begin, std::min(begin + kChunk, to));
      if (here > mine.size) mine = {here, begin};
    }
#pragma omp critical(tandem_lu_pivot)
    if (mine.size > best.size || (mine.size == best.size && mine.row < best.row)) best = mine;
  }
  while (best.row + 1 < to && std::abs(sweep.v[best.row]) != best.size) ++best.row;
  return best;
}

void PanelFactor::scale(std::size_t column) {
  const double pivot = *top(column, column);
  if (pivot == 0) return;  // a column without a pivot stays as it is, as in LAPACK
  const std::size_t from = active(column + 1);
  if (panel_->rows() > from) cblas_dscal(blas(panel_->rows() - from), 1 / pivot, below(column) + from, 1);
}

// The pivot's row becomes row `column` of `top`, on every rank; the row that was there takes the pivot's place.
void PanelFactor::exchange(std::size_t column, const Candidate& mine) {
  Panel& panel = *panel_;
  const std::size_t width = panel.width(), ballot = 2 + panel.block(), here = panel.first() + column;
  const auto read = [&](std::size_t row, double* to) {
    for (std::size_t j = 0; j < width; ++j) to[j] = below(j)[row];
  };
  double* const winner = ballots_.data();
  double* const loser = winner + ballot;
  const bool diagonal = rows_.mine(here);
  winner[0] = mine.size;
  winner[1] = static_cast<double>(rows_.global(panel.local_row() + mine.row));
  if (mine.size >= 0) read(mine.row, winner + 2);
  loser[0] = diagonal ? 1 : 0;
  loser[1] = 0;
  if (diagonal) read(column, loser + 2);
  election_.hold(column_, ballots_);

  const bool found = winner[0] > 0;  // false for a NaN, too
  const std::size_t pivot = found ? static_cast<std::size_t>(winner[1]) : here;
  const double* row = found ? winner + 2 : loser + 2;
  for (std::size_t j = 0; j < width; ++j) *top(column, j) = row[j];
  panel.pivots()[column] = found ? static_cast<double>(pivot) : -1;
  if (pivot != here && rows_.mine(pivot)) {
    const std::size_t at = rows_.local(pivot) - panel.local_row();
    for (std::size_t j = 0; j < width; ++j) below(j)[at] = loser[2 + j];
  }
}

}  // namespace tandem::kernels
