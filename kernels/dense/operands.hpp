// The matrices of products in any number format: what size they have, how they are drawn and how they are read back.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/base/settings.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/element.hpp"
#include "kernels/dense/freivalds.hpp"

namespace tandem::kernels {

// The setting "n": one order, or MxNxK.
MatmulShape matmul_shape(const Settings& settings);

void store_operand(Element type, std::byte* data, std::size_t i, double value);

// Entry i of the matrix of this stream. Exact data: integers -2..2 (0..2 unsigned, up to 2^10 in fp64). Else reals in
// [-1, 1); int8 draws its whole range.
double draw_operand(Element type, Data kind, std::uint64_t seed, std::uint64_t stream, std::uint64_t i);

void fill_operand(Element type, std::byte* data, std::size_t count, Data kind, std::uint64_t seed,
                  std::uint64_t stream);

RowReader operand_rows(Element type, const std::byte* data, std::size_t columns);

// ||C - R||_F / ||R||_F over a few rows of C = A B, R in fp64 by the reals before they were rounded to their formats;
// A is of stream 1, B of stream 2.
double error_of_rows(const MatmulShape& shape, Element a, Element b, const RowReader& c, Data kind, std::uint64_t seed);

}  // namespace tandem::kernels
