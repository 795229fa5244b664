// C += A B for blocks of fp32 matrices, where A and B are first rounded to fewer bits and the sums stay in fp32: what
// the matrix units of a processor compute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

// A part of a row-major matrix.
struct Block {
  float* data = nullptr;
  std::size_t lead = 0;  // from a row to the next
  float* row(std::size_t i) const { return data + i * lead; }
  Block at(std::size_t row, std::size_t column) const { return {data + row * lead + column, lead}; }
};

class RoundedProduct {
 public:
  // No operand of add() may have more than `most` entries. Throws Unsupported where oneDNN has no product of that
  // format, or only a reference implementation.
  RoundedProduct(Element element, std::size_t most);

  // m x n += m x k times k x n. The first call for a shape sets it up, here and below. Products of little depth are not
  // worth the rounding and stay in fp32.
  void add(const MatmulShape& shape, Block a, Block b, Block c);

  // The same in two steps, for operands that are used or sent more than once: rounded, they are dense.
  void round(std::size_t rows, std::size_t columns, Block from, void* to);
  void add_rounded(const MatmulShape& shape, const void* a, const void* b, Block c);

  Element element() const { return element_; }
  const std::string& implementation() const { return implementation_; }

 private:
  using Shape = std::tuple<std::size_t, std::size_t, std::size_t, std::size_t>;  // the last: the lead in fp32
  Element element_;
  Buffer<std::uint16_t> a_, b_;
  std::map<Shape, Conversion> conversions_;
  std::map<Shape, Matmul> products_;
  std::string implementation_;
};

// Bytes of its operands.
double rounded_product_bytes(Element element, std::size_t most);

}  // namespace tandem::kernels
