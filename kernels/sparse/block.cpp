#include "kernels/sparse/block.hpp"

#include <limits>

#include "harness/base/check.hpp"

namespace tandem::kernels {
namespace {

// Entries of the rows of one axis' points `first`, ..., `first + count - 1` of `whole`: 3 each, less beyond the ends.
std::int64_t along(std::int64_t first, std::int64_t count, std::int64_t whole) {
  return 3 * count - (first == 0 ? 1 : 0) - (first + count == whole ? 1 : 0);
}

struct Extent {
  std::int64_t first, last;
};

// The layer of an axis' points next to a neighbour on side `step` (-1, 0, 1): the neighbour's own or this block's.
Extent layer(std::int64_t step, std::int64_t points, bool theirs) {
  if (step == 0) return {0, points - 1};
  const std::int64_t inside = step < 0 ? 0 : points - 1;
  return {inside + (theirs ? step : 0), inside + (theirs ? step : 0)};
}

std::vector<std::int32_t> layer_points(const Block& block, const Triple& step, bool theirs) {
  const Extent x = layer(step[0], block.points[0], theirs), y = layer(step[1], block.points[1], theirs),
               z = layer(step[2], block.points[2], theirs);
  std::vector<std::int32_t> result;
  for (std::int64_t k = z.first; k <= z.last; ++k)
    for (std::int64_t j = y.first; j <= y.last; ++j)
      for (std::int64_t i = x.first; i <= x.last; ++i) result.push_back(static_cast<std::int32_t>(block.box(i, j, k)));
  return result;
}

}  // namespace

Triple near_cubic(int ranks) {
  Triple best{ranks, 1, 1};
  for (std::int64_t z = 1; z * z * z <= ranks; ++z)
    for (std::int64_t y = z; z * y * y <= ranks; ++y)
      if (const std::int64_t x = ranks / (y * z); x * y * z == ranks && x + y + z < best[0] + best[1] + best[2])
        best = {x, y, z};
  return best;
}

Block::Block(const Triple& grid, int rank, const Triple& local)
    : ranks(grid), at{rank % grid[0], rank / grid[0] % grid[1], rank / (grid[0] * grid[1])}, points(local) {}

std::int64_t Block::nonzeros() const {
  std::int64_t product = 1;
  for (std::size_t a = 0; a < 3; ++a) product *= along(at[a] * points[a], points[a], whole(a));
  return product;
}

std::int64_t Block::all_nonzeros() const {
  std::int64_t product = 1;
  for (std::size_t a = 0; a < 3; ++a) product *= along(0, whole(a), whole(a));
  return product;
}

Block Block::coarse() const {
  Block result = *this;
  for (std::int64_t& n : result.points) n /= 2;
  return result;
}

std::int64_t Block::global(std::int64_t x, std::int64_t y, std::int64_t z) const {
  const Triple place{at[0] * points[0] + x, at[1] * points[1] + y, at[2] * points[2] + z};
  for (std::size_t a = 0; a < 3; ++a)
    if (place[a] < 0 || place[a] >= whole(a)) return -1;
  return (place[2] * whole(1) + place[1]) * whole(0) + place[0];
}

std::vector<Halo::Neighbour> Block::neighbours() const {
  std::vector<Halo::Neighbour> result;
  for (std::int64_t dz = -1; dz <= 1; ++dz)
    for (std::int64_t dy = -1; dy <= 1; ++dy)
      for (std::int64_t dx = -1; dx <= 1; ++dx) {
        const Triple step{dx, dy, dz};
        bool there = dx != 0 || dy != 0 || dz != 0;
        for (std::size_t a = 0; a < 3; ++a) there = there && at[a] + step[a] >= 0 && at[a] + step[a] < ranks[a];
        if (!there) continue;
        const std::int64_t rank = ((at[2] + dz) * ranks[1] + at[1] + dy) * ranks[0] + at[0] + dx;
        result.push_back({static_cast<int>(rank), layer_points(*this, step, false), layer_points(*this, step, true)});
      }
  return result;
}

Numbering number_points(const Block& block) {
  check_usage(block.box_size() <= std::numeric_limits<std::int32_t>::max(),
              "{} x {} x {} points a rank are too many for 32-bit local columns; use more ranks", block.points[0],
              block.points[1], block.points[2]);
  Numbering result{Buffer<std::int32_t>(static_cast<std::size_t>(block.box_size())), block.neighbours(),
                   static_cast<std::size_t>(block.rows())};
  Buffer<std::int32_t>& column = result.column;
  const std::int64_t nx = block.points[0], ny = block.points[1], nz = block.points[2];
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y)
      for (std::int64_t x = 0; x < nx; ++x)
        column.data()[block.box(x, y, z)] = static_cast<std::int32_t>((z * ny + y) * nx + x);
  for (Halo::Neighbour& neighbour : result.neighbours) {
    for (std::int32_t& point : neighbour.send) point = column[static_cast<std::size_t>(point)];
    for (std::int32_t& point : neighbour.receive) {
      column[static_cast<std::size_t>(point)] = static_cast<std::int32_t>(result.columns);
      point = static_cast<std::int32_t>(result.columns++);
    }
  }
  return result;
}

LocalMatrix stencil27(const Block& block) {
  Numbering numbering = number_points(block);
  const Buffer<std::int32_t>& column = numbering.column;
  const std::int64_t nx = block.points[0], ny = block.points[1], nz = block.points[2];
  const auto rows = static_cast<std::size_t>(block.rows());
  const std::size_t columns = numbering.columns;
  LocalMatrix result{{}, std::move(numbering.neighbours)};
  const auto nonzeros = static_cast<std::size_t>(block.nonzeros());
  result.matrix = {rows, columns, Buffer<std::int64_t>(rows + 1), Buffer<std::int32_t>(nonzeros),
                   Buffer<double>(nonzeros)};
  Csr& a = result.matrix;
  const auto inside = [&](std::size_t axis, std::int64_t i) {  // entries along an axis
    return along(block.at[axis] * block.points[axis] + i, 1, block.whole(axis));
  };
  for (std::int64_t z = 0, row = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y)
      for (std::int64_t x = 0; x < nx; ++x, ++row)
        a.start.data()[row + 1] = a.start.data()[row] + inside(0, x) * inside(1, y) * inside(2, z);
#pragma omp parallel for schedule(static)
  for (std::int64_t z = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y)
      for (std::int64_t x = 0; x < nx; ++x) {
        auto at = static_cast<std::size_t>(a.start.data()[(z * ny + y) * nx + x]);
        for (int d = 0; d < 27; ++d) {
          const std::int64_t i = x + d % 3 - 1, j = y + d / 3 % 3 - 1, k = z + d / 9 - 1;
          if (block.global(i, j, k) < 0) continue;
          a.column[at] = column.data()[block.box(i, j, k)];
          a.value[at++] = d == 13 ? 26 : -1;
        }
      }
  return result;
}

}  // namespace tandem::kernels
