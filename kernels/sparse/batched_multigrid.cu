// A thread a column and case, or a node and case.
#include <algorithm>

#include "kernels/sparse/batched_multigrid.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr unsigned threads = 128;
constexpr unsigned below = 4, own = 13, above = 22;  // a column's coefficients

// Weight of coarse node `to` in the interpolation to fine node `from` of n, in one direction; 0 outside.
GPU_FUNCTION float weight(int n, int from, int to) {
  if (from < 0 || from >= n) return 0;
  if (from % 2 == 0) return from / 2 == to ? 1.0f : 0.0f;
  if (from + 1 == n) return (from - 1) / 2 == to ? 1.0f : 0.0f;
  return (from - 1) / 2 == to || (from + 1) / 2 == to ? 0.5f : 0.0f;
}

GPU_KERNEL void clear(BatchedView level) {
  const std::size_t i = grid_index();
  if (i < level.grid.padded() * level.grid.cases) level.right[i] = level.unknown[i] = level.rest[i] = 0;
}

// A thread an entry of the coarse operator: it gathers what its row's fine nodes send to its column.
GPU_KERNEL void galerkin(BatchedView fine, BatchedView coarse) {
  const std::size_t cases = fine.grid.cases, nodes = coarse.grid.nodes(), i = grid_index();
  if (i >= 27 * nodes * cases) return;
  const std::size_t c = i % cases, node = i / cases % nodes;
  const int d = static_cast<int>(i / cases / nodes), nx = static_cast<int>(fine.grid.nx),
            ny = static_cast<int>(fine.grid.ny);
  const int coarse_x = static_cast<int>(node % coarse.grid.nx),
            coarse_y = static_cast<int>(node / coarse.grid.nx % coarse.grid.ny);
  const std::size_t k = node / coarse.grid.nx / coarse.grid.ny, pitch = fine.grid.nodes() * cases;
  const std::size_t same_height = i / cases / nodes / 9 * 9;  // its 9 entries
  const int to_x = coarse_x + d % 3 - 1, to_y = coarse_y + d / 3 % 3 - 1;
  float sum = 0;
  for (int y = 2 * coarse_y - 1; y <= 2 * coarse_y + 1; ++y) {
    const float row_y = weight(ny, y, coarse_y);
    for (int ey = -1; ey <= 1; ++ey) {
      const float both_y = row_y * weight(ny, y + ey, to_y);
      if (both_y == 0) continue;
      for (int x = 2 * coarse_x - 1; x <= 2 * coarse_x + 1; ++x) {
        const float row_x = both_y * weight(nx, x, coarse_x);
        for (int ex = -1; ex <= 1; ++ex) {
          const float both = row_x * weight(nx, x + ex, to_x);
          if (both == 0) continue;
          const std::size_t entry = same_height + static_cast<unsigned>((ey + 1) * 3 + ex + 1);
          const std::size_t row =
              (k * fine.grid.ny + static_cast<std::size_t>(y)) * fine.grid.nx + static_cast<std::size_t>(x);
          sum += both * fine.a[entry * pitch + row * cases + c];
        }
      }
    }
  }
  coarse.a[i] = sum;
}

GPU_KERNEL void factor(BatchedView level) {
  const std::size_t cases = level.grid.cases, columns = static_cast<std::size_t>(level.grid.nx) * level.grid.ny;
  const std::size_t i = grid_index(), pitch = level.grid.nodes() * cases;
  if (i >= columns * cases) return;
  float ratio = 0;
  for (std::size_t k = 0, at = i; k < level.grid.nz; ++k, at += columns * cases) {
    const float pivot = 1 / (level.a[own * pitch + at] - level.a[below * pitch + at] * ratio);
    ratio = level.a[above * pitch + at] * pivot;
    level.pivot[at] = pivot;
    level.ratio[at] = ratio;
  }
}

