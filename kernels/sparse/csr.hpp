// Compressed sparse rows: 32-bit columns, fp64 values, 64-bit row starts. y = A x with 2 flops a nonzero and
// 12 bytes a nonzero + 8 a row for the matrix.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/device/buffer.hpp"

namespace tandem::kernels {

struct Entry {
  std::int32_t row = 0;
  std::int32_t column = 0;
  double value = 0;
};

struct Csr {
  std::size_t rows = 0;
  std::size_t columns = 0;
  Buffer<std::int64_t> start;   // rows + 1: where each row's nonzeros begin
  Buffer<std::int32_t> column;  // strictly ascending within a row
  Buffer<double> value;
  std::size_t nonzeros() const { return value.size(); }
  double bytes() const { return 12.0 * static_cast<double>(nonzeros()) + 8.0 * static_cast<double>(start.size()); }
};

// `entries` in row-major order without duplicates (the order of MatrixMarket::entries).
Csr csr_from_entries(std::size_t rows, std::size_t columns, std::span<const Entry> entries);

// HPCG's matrix on an n x n x n grid: 26 on the diagonal, -1 for each of the up to 26 neighbours.
// Row (z n + y) n + x; n <= 1290, so that a column fits into 32 bits.
Csr stencil27(std::int32_t n);

// y = A x on OpenMP's threads; x has a.columns values, y a.rows.
void multiply(const Csr& a, std::span<const double> x, std::span<double> y);

}  // namespace tandem::kernels
