// Column Gauss-Seidel in four colours, bilinear transfer in x and y, the V cycle. Galerkin products: galerkin.cpp.
#include "kernels/sparse/multigrid.hpp"

#include <algorithm>

#include "kernels/sparse/galerkin.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t own = 13;    // a column's own coefficient,
constexpr std::size_t below = 4;   // the one below it
constexpr std::size_t above = 22;  // and the one above it

// Sum over the neighbouring columns of one chunk at one height: those in the same row of x, those in other rows.
template <bool Same, bool Other, typename T>
inline Pack<T> neighbours(const T* a, const T* x, std::ptrdiff_t left, std::ptrdiff_t stride, std::ptrdiff_t plane) {
  Pack<T> sum[3] = {};
  for (std::ptrdiff_t dz = 0; dz < 3; ++dz) {
    const T* middle = x + (dz - 1) * plane;
    const T* b = a + dz * 9 * static_cast<std::ptrdiff_t>(lanes);
    if constexpr (Same)
      sum[0] += load(b + 3 * lanes) * load(middle + left) + load(b + 5 * lanes) * load(middle + left + 1);
    if constexpr (Other) {
      const T* front = middle - stride;
      const T* back = middle + stride;
      sum[1] +=
          load(b) * load(front + left) + load(b + lanes) * load(front) + load(b + 2 * lanes) * load(front + left + 1);
      sum[2] += load(b + 6 * lanes) * load(back + left) + load(b + 7 * lanes) * load(back) +
                load(b + 8 * lanes) * load(back + left + 1);
    }
  }
  return sum[0] + sum[1] + sum[2];
}

template <typename T>
struct Columns {
  const Stencil27<T>& matrix;
  const T *pivot, *ratio, *right;
  T *unknown, *rest;

  // Solves the columns of one row and colour for the present neighbours.
  template <bool Same, bool Other>
  void relax(std::size_t j, int half) const {
    const Grid27& grid = matrix.grid;
    const auto stride = static_cast<std::ptrdiff_t>(grid.stride()), plane = static_cast<std::ptrdiff_t>(grid.plane());
    for (std::size_t c = 0; c < grid.chunks(half); ++c) {
      const std::size_t first = grid.row(static_cast<std::ptrdiff_t>(j), 0) + grid.half_start(half) + c * lanes;
      Pack<T> value = {};
      for (std::size_t k = 0, at = first; k < grid.nz; ++k, at += grid.plane()) {
        const T* a = matrix.chunk(j, k, half, c);
        Pack<T> t = load(right + at) - load(a + below * lanes) * value;
        if constexpr (Same || Other) t -= neighbours<Same, Other>(a, unknown + at, grid.left(half), stride, plane);
        value = t * load(pivot + at);
        store<T>(unknown + at, value);
      }
      for (std::size_t k = grid.nz - 1; k-- > 0;) {
        const std::size_t at = first + k * grid.plane();
        value = load(unknown + at) - load(ratio + at) * value;
        store<T>(unknown + at, value);
      }
    }
  }

  // rest = -(part of the operator) unknown.
  template <bool Same, bool Other>
  void residual(std::size_t j, int half) const {
    const Grid27& grid = matrix.grid;
    const auto stride = static_cast<std::ptrdiff_t>(grid.stride()), plane = static_cast<std::ptrdiff_t>(grid.plane());
    for (std::size_t c = 0; c < grid.chunks(half); ++c)
      for (std::size_t k = 0; k < grid.nz; ++k) {
        const std::size_t at = grid.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k)) +
                               grid.half_start(half) + c * lanes;
        store<T>(rest + at,
                 -neighbours<Same, Other>(matrix.chunk(j, k, half, c), unknown + at, grid.left(half), stride, plane));
      }
  }
};

// body(j) for the rows of one parity.
template <typename Body>
void rows(bool threaded, std::size_t ny, std::size_t parity, const Body& body) {
  for_each(threaded, (ny + 1 - parity) / 2, [&](std::size_t m) { body(2 * m + parity); });
}

}  // namespace

template <typename T>
Multigrid<T>::Level::Level(const Grid27& grid, bool parallel)
    : matrix(grid),
      pivot(grid.size()),
      ratio(grid.size()),
      right(grid.size()),
      unknown(grid.size()),
      rest(grid.size()),
      threaded(parallel && grid.nodes() > 4096) {}