// Sum over the neighbouring columns at one height: those in the same row of x, those in other rows.
GPU_FUNCTION float beside(const BatchedGrid& grid, const float* a, const float* x, bool same, bool other) {
  const std::size_t pitch = grid.nodes() * grid.cases;
  float sum = 0;
  for (unsigned z = 0; z < 27; z += 9) {
    if (same) sum += a[(z + 3) * pitch] * x[grid.to(z + 3)] + a[(z + 5) * pitch] * x[grid.to(z + 5)];
    if (other)
      for (unsigned d = 0; d < 3; ++d)
        sum += a[(z + d) * pitch] * x[grid.to(z + d)] + a[(z + d + 6) * pitch] * x[grid.to(z + d + 6)];
  }
  return sum;
}

// Solves the columns of one colour, parities of x and y, for the present neighbours.
GPU_KERNEL void relax(BatchedView level, unsigned odd_x, unsigned odd_y, bool same, bool other) {
  const BatchedGrid& grid = level.grid;
  const std::size_t cases = grid.cases, wide = (grid.nx + 1 - odd_x) / 2, deep = (grid.ny + 1 - odd_y) / 2;
  const std::size_t index = grid_index(), c = index % cases, column = index / cases;
  if (column >= wide * deep || level.open[c] == 0) return;
  const std::size_t i = 2 * (column % wide) + odd_x, j = 2 * (column / wide) + odd_y;
  const std::size_t step = static_cast<std::size_t>(grid.nx) * grid.ny * cases, up = grid.plane() * cases;
  const std::size_t first = (j * grid.nx + i) * cases + c, first_at = grid.at(i, j, 0) * cases + c;
  const std::size_t pitch = grid.nodes() * cases;
  float value = 0;
  for (std::size_t k = 0; k < grid.nz; ++k) {
    const std::size_t node = first + k * step, at = first_at + k * up;
    const float rest = level.right[at] - beside(grid, level.a + node, level.unknown + at, same, other) -
                       level.a[below * pitch + node] * value;
    value = rest * level.pivot[node];
    level.unknown[at] = value;
  }
  for (std::size_t k = grid.nz - 1; k-- > 0;) {
    value = level.unknown[first_at + k * up] - level.ratio[first + k * step] * value;
    level.unknown[first_at + k * up] = value;
  }
}

// After a sweep from zero: a column's residual comes from the colours behind its own.
GPU_KERNEL void residual(BatchedView level) {
  const std::size_t cases = level.grid.cases, i = grid_index(), c = i % cases, node = i / cases;
  if (node >= level.grid.nodes() || level.open[c] == 0) return;
  const std::size_t at = level.grid.at(node) * cases + c;
  const bool even_x = node % level.grid.nx % 2 == 0, even_y = node / level.grid.nx % level.grid.ny % 2 == 0;
  level.rest[at] = -beside(level.grid, level.a + i, level.unknown + at, even_x, even_y);
}

GPU_KERNEL void restrict_to(BatchedView fine, BatchedView coarse) {
  const std::size_t cases = coarse.grid.cases, index = grid_index(), c = index % cases, node = index / cases;
  if (node >= coarse.grid.nodes() || fine.open[c] == 0) return;
  const int i = static_cast<int>(node % coarse.grid.nx), j = static_cast<int>(node / coarse.grid.nx % coarse.grid.ny);
  const std::size_t k = node / coarse.grid.nx / coarse.grid.ny;
  const std::size_t centre = fine.grid.at(2 * static_cast<std::size_t>(i), 2 * static_cast<std::size_t>(j), k);
  float sum = 0;
  for (int y = -1; y <= 1; ++y)
    for (int x = -1; x <= 1; ++x) {
      const float share =
          weight(static_cast<int>(fine.grid.nx), 2 * i + x, i) * weight(static_cast<int>(fine.grid.ny), 2 * j + y, j);
      const auto d = static_cast<unsigned>(9 + (y + 1) * 3 + x + 1);
      if (share != 0) sum += share * (fine.rest + centre * cases + c)[fine.grid.to(d)];
    }
  coarse.right[coarse.grid.at(node) * cases + c] = sum;
}

