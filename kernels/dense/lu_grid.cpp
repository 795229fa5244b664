#include "kernels/dense/lu_grid.hpp"

namespace tandem::kernels {
namespace {

std::size_t place(const Ranks& ranks) { return static_cast<std::size_t>(ranks.rank()); }

}  // namespace

LuGrid::LuGrid(const LuShape& shape, const Ranks& all)
    : ranks(all),
      row(all, static_cast<int>(place(all) / shape.q), all.rank()),
      column(all, static_cast<int>(place(all) % shape.q), all.rank()),
      rows{shape.n, shape.nb, shape.p, place(all) / shape.q},
      columns{shape.n + 1, shape.nb, shape.q, place(all) % shape.q} {}

std::vector<double> LuGrid::whole(std::span<const double> mine) const {
  std::vector<int> counts;
  for (std::size_t part = 0; part < rows.parts; ++part)
    counts.push_back(static_cast<int>(Cyclic{rows.n, rows.block, rows.parts, part}.size()));
  std::vector<double> parts(rows.n), all(rows.n);
  column.gather(mine, counts, parts);
  std::size_t at = 0;
  for (std::size_t part = 0; part < rows.parts; ++part) {
    const Cyclic theirs{rows.n, rows.block, rows.parts, part};
    for (std::size_t i = 0; i < theirs.size(); ++i) all[theirs.global(i)] = parts[at++];
  }
  return all;
}

}  // namespace tandem::kernels