template <typename T>
Multigrid<T>::Multigrid(const Grid27& grid, Edge edge, bool threaded)
    : end_weight_(edge == Edge::natural ? T(1) : T(0.5)) {
  Grid27 next = grid;
  levels_.emplace_back(next, threaded);
  while (next.nx > 1 || next.ny > 1) {
    next.nx = next.evens();
    next.ny = (next.ny + 1) / 2;
    levels_.emplace_back(next, threaded);
  }
}

template <typename T>
template <typename A>
void Multigrid<T>::set_up(const Stencil27<A>& a) {
  Stencil27<T>& finest = levels_[0].matrix;
  const std::size_t row = finest.grid.chunks() * 27 * lanes;
  for_each(levels_[0].threaded, finest.grid.ny * finest.grid.nz, [&](std::size_t r) {
    const A* from = a.coefficients.data() + r * row;
    std::transform(from, from + row, finest.coefficients.data() + r * row, [](A v) { return static_cast<T>(v); });
  });
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    if (l > 0) galerkin(levels_[l - 1].matrix, end_weight_, levels_[l - 1].threaded, levels_[l].matrix);
    factor(levels_[l]);
  }
}

template <typename T>
void Multigrid<T>::factor(Level& level) {
  const Grid27& grid = level.matrix.grid;
  for_each(level.threaded, grid.ny, [&](std::size_t j) {
    for (int half = 0; half < 2; ++half)
      for (std::size_t c = 0; c < grid.chunks(half); ++c) {
        Pack<T> ratio = {};
        for (std::size_t k = 0; k < grid.nz; ++k) {
          const T* a = level.matrix.chunk(j, k, half, c);
          const std::size_t at = grid.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k)) +
                                 grid.half_start(half) + c * lanes;
          const Pack<T> diagonal = load(a + own * lanes) - load(a + below * lanes) * ratio;
          Pack<T> pivot = {};
          for (std::size_t lane = 0; lane < lanes; ++lane)  // columns of padding stay zero
            pivot[lane] = diagonal[lane] != T(0) ? T(1) / diagonal[lane] : T(0);
          ratio = load(a + above * lanes) * pivot;
          store<T>(level.pivot.data() + at, pivot);
          store<T>(level.ratio.data() + at, ratio);
        }
      }
  });
}

// From zero, a colour sees only the colours before it; afterwards its residual comes only from those behind it.
template <typename T>
void Multigrid<T>::descend(Level& level) {
  const Columns<T> columns{level.matrix,       level.pivot.data(),   level.ratio.data(),
                           level.right.data(), level.unknown.data(), level.rest.data()};
  const std::size_t ny = level.matrix.grid.ny;
  const bool threaded = level.threaded;
  rows(threaded, ny, 0, [&](std::size_t j) {
    columns.template relax<false, false>(j, 0);
    columns.template relax<true, false>(j, 1);
  });
  rows(threaded, ny, 1, [&](std::size_t j) {
    columns.template relax<false, true>(j, 0);
    columns.template relax<true, true>(j, 1);
    columns.template residual<true, false>(j, 0);
  });
  rows(threaded, ny, 0, [&](std::size_t j) {
    columns.template residual<true, true>(j, 0);
    columns.template residual<false, true>(j, 1);
  });
}

template <typename T>
void Multigrid<T>::ascend(Level& level) {
  const Columns<T> columns{level.matrix,       level.pivot.data(),   level.ratio.data(),
                           level.right.data(), level.unknown.data(), level.rest.data()};
  for (const std::size_t parity : {std::size_t{1}, std::size_t{0}})
    rows(level.threaded, level.matrix.grid.ny, parity, [&](std::size_t j) {
      columns.template relax<true, true>(j, 1);
      columns.template relax<true, true>(j, 0);
    });
}

