// Sums of several ranks' values, in the order of the ranks, so that every rank gets the same bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

inline double load(double value) { return value; }
inline std::int32_t load(std::int32_t value) { return value; }
inline void store(double& to, double value) { to = value; }
inline void store(std::int32_t& to, std::int32_t value) { to = value; }

// sum[i] = part(0)[i] + part(1)[i] + ..., block by block so that the accumulators stay in the first cache.
template <typename T, typename Part>
void add_up(std::size_t parts, const Part& part, T* sum, std::size_t count) {
  constexpr std::size_t block = 1024;
  decltype(load(T{})) total[block];
  for (std::size_t at = 0; at < count; at += block) {
    const std::size_t size = std::min(block, count - at);
    const auto sweep = [&](const T* values, auto&& body) {
      for (std::size_t i = 0; i < size; ++i) body(total[i], load(values[i]));
    };
    sweep(part(0) + at, [](auto& to, auto value) { to = value; });
    for (std::size_t p = 1; p < parts; ++p) sweep(part(p) + at, [](auto& to, auto value) { to += value; });
    for (std::size_t i = 0; i < size; ++i) store(sum[at + i], total[i]);
  }
}

}  // namespace tandem::kernels
