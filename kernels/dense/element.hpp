// Number formats of matrices.
#pragma once

#include <cstddef>

namespace tandem::kernels {

// fp8: E4M3.
enum class Element { fp64, fp32, bf16, fp16, fp8, int8, uint8, int32 };

inline std::size_t bytes_of(Element element) {
  constexpr std::size_t bytes[] = {8, 4, 2, 2, 1, 1, 1, 4};
  return bytes[static_cast<int>(element)];
}

inline const char* name_of(Element element) {
  constexpr const char* names[] = {"fp64", "fp32", "bf16", "fp16", "fp8", "int8", "uint8", "int32"};
  return names[static_cast<int>(element)];
}

struct MatmulShape {
  std::size_t m = 0, n = 0, k = 0;
  std::size_t batch = 1;
};

}  // namespace tandem::kernels