// Transpose of prolong: rows of y first, then columns of x.
template <typename T>
void Multigrid<T>::restrict_to(const Level& fine, Level& coarse) {
  const Grid27 &f = fine.matrix.grid, &g = coarse.matrix.grid;
  const auto last = static_cast<std::ptrdiff_t>(f.ny) - 1;
  const auto weight = [&](std::ptrdiff_t j) { return f.ny % 2 == 0 && j == last ? end_weight_ : T(0.5); };
  for_each(fine.threaded, g.ny * g.nz, [&](std::size_t r) {
    thread_local std::vector<T> buffer;
    std::vector<T>& line = buffer;
    line.assign(f.stride(), T(0));
    const auto j = static_cast<std::ptrdiff_t>(r % g.ny), k = static_cast<std::ptrdiff_t>(r / g.ny);
    const T* here = fine.rest.data() + f.row(2 * j, k);
    const T* front = here - f.stride();
    const T* back = here + f.stride();
    const T behind = 2 * j < last ? weight(2 * j + 1) : T(0);
    for (std::size_t m = 0; m < f.stride(); ++m) line[m] = here[m] + T(0.5) * front[m] + behind * back[m];
    const T* odd = line.data() + f.odd_start();
    if (f.nx % 2 == 0) line[f.odd_start() + f.odds() - 1] *= 2 * end_weight_;
    T* out = coarse.right.data() + g.row(j, k);
    for (std::size_t i = 0; i < g.nx; ++i) {
      const T left = i > 0 ? odd[i - 1] : T(0);
      out[g.column(i)] = line[i] + T(0.5) * (left + odd[i]);
    }
  });
}

template <typename T>
void Multigrid<T>::prolong(const Level& coarse, Level& fine) {
  const Grid27 &f = fine.matrix.grid, &g = coarse.matrix.grid;
  for_each(fine.threaded, f.ny * f.nz, [&](std::size_t r) {
    thread_local std::vector<T> buffer;
    std::vector<T>& line = buffer;
    line.resize(g.nx + 1);
    const std::size_t j = r % f.ny, k = r / f.ny;
    const bool last = j + 1 == f.ny;
    const T front = j % 2 == 0 ? T(1) : last ? end_weight_ : T(0.5);
    const T back = j % 2 == 0 || last ? T(0) : T(0.5);
    const T* a = coarse.unknown.data() + g.row(static_cast<std::ptrdiff_t>(j / 2), static_cast<std::ptrdiff_t>(k));
    const T* b = a + g.stride();
    for (std::size_t i = 0; i < g.nx; ++i) line[i] = front * a[g.column(i)] + back * b[g.column(i)];
    line[g.nx] = f.nx % 2 == 0 ? (2 * end_weight_ - 1) * line[g.nx - 1] : T(0);
    T* even = fine.unknown.data() + f.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
    T* odd = even + f.odd_start();
    for (std::size_t m = 0; m < f.evens(); ++m) even[m] += line[m];
    for (std::size_t m = 0; m < f.odds(); ++m) odd[m] += T(0.5) * (line[m] + line[m + 1]);
  });
}

template <typename T>
template <typename V>
void Multigrid<T>::apply(const V* r, V* z) {
  Level& finest = levels_[0];
  const Grid27& grid = finest.matrix.grid;
  for_each(finest.threaded, grid.nz, [&](std::size_t k) {
    const std::size_t at = grid.row(-1, static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = at; i < at + grid.plane(); ++i) finest.right[i] = static_cast<T>(r[i]);
  });
  for (std::size_t l = 0; l + 1 < levels_.size(); ++l) {
    descend(levels_[l]);
    restrict_to(levels_[l], levels_[l + 1]);
  }
  const Level& last = levels_.back();  // one column: solved exactly
  Columns<T>{last.matrix,
             last.pivot.data(),
             last.ratio.data(),
             last.right.data(),
             levels_.back().unknown.data(),
             levels_.back().rest.data()}
      .template relax<false, false>(0, 0);
  for (std::size_t l = levels_.size() - 1; l-- > 0;) {
    prolong(levels_[l + 1], levels_[l]);
    ascend(levels_[l]);
  }
  for_each(finest.threaded, grid.nz, [&](std::size_t k) {
    const std::size_t at = grid.row(-1, static_cast<std::ptrdiff_t>(k));
    for (std::size_t i = at; i < at + grid.plane(); ++i) z[i] = static_cast<V>(finest.unknown[i]);
  });
}

template class Multigrid<float>;
template class Multigrid<double>;
template void Multigrid<float>::set_up(const Stencil27<float>&);
template void Multigrid<float>::set_up(const Stencil27<double>&);
template void Multigrid<double>::set_up(const Stencil27<double>&);
template void Multigrid<float>::apply(const float*, float*);
template void Multigrid<float>::apply(const double*, double*);
template void Multigrid<double>::apply(const double*, double*);

}  // namespace tandem::kernels
