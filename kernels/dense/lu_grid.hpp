// Block-cyclic distribution of [A | b] over a grid of processes (ScaLAPACK's).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "harness/ranks/group.hpp"

namespace tandem::kernels {

// One dimension: block b of `block` indices belongs to part b mod `parts`. Local indices count a part's own in rising
// order.
struct Cyclic {
  std::size_t n = 0;      // global indices 0 .. n-1
  std::size_t block = 1;  // the last block may be shorter
  std::size_t parts = 1;
  std::size_t part = 0;  // this process

  std::size_t owner(std::size_t global) const { return global / block % parts; }
  bool mine(std::size_t global) const { return owner(global) == part; }

  // The local index that `global` has at its owner.
  std::size_t local(std::size_t global) const { return global / block / parts * block + global % block; }
  std::size_t global(std::size_t local) const { return (local / block * parts + part) * block + local % block; }

  // How many of 0 .. end-1 are mine: the local index of my first one from `end` on.
  std::size_t before(std::size_t end) const {
    const std::size_t full = end / block, extra = full % parts;
    return full / parts * block + (extra > part ? block : extra == part ? end % block : 0);
  }
  std::size_t size() const { return before(n); }
};

// n unknowns in blocks of nb on a grid of p x q = all ranks, row by row.
struct LuShape {
  std::size_t n = 0, nb = 0, p = 1, q = 1;
};

// A rank's place in the grid and its part of [A | b].
struct LuGrid {
  LuGrid(const LuShape& shape, const Ranks& ranks);  // collective

  const Ranks& ranks;
  Group row, column;     // the ranks that share this one's rows; its columns
  Cyclic rows, columns;  // b is the last column

  // All entries of a vector of which each rank has those of its rows. Collective over a process column.
  std::vector<double> whole(std::span<const double> mine) const;
};

}  // namespace tandem::kernels
