// The sum of each column of a row-major matrix on a device: blocks of rows first, a thread a column, then the blocks in
// their order, so that the result does not depend on how the device shares its work out.
#pragma once

#include <algorithm>
#include <cstddef>

#include "harness/device/gpu_code.hpp"
#include "kernels/learning/gpu_bf16.hpp"

namespace tandem::GPU_VENDOR {

// Rows of a block: enough of them to fill a GPU from a few hundred rows on.
constexpr std::size_t rows_of_block = 64;
inline std::size_t blocks_of_rows(std::size_t rows) { return (rows + rows_of_block - 1) / rows_of_block; }

// Thread (block of rows, column), columns fastest.
template <typename T>
GPU_KERNEL void sum_blocks(const T* matrix, float* partial, std::size_t rows, std::size_t columns) {
  const std::size_t at = grid_index(), block = at / columns, column = at % columns;
  if (block * rows_of_block >= rows) return;
  const std::size_t end = (block + 1) * rows_of_block < rows ? (block + 1) * rows_of_block : rows;
  float sum = 0;
  for (std::size_t row = block * rows_of_block; row < end; ++row) sum += as_float(matrix[row * columns + column]);
  partial[at] = sum;
}

// Thread (group, column): `partial` [groups, blocks, columns] into `sums` [groups, columns].
template <typename T>
GPU_KERNEL void sum_partial(const T* partial, T* sums, std::size_t blocks, std::size_t columns, std::size_t groups) {
  const std::size_t at = grid_index(), group = at / columns, column = at % columns;
  if (group >= groups) return;
  T sum = 0;
  for (std::size_t block = 0; block < blocks; ++block) sum += partial[(group * blocks + block) * columns + column];
  sums[at] = sum;
}

// Adds up what each block of rows made, `partial` [groups, blocks, columns].
inline void add_blocks(const float* partial, float* sums, std::size_t blocks, std::size_t columns,
                       std::size_t groups = 1) {
  constexpr unsigned threads = 128;
  launch(sum_partial<float>, blocks_for(groups * columns, threads), threads, partial, sums, blocks, columns, groups);
}

// `partial`: blocks_of_rows(rows) x columns. Waits for nothing.
template <typename T>
void column_sums(const T* matrix, float* partial, float* sums, std::size_t rows, std::size_t columns) {
  constexpr unsigned threads = 128;
  const std::size_t blocks = blocks_of_rows(rows);
  launch(sum_blocks<T>, blocks_for(blocks * columns, threads), threads, matrix, partial, rows, columns);
  add_blocks(partial, sums, blocks, columns);
}

}  // namespace tandem::GPU_VENDOR
