// What each rank brings to an all-reduce, and the sum that must come out: both in closed form, so that every element is
// judged without asking another rank.
//   fp32, fp64, int32   u(i) + (r mod 61) v(i) with integers |u| <= 7, 1 <= v <= 3: exact up to 65536 ranks
//   bf16, exact         f(r) w(i), f in {1, 2}, w = +-1: partial sums stay below 256, so no order of them rounds
//   bf16, random        f(r) w(i), both of four significant bits: the inputs are exact, their sums are rounded
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/elementwise.hpp"

namespace tandem::kernels {

template <typename T>
class Contribution {
 public:
  static constexpr int most_ranks = std::is_same_v<T, Bf16> ? 128 : 1 << 16;

  Contribution(std::uint64_t seed, Data data, int ranks) : seed_(seed), exact_(data == Data::exact), ranks_(ranks) {
    for (int rank = 0; rank < ranks; ++rank) factors_ += factor(rank);
  }

  double input(std::size_t i, int rank) const {
    if constexpr (std::is_same_v<T, Bf16>) return factor(rank) * term(i);
    return base(i) + factor(rank) * slope(i);
  }
  double sum(std::size_t i) const {
    if constexpr (std::is_same_v<T, Bf16>) return factors_ * term(i);
    return ranks_ * base(i) + factors_ * slope(i);
  }

  // How much of |sum| the format may cost where a sum is rounded up to `roundings` times in a row: all terms have one
  // sign, so that gamma_k = k u / (1 - k u) bounds it (Higham 2002, section 4.2), u = 2^-8 for bf16.
  double relative_bound(int roundings) const {
    if (!std::is_same_v<T, Bf16> || exact_) return 0;
    const double ku = roundings * 0x1p-8;
    return ku / (1 - ku);
  }

 private:
  double factor(int rank) const {
    if constexpr (!std::is_same_v<T, Bf16>) return rank % 61;
    return exact_ ? 1 + rank % 2 : 8 + 5 * rank % 8;
  }
  double term(std::size_t i) const {
    const std::uint64_t bits = random_bits(seed_, 1, i);
    const double sign = bits % 2 == 0 ? 1 : -1;
    return exact_ ? sign
                  : sign * std::ldexp(static_cast<double>(8 + bits / 2 % 8), static_cast<int>(bits / 16 % 8) - 8);
  }
  double base(std::size_t i) const { return static_cast<double>(random_bits(seed_, 1, i) % 15) - 7; }
  double slope(std::size_t i) const { return 1 + static_cast<double>(random_bits(seed_, 2, i) % 3); }

  std::uint64_t seed_;
  bool exact_;
  int ranks_;
  double factors_ = 0;  // of all ranks
};

}  // namespace tandem::kernels
