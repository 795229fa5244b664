// Products C = A B (+ bias) on a device by the vendor's library: cuBLASLt, rocBLAS, or loops on the guarded device.
// Row-major.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/device/gpu_runtime.hpp"
#include "harness/kernel/choose.hpp"
#include "kernels/dense/element.hpp"

namespace tandem::GPU_VENDOR {

struct ProductFormat {
  kernels::Element a = kernels::Element::fp32, b = a, c = a;
  bool tf32 = false;          // fp32 operands, of which the tensor cores take 10 bits of the fraction
  bool b_transposed = false;  // memory holds B^T: the only order in which 8-bit operands are multiplied fast
  bool a_transposed = false;  // memory holds A^T
  bool bias = false;          // a row of n values in fp32 is added to every row; c must be fp32
  bool subtract = false;      // C -= A B; c must be fp64
  std::size_t lead_a = 0, lead_b = 0, lead_c = 0;  // elements from a row of the array to the next; 0: dense
  std::size_t alignment = 256;                     // of all matrices, bytes
};

// Of the arrays: rows of A or A^T, of B or B^T, of C.
struct ProductLeads {
  ProductLeads(const kernels::MatmulShape& shape, const ProductFormat& f)
      : a(f.lead_a > 0     ? f.lead_a
          : f.a_transposed ? shape.m
                           : shape.k),
        b(f.lead_b > 0     ? f.lead_b
          : f.b_transposed ? shape.k
                           : shape.n),
        c(f.lead_c > 0 ? f.lead_c : shape.n) {}
  std::size_t a, b, c;
};

// The largest alignment up to 256 that all of these offsets in bytes keep.
inline std::size_t alignment_of(const std::vector<std::size_t>& offsets) {
  std::size_t alignment = 256;
  for (const std::size_t offset : offsets)
    while (offset % alignment != 0) alignment /= 2;
  return alignment;
}

class Product {
 public:
  // Throws Unsupported where the library has no such product for this device.
  Product(const kernels::MatmulShape& shape, const ProductFormat& format);
  ~Product();
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  std::size_t ways() const;   // algorithms that the library proposes, the likeliest first
  void use(std::size_t way);  // 0 at first
  void start(const void* a, const void* b, void* c, const float* bias = nullptr);
  std::string library() const;  // "cuBLASLt 13.1.0"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Takes the fastest of the product's ways; `start` starts it once. Collective.
inline std::size_t choose_way(const Ranks& ranks, Product& product, const std::function<void()>& start) {
  std::vector<Candidate> candidates;
  for (std::size_t way = 0; way < product.ways(); ++way)
    candidates.push_back({[&, way] {
      product.use(way);
      start();
      finish();
    }});
  const std::size_t way = fastest(ranks, candidates);
  product.use(way);
  return way;
}

}  // namespace tandem::GPU_VENDOR
