// Products C = A B on a device by the vendor's library: cuBLASLt, rocBLAS, or loops on the guarded device. Row-major.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "harness/device/gpu_vendor.hpp"
#include "kernels/dense/element.hpp"

namespace tandem::GPU_VENDOR {

struct ProductFormat {
  kernels::Element a = kernels::Element::fp32, b = a, c = a;
  bool tf32 = false;          // fp32 operands, of which the tensor cores take 10 bits of the fraction
  bool b_transposed = false;  // memory holds B^T: the only order in which 8-bit operands are multiplied fast
};

class Product {
 public:
  // Throws Unsupported where the library has no such product for this device.
  Product(const kernels::MatmulShape& shape, const ProductFormat& format);
  ~Product();
  Product(const Product&) = delete;
  Product& operator=(const Product&) = delete;

  std::size_t ways() const;   // algorithms that the library proposes, the likeliest first
  void use(std::size_t way);  // 0 at first
  void start(const void* a, const void* b, void* c);
  std::string library() const;  // "cuBLASLt 13.1.0"

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tandem::GPU_VENDOR
