// Scrambled Sobol points for training cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tandem::pipelines {

// Point `index` in the unit cube, digitally shifted by the seed.
std::vector<double> sobol_point(std::size_t dimensions, std::uint64_t seed, std::uint64_t index);
// Random numbers of a purpose: a stream for each of up to 64 dimensions.
constexpr std::uint64_t stream_of(std::uint64_t purpose, std::size_t dimension) { return purpose * 64 + dimension; }

}  // namespace tandem::pipelines
