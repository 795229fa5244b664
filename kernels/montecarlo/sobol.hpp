// Scrambled Sobol points with the direction numbers of Joe and Kuo (SIAM J. Sci. Comput. 30, 2008), as Boost.Random
// carries them for 3667 dimensions. The directions are scrambled by random lower triangular binary matrices (Matousek,
// J. Complexity 14, 1998); a digital shift, drawn by a key, makes points of their own of them: unbiased estimates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/montecarlo/lanes.hpp"

namespace tandem::kernels {

inline constexpr std::size_t sobol_dimensions = 3667, sobol_bits = 24;

class Sobol {
 public:
  // `scramble` 0: the sequence as it was published. Throws Unsupported beyond 3667 dimensions.
  Sobol(std::size_t dimensions, std::uint64_t scramble);
  std::size_t dimensions() const { return dimensions_; }

  // Points 16 b .. 16 b + 15 of b = `block`: coordinate d of point l is within()[d][l] ^ to[d], 32 bits of fraction.
  void begin(std::size_t block, std::span<const std::uint32_t> shift, std::span<std::uint32_t> to) const;
  const WordLanes* within() const { return within_.data(); }
  void shift(std::uint64_t key, std::span<std::uint32_t> to) const;  // of all dimensions

 private:
  std::size_t dimensions_;
  std::vector<std::uint32_t> directions_;  // [bit][dimension]
  Buffer<WordLanes> within_;
};

}  // namespace tandem::kernels
