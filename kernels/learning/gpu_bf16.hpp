// Values in fp32 or bf16 (its bits) as device code reads and writes them.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "harness/device/gpu_code.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::GPU_VENDOR {

// Of the host's Bf16 the bits, which device code knows how to read.
template <typename T>
using Bits = std::conditional_t<sizeof(T) == 2, std::uint16_t, float>;
inline float* bits(float* values) { return values; }
inline const float* bits(const float* values) { return values; }
inline std::uint16_t* bits(kernels::Bf16* values) { return reinterpret_cast<std::uint16_t*>(values); }
inline const std::uint16_t* bits(const kernels::Bf16* values) { return reinterpret_cast<const std::uint16_t*>(values); }

GPU_FUNCTION float as_float(float value) { return value; }
GPU_FUNCTION float as_float(std::uint16_t bf16) {
  const std::uint32_t bits = static_cast<std::uint32_t>(bf16) << 16;
  float value = 0;
  memcpy(&value, &bits, sizeof value);
  return value;
}

GPU_FUNCTION void put(float& to, float value) { to = value; }
// To nearest, ties to even.
GPU_FUNCTION void put(std::uint16_t& to, float value) {
  std::uint32_t bits = 0;
  memcpy(&bits, &value, sizeof bits);
  to = static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

}  // namespace tandem::GPU_VENDOR
