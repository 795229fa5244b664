#include "kernels/montecarlo/sobol.hpp"

#include <algorithm>
#include <bit>

#include <boost/random/sobol.hpp>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem::kernels {
namespace {

constexpr std::size_t bits_within = 4;  // a block is 2^4 points
static_assert(std::size_t{1} << bits_within == lanes);

// Boost steps through the Gray code and leaves the zero point out: of its points, counted from 1, number 2^k - 1 and
// the next differ by direction k.
std::vector<std::uint32_t> published(std::size_t dimensions) {
  std::vector<std::uint32_t> directions(sobol_bits * dimensions);
  std::vector<std::uint64_t> before(dimensions, 0);
  boost::random::sobol sequence(dimensions);
  for (std::size_t bit = 0; bit < sobol_bits; ++bit) {
    if (bit > 1) {  // the last one read is number 2^(bit - 1)
      sequence.discard(((std::size_t{1} << (bit - 1)) - 2) * dimensions);
      for (std::uint64_t& word : before) word = sequence();
    }
    for (std::size_t d = 0; d < dimensions; ++d) {
      const std::uint64_t word = sequence();
      directions[bit * dimensions + d] = static_cast<std::uint32_t>((word ^ before[d]) >> 32);
      before[d] = word;
    }
  }
  return directions;
}

// Bit i (0 the largest) of the result is the parity of a random choice of bits 0..i that holds bit i.
std::uint32_t scrambled(std::uint32_t direction, std::uint64_t seed, std::size_t dimension) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < 32; ++i) {
    const unsigned place = 31 - i;
    const auto random = static_cast<std::uint32_t>(random_bits(seed, dimension, i));
    const std::uint32_t above = place == 31 ? 0 : random & ~((std::uint32_t{2} << place) - 1);
    const auto parity = static_cast<std::uint32_t>(std::popcount(direction & (above | std::uint32_t{1} << place))) & 1U;
    result |= parity << place;
  }
  return result;
}

}  // namespace

Sobol::Sobol(std::size_t dimensions, std::uint64_t scramble) : dimensions_(dimensions), within_(dimensions) {
  if (dimensions > sobol_dimensions)
    throw Unsupported(fmt::format("{} dimensions of a Sobol sequence, there are direction numbers for {}", dimensions,
                                  sobol_dimensions));
  directions_ = published(dimensions);
  if (scramble != 0)
    for (std::size_t i = 0; i < directions_.size(); ++i)
      directions_[i] = scrambled(directions_[i], scramble, i % dimensions);
  for (std::size_t d = 0; d < dimensions; ++d)
    for (std::size_t l = 0; l < lanes; ++l) {
      std::uint32_t word = 0;
      for (std::size_t bit = 0; bit < bits_within; ++bit)
        if ((l >> bit) % 2 == 1) word ^= directions_[bit * dimensions + d];
      within_[d][l] = word;
    }
}

void Sobol::begin(std::size_t block, std::span<const std::uint32_t> shift, std::span<std::uint32_t> to) const {
  check(block >> (sobol_bits - bits_within) == 0, "block {} of a Sobol sequence of 2^{} points", block, sobol_bits);
  std::copy(shift.begin(), shift.end(), to.begin());
  for (std::size_t bit = bits_within; bit < sobol_bits; ++bit) {
    if ((block >> (bit - bits_within)) % 2 == 0) continue;
    const std::uint32_t* const direction = &directions_[bit * dimensions_];
#pragma omp simd
    for (std::size_t d = 0; d < dimensions_; ++d) to[d] ^= direction[d];
  }
}

void Sobol::shift(std::uint64_t key, std::span<std::uint32_t> to) const {
  for (std::size_t d = 0; d < dimensions_; ++d) to[d] = static_cast<std::uint32_t>(mix(key ^ mix(d)) >> 32);
}

}  // namespace tandem::kernels
