// C += A B for blocks of one fp32 matrix, where A and B are first rounded to fewer bits and the sums stay in fp32: what
// the matrix units of a processor compute. Products of little depth are not worth the rounding and stay in fp32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "harness/device/buffer.hpp"
#include "kernels/dense/onednn.hpp"

namespace tandem::kernels {

class RoundedProduct {
 public:
  // Of a matrix with rows `lead` apart; no operand may have more than `most` entries. Throws Unsupported where oneDNN
  // has no product of that format, or only a reference implementation.
  RoundedProduct(Element element, std::size_t lead, std::size_t most);

  // m x n += m x k times k x n. The first call for a shape sets it up.
  void add(const MatmulShape& shape, const float* a, const float* b, float* c);

  Element element() const { return element_; }
  const std::string& implementation() const { return implementation_; }

 private:
  struct Plan {
    Conversion a, b;
    Matmul product;
  };
  Plan plan(const MatmulShape& shape);

  Element element_;
  std::size_t lead_;
  Buffer<std::uint16_t> a_, b_;
  std::map<std::tuple<std::size_t, std::size_t, std::size_t>, Plan> plans_;
  std::string implementation_;
};

// Bytes of its operands.
double rounded_product_bytes(Element element, std::size_t most);

}  // namespace tandem::kernels
