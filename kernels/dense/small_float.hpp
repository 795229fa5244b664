// Binary floating-point formats of 8 and 16 bits as bit patterns: sign, exponent, fraction, with the bias of IEEE 754.
// Only what inputs of products need: zeros and normal numbers, rounded to nearest (ties away from zero).
#pragma once

#include <bit>
#include <cstdint>

namespace tandem::kernels {

struct SmallFloat {
  int exponent_bits, fraction_bits;

  // Numbers below the normal range become zero; beyond it the result is meaningless.
  constexpr std::uint32_t encode(float value) const {
    const int cut = 23 - fraction_bits;
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value), sign = bits >> 31;
    const std::uint32_t size = ((bits & 0x7fffffffU) + (1U << (cut - 1))) >> cut;  // exponent and fraction, rounded
    const std::uint32_t bias = (127U - ((1U << (exponent_bits - 1)) - 1)) << fraction_bits;
    const std::uint32_t least = 1U << fraction_bits;  // the least normal number
    return sign << (exponent_bits + fraction_bits) | (size < bias + least ? 0 : size - bias);
  }

  constexpr float decode(std::uint32_t pattern) const {
    const int bits = exponent_bits + fraction_bits;
    const std::uint32_t size = pattern & ((1U << bits) - 1), sign = pattern >> bits << 31;
    if (size == 0) return std::bit_cast<float>(sign);
    const std::uint32_t bias = (127U - ((1U << (exponent_bits - 1)) - 1)) << fraction_bits;
    return std::bit_cast<float>(sign | (size + bias) << (23 - fraction_bits));
  }
};

inline constexpr SmallFloat kBf16{8, 7}, kFp16{5, 10}, kFp8{4, 3};  // fp8: E4M3

static_assert(kFp16.encode(1) == 0x3c00 && kFp16.encode(-2) == 0xc000 && kFp16.encode(65504) == 0x7bff);
static_assert(kFp16.encode(1e-6F) == 0 && kFp16.decode(0x3555) == 0.333251953125F);
static_assert(kBf16.encode(1) == 0x3f80 && kBf16.encode(-2) == 0xc000 && kBf16.encode(1.00390625F) == 0x3f81);
static_assert(kFp8.encode(1) == 0x38 && kFp8.encode(-2) == 0xc0 && kFp8.encode(448) == 0x7e &&
              kFp8.decode(0x7e) == 448);
static_assert(kFp8.decode(kFp8.encode(1.06F)) == 1 && kFp8.decode(kFp8.encode(1.07F)) == 1.125F);

}  // namespace tandem::kernels
