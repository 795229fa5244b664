// Block-cyclic distribution of one dimension of a matrix over the rows or columns of a process grid (ScaLAPACK's):
// block b of `block` indices belongs to part b mod `parts`. Local indices count a part's own in rising order.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tandem::kernels {

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

}  // namespace tandem::kernels
