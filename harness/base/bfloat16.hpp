// bfloat16, the upper half of an fp32 as 16 bits: to nearest, ties to even (IEEE 754). What lies beyond the largest
// finite number becomes infinity; a NaN stays one, made quiet; denormals round like all others.
#pragma once

#include <bit>
#include <cstdint>

namespace tandem {

inline std::uint16_t to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool nan = (bits & 0x7fffffffU) > 0x7f800000U;
  const std::uint32_t rounded = bits + 0x7fffU + ((bits >> 16) & 1U);
  return static_cast<std::uint16_t>((nan ? bits | 0x400000U : rounded) >> 16);
}

inline float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

}  // namespace tandem
