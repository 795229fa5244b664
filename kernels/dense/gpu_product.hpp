// Products C = A B (+ bias) or C += A B, one or a batch of them, on a device by the vendor's library: cuBLASLt,
// rocBLAS, or loops on the guarded device. Row-major.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/device/gpu_runtime.hpp"
#include "harness/kernel/choose.hpp"
#include "kernels/dense/element.hpp"

namespace tandem::GPU_VENDOR {

struct ProductFormat {
  kernels::Element a = kernels::Element::fp32, b = a, c = a;
  bool tf32 = false;          // fp32 operands, of which the tensor cores take 10 bits of the fraction
  bool b_transposed = false;  // memory holds B^T: the only order in which 8-bit operands are multiplied fast
  bool a_transposed = false;  // memory holds A^T
  bool bias = false;          // a row of n values in fp32 is added to every row; c must be fp32, the batch 1
  bool add = false;           // C += A B; c must be fp32 or fp64
  double factor = 1;          // of A B
  std::size_t lead_a = 0, lead_b = 0, lead_c = 0;  // elements from a row of the array to the next; 0: dense
  std::size_t step_a = 0, step_b = 0, step_c = 0;  // from a matrix of the batch to the next; 0: one after another
  bool shared_a = false;                           // one A for the whole batch
  std::size_t alignment = 256;                     // of all matrices, bytes
};

// Elements from a row of the arrays (A or A^T, B or B^T, C) to the next, and from a matrix of the batch to the next.
struct ProductStrides {
  ProductStrides(const kernels::MatmulShape& shape, const ProductFormat& f)
      : a(f.lead_a > 0     ? f.lead_a
          : f.a_transposed ? shape.m
                           : shape.k),
        b(f.lead_b > 0     ? f.lead_b
          : f.b_transposed ? shape.k
                           : shape.n),
        c(f.lead_c > 0 ? f.lead_c : shape.n),
        step_a(f.shared_a     ? 0
               : f.step_a > 0 ? f.step_a
                              : a * (f.a_transposed ? shape.k : shape.m)),
        step_b(f.step_b > 0 ? f.step_b : b * (f.b_transposed ? shape.n : shape.k)),
        step_c(f.step_c > 0 ? f.step_c : c * shape.m) {
    check(!f.bias || shape.batch == 1, "a bias is for one product, not for a batch of {}", shape.batch);
  }
  std::size_t a, b, c, step_a, step_b, step_c;
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
  const auto ways =
      static_cast<std::size_t>(-ranks.max(-static_cast<double>(product.ways())));  // the same on every rank
  for (std::size_t way = 0; way < ways; ++way)
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
