// Random inputs: value i of an array is `map` of a uniform number in [0, 1), a pure function of (seed, stream, i).
#pragma once

#include <cmath>

#include "harness/base/random.hpp"
#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

template <typename T, typename Map>
void draw(Buffer<T>& values, std::uint64_t seed, std::uint64_t stream, Map map) {
  const auto count = static_cast<std::ptrdiff_t>(values.size());
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < count; ++i)
    store(values.data()[i], static_cast<float>(map(random_uniform(seed, stream, static_cast<std::uint64_t>(i)))));
}

// Integers -2 .. 2, or reals in [-1, 1).
template <typename T>
void draw(Buffer<T>& values, std::uint64_t seed, std::uint64_t stream, Data data) {
  draw(values, seed, stream, [data](double u) { return data == Data::exact ? std::floor(5 * u) - 2 : 2 * u - 1; });
}

}  // namespace tandem::kernels
