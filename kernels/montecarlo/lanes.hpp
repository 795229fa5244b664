// Sixteen paths side by side in vectors of the compiler's: one instruction an operation where registers have 512 bits.
// Exponential, logarithm and inverse normal in fp32 by polynomials (interpolated at Chebyshev nodes by us; the inverse
// of the error function by Giles, "Approximating the erfinv function", GPU Computing Gems Jade, 2011, table 5).
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tandem::kernels {

inline constexpr std::size_t lanes = 16;
typedef float Lanes __attribute__((vector_size(lanes * sizeof(float))));
typedef std::int32_t IntLanes __attribute__((vector_size(lanes * sizeof(float))));
typedef std::uint32_t WordLanes __attribute__((vector_size(lanes * sizeof(float))));

// Operations of one lane, by the formulas below.
inline constexpr double exp_flops = 16, normal_flops = 42;

// e^x for |x| <= 87, relative error 2e-7 (1 + |x|).
inline Lanes exp(const Lanes& x) {
  const Lanes t = x * 1.44269504f;
  const Lanes rounded = t + 12582912.0f;  // 1.5 * 2^23 leaves the nearest integer in the low bits
  const Lanes f = t - (rounded - 12582912.0f);
  Lanes p = f * 1.33908634e-3f + 9.67603192e-3f;
  p = p * f + 5.55035711e-2f;
  p = p * f + 2.40221075e-1f;
  p = p * f + 6.93147188e-1f;
  p = p * f + 1.00000008f;
  const IntLanes n = std::bit_cast<IntLanes>(rounded) - (0x4b400000 - 127);
  return p * std::bit_cast<Lanes>(n << 23);
}

// ln x for normal x > 0, absolute error 2e-7 (1 + |ln x|).
inline Lanes log(const Lanes& x) {
  const IntLanes bits = std::bit_cast<IntLanes>(x);
  const IntLanes exponent = (bits - 0x3f2aaaab) >> 23;  // mantissas in 2/3..4/3
  const Lanes f = std::bit_cast<Lanes>(bits - (exponent << 23)) - 1.0f;
  Lanes p = f * -0.150407637f + 0.171018097f;
  p = p * f - 0.164830175f;
  p = p * f + 0.197965928f;
  p = p * f - 0.250041462f;
  p = p * f + 0.333379243f;
  p = p * f - 0.499999856f;
  p = p * f + 0.99999984f;
  return __builtin_convertvector(exponent, Lanes) * 0.693147181f + p * f;
}

// Whether a comparison holds in any lane.
inline bool any(const IntLanes& mask) {
  typedef std::int64_t Half __attribute__((vector_size(32)));
  typedef std::int64_t Quarter __attribute__((vector_size(16)));
  const auto halves = std::bit_cast<std::array<Half, 2>>(mask);
  const auto quarters = std::bit_cast<std::array<Quarter, 2>>(halves[0] | halves[1]);
  const Quarter both = quarters[0] | quarters[1];
  return (both[0] | both[1]) != 0;
}

// The normal deviates at u = (k + 1/2) / 2^23, k the upper 23 bits of each word: 24 would round the largest u to 1 and
// give infinity. Relative error about 1e-6. The tails, |x| > 0.9966, need a polynomial of their own: one row in twenty.
inline Lanes normal(const WordLanes& words) {
  const IntLanes odd = std::bit_cast<IntLanes>(words >> 8) | 1;  // 2 k + 1
  const Lanes x = __builtin_convertvector(odd - (1 << 23), Lanes) * 0x1p-23f;
  const Lanes w = -log((1.0f - x) * (1.0f + x));
  const Lanes c = w - 2.5f;
  Lanes p = c * 2.81022636e-08f + 3.43273939e-07f;
  p = p * c - 3.5233877e-06f;
  p = p * c - 4.39150654e-06f;
  p = p * c + 0.00021858087f;
  p = p * c - 0.00125372503f;
  p = p * c - 0.00417768164f;
  p = p * c + 0.246640727f;
  p = p * c + 1.50140941f;
  const IntLanes tail = w >= 5.0f;
  if (any(tail)) [[unlikely]] {
    Lanes s;
    for (std::size_t l = 0; l < lanes; ++l) s[l] = std::sqrt(w[l]) - 3.0f;
    Lanes q = s * -0.000200214257f + 0.000100950558f;
    q = q * s + 0.00134934322f;
    q = q * s - 0.00367342844f;
    q = q * s + 0.00573950773f;
    q = q * s - 0.0076224613f;
    q = q * s + 0.00943887047f;
    q = q * s + 1.00167406f;
    q = q * s + 2.83297682f;
    p = tail ? q : p;
  }
  return p * x * 1.41421356f;
}

}  // namespace tandem::kernels
