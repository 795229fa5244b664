// Strips of 8 rows by diagonals: each diagonal (column - row) that any of the 8 rows holds is stored as 8 values and
// one 32-bit offset, absent ones as zeros. The vector loads of x are contiguous (no gather) and the index costs half
// a byte a nonzero; made for stencils and bands. After CRSD (Sun et al., ICPP 2011). Strips of 64 rows are for GPUs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/device/buffer.hpp"
#include "kernels/sparse/csr.hpp"

namespace tandem::kernels {

template <std::size_t rows_each>
struct StripsOf {
  static constexpr std::size_t height = rows_each;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t nonzeros = 0;
  Buffer<std::int64_t> start;   // strips + 1: where each strip's diagonals begin
  Buffer<std::int32_t> offset;  // column - row, strictly ascending within a strip
  Buffer<double> value;         // `height` a diagonal
  double bytes() const {
    return 8.0 * static_cast<double>(start.size() + value.size()) + 4.0 * static_cast<double>(offset.size());
  }
};

using Strips = StripsOf<8>;

// Stored values (zeros included) over nonzeros, without building the strips: 1.007 for stencil27(104), up to `height`.
// Heights: 8, 64.
template <std::size_t height = 8>
double strips_fill(const Csr& a);

template <std::size_t height = 8>
StripsOf<height> strips_from(const Csr& a);

void multiply(const Strips& a, std::span<const double> x, std::span<double> y);

}  // namespace tandem::kernels