GPU_KERNEL void prolong(BatchedView coarse, BatchedView fine) {
  const std::size_t cases = fine.grid.cases, index = grid_index(), c = index % cases, node = index / cases;
  if (node >= fine.grid.nodes() || fine.open[c] == 0) return;
  const int i = static_cast<int>(node % fine.grid.nx), j = static_cast<int>(node / fine.grid.nx % fine.grid.ny);
  const std::size_t k = node / fine.grid.nx / fine.grid.ny;
  float sum = 0;
  for (int y = j / 2; y <= (j + 1) / 2; ++y)
    for (int x = i / 2; x <= (i + 1) / 2; ++x) {
      const float share = weight(static_cast<int>(fine.grid.nx), i, x) * weight(static_cast<int>(fine.grid.ny), j, y);
      if (share != 0)
        sum += share *
               coarse.unknown[coarse.grid.at(static_cast<std::size_t>(x), static_cast<std::size_t>(y), k) * cases + c];
    }
  fine.unknown[fine.grid.at(node) * cases + c] += sum;
}

void start_relax(const BatchedView& level, unsigned odd_x, unsigned odd_y, bool same, bool other) {
  const std::size_t columns =
      static_cast<std::size_t>((level.grid.nx + 1 - odd_x) / 2) * ((level.grid.ny + 1 - odd_y) / 2);
  if (columns > 0)
    launch(relax, blocks_for(columns * level.grid.cases, threads), threads, level, odd_x, odd_y, same, other);
}

std::size_t blocks_of(const BatchedView& level) { return blocks_for(level.grid.nodes() * level.grid.cases, threads); }

}  // namespace

BatchedMultigrid::BatchedMultigrid(BatchedGrid grid, std::size_t most_cases) {
  levels_.emplace_back(grid, most_cases);
  while (grid.nx > 1 || grid.ny > 1) {
    grid = grid.coarse();
    levels_.emplace_back(grid, most_cases);
  }
}

void BatchedMultigrid::start_batch(unsigned cases) {
  for (BatchedLevel& level : levels_) {
    level.set_cases(cases);
    launch(clear, blocks_for(level.grid().padded() * cases, threads), threads, level.view(nullptr));
  }
}

void BatchedMultigrid::start_set_up(const unsigned* open) {
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    const BatchedView here = levels_[l].view(open);
    if (l > 0)
      launch(galerkin, blocks_for(27 * here.grid.nodes() * here.grid.cases, threads), threads,
             levels_[l - 1].view(open), here);
    launch(factor, blocks_for(static_cast<std::size_t>(here.grid.nx) * here.grid.ny * here.grid.cases, threads),
           threads, here);
  }
}

// From zero, a colour sees only the colours before it.
void BatchedMultigrid::start(const unsigned* open) {
  for (std::size_t l = 0; l + 1 < levels_.size(); ++l) {
    const BatchedView fine = levels_[l].view(open), coarse = levels_[l + 1].view(open);
    start_relax(fine, 0, 0, false, false);
    start_relax(fine, 1, 0, true, false);
    start_relax(fine, 0, 1, false, true);
    start_relax(fine, 1, 1, true, true);
    launch(residual, blocks_of(fine), threads, fine);
    launch(restrict_to, blocks_of(coarse), threads, fine, coarse);
  }
  start_relax(levels_.back().view(open), 0, 0, false, false);  // one column: solved exactly
  for (std::size_t l = levels_.size() - 1; l-- > 0;) {
    const BatchedView fine = levels_[l].view(open);
    launch(prolong, blocks_of(fine), threads, levels_[l + 1].view(open), fine);
    start_relax(fine, 1, 1, true, true);
    start_relax(fine, 0, 1, true, true);
    start_relax(fine, 1, 0, true, true);
    start_relax(fine, 0, 0, true, true);
  }
}

}  // namespace tandem::GPU_VENDOR
