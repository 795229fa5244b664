// Counter-based random numbers: value i of stream s is a pure function of (seed, s, i), so that every rank,
// arm and machine draws the same bits in any order. SplitMix64 finaliser (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace tandem {

inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

inline std::uint64_t random_bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return mix(mix(mix(seed) ^ stream) ^ index);
}

// Uniform in [0, 1), 53 bits.
inline double random_uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t index) {
  return static_cast<double>(random_bits(seed, stream, index) >> 11) * 0x1p-53;
}

// Standard normal (Box-Muller on the uniforms 2 index and 2 index + 1).
double random_normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t index);

}  // namespace tandem
