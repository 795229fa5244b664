// A symmetric-pattern matrix as the coloured Gauss-Seidel sweeps of a device read it: rows in the order of their
// colours, entries beside the diagonal in columns of the array (ELL), those of earlier colours first. Neighbouring
// threads read neighbouring values; a sweep that needs one side only reads no other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/ordering.hpp"

namespace tandem::kernels {

struct Ell {
  Ordering ordering;
  std::size_t width = 0;         // most entries of a row beside the diagonal
  Buffer<double> diagonal;       // [slots]; 1 in padding
  Buffer<double> value;          // [width, slots]; 0 where a row has fewer
  Buffer<std::int32_t> column;   // slots; the row's own where it has fewer
  Buffer<std::uint8_t> lower;    // [slots]: how many entries are of earlier colours
  Buffer<std::uint8_t> entries;  // [slots]: of all
  std::size_t slots() const { return ordering.slots(); }
};

// A row's diagonal must be there; at most 255 entries a row.
Ell ell_from(const Csr& a);

}  // namespace tandem::kernels
