// Elementwise arithmetic of training, in forms that the compiler turns into vector code: bf16 rounding and GELU in its
// tanh form, gelu(z) = z sigmoid(u), u = 2 sqrt(2/pi) (z + 0.044715 z^3) (Hendrycks and Gimpel 2016), with its slope.
#pragma once

#include <bit>
#include <cstdint>

namespace tandem::kernels {

struct Bf16 {
  std::uint16_t bits = 0;
};

// To nearest, ties to even; NaN may become infinity, which no check takes for a number either.
inline void store(Bf16& to, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  to.bits = static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}
inline void store(float& to, float value) { to = value; }
inline float load(float value) { return value; }
inline float load(Bf16 value) { return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16); }

// e^x for |x| <= 87: 2^n times the minimax polynomial of 2^f on [-1/2, 1/2] of the Cephes library, 2 ulp.
inline float fast_exp(float x) {
  const float t = x * 1.44269504f;
  const float rounded = t + 12582912.0f;  // 1.5 * 2^23 leaves the nearest integer in the low bits
  const float f = t - (rounded - 12582912.0f);
  float p = 1.535336188e-4f;
  p = p * f + 1.339887440e-3f;
  p = p * f + 9.618437357e-3f;
  p = p * f + 5.550332471e-2f;
  p = p * f + 2.402264791e-1f;
  p = p * f + 6.931472028e-1f;
  p = p * f + 1.0f;
  const auto n = std::bit_cast<std::int32_t>(rounded) - 0x4b400000;
  return p * std::bit_cast<float>((n + 127) << 23);
}

struct Gelu {
  float value, slope;
};

inline Gelu gelu(float z) {
  const float square = z * z;
  float u = 1.5957691216f * z * (1.0f + 0.044715f * square);
  u = u < -80.0f ? -80.0f : u;
  u = u > 80.0f ? 80.0f : u;
  const float sigmoid = 1.0f / (1.0f + fast_exp(-u));
  const float slope = sigmoid + z * sigmoid * (1.0f - sigmoid) * 1.5957691216f * (1.0f + 0.134145f * square);
  return {z * sigmoid, slope};
}

}  // namespace tandem::kernels
