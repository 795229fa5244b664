// Matrix Market exchange files (Boisvert, Pozo, Remington, NISTIR 5935, 1996): coordinate and array; real, integer,
// pattern (all ones); general, symmetric, skew-symmetric. Complex and hermitian are refused. Every error is a usage
// error that names file, line and what is wrong. Own code: no reader is packaged in the distributions.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "kernels/sparse/csr.hpp"

namespace tandem::kernels {

struct MatrixMarketHeader {
  enum class Field { real, integer, pattern };
  enum class Symmetry { general, symmetric, skew_symmetric };
  bool coordinate = true;  // else array: dense, column by column
  Field field = Field::real;
  Symmetry symmetry = Symmetry::general;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t stored = 0;  // entries in the file; a symmetric half counts once
  std::size_t nonzeros_at_most() const { return symmetry == Symmetry::general ? stored : 2 * stored; }
};

struct MatrixMarket {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<Entry> entries;  // row-major order, symmetric halves written out, no duplicates
};

MatrixMarketHeader read_matrix_market_header(const std::filesystem::path& path);
MatrixMarket read_matrix_market(const std::filesystem::path& path);

}  // namespace tandem::kernels
