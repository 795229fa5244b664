// One moving site after another, two vectors of lanes at a time: their sums stay in registers, the constants of a pair
// are broadcast from a row of 8 numbers. Fixed sites with charges stand first, so that most pairs skip that part.
#include "kernels/particle/pair_field.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "harness/base/check.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the CPU's never cross a call: everything is inlined
#endif

namespace tandem::kernels {
namespace {

template <typename T>
struct Lanes {
  typedef T Real __attribute__((vector_size(64)));
  using Whole = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef Whole Integer __attribute__((vector_size(64)));
};
template <typename T>
using Pack = typename Lanes<T>::Real;

template <typename T>
Pack<T> load(const T* from) {
  Pack<T> pack;
  std::memcpy(&pack, from, sizeof pack);
  return pack;
}
template <typename T>
void store(T* to, const Pack<T>& pack) {
  std::memcpy(to, &pack, sizeof pack);
}

template <typename T>
Pack<T> root(const Pack<T>& x) {
  alignas(64) T values[64 / sizeof(T)];
  store(values, x);
  for (T& value : values) value = std::sqrt(value);
  return load(values);
}

// 2^f on [-1/2, 1/2]: Cephes' minimax polynomial in fp32 (as in kernels/learning/elementwise.hpp), Taylor's in fp64.
template <typename T>
constexpr auto exponential_terms() {
  if constexpr (sizeof(T) == 4) {
    return std::array<T, 7>{
        1.535336188e-4f, 1.339887440e-3f, 9.618437357e-3f, 5.550332471e-2f, 2.402264791e-1f, 6.931472028e-1f, 1.0f};
  } else {
    constexpr double ln2 = 0.693147180559945309417;
    std::array<T, 14> terms{};
    double term = 1;
    for (std::size_t k = 0; k < terms.size(); term *= ln2 / static_cast<double>(++k))
      terms[terms.size() - 1 - k] = term;
    return terms;
  }
}

// e^x for -80 <= x <= 0.
template <typename T>
Pack<T> exponential(const Pack<T>& x) {
  constexpr auto terms = exponential_terms<T>();
  constexpr int mantissa = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
  constexpr T shift = sizeof(T) == 4 ? T(12582912) : T(6755399441055744);  // 1.5 * 2^mantissa
  using Integer = typename Lanes<T>::Integer;
  const Pack<T> low = Pack<T>{} - 80;
  const Pack<T> t = (x < low ? low : x) * T(1.44269504088896340736), rounded = t + shift, f = t - (rounded - shift);
  Pack<T> p = f * terms[0] + terms[1];
  for (std::size_t k = 2; k < terms.size(); ++k) p = p * f + terms[k];
  const Integer n = (Integer)rounded - (Integer)(Pack<T>{} + shift);
  return p * (Pack<T>)((n + bias) << mantissa);
}

}  // namespace

template <typename T>
PairField<T>::PairField(std::span<const Site> fixed, std::span<const SiteKind> kinds, const Interaction& interaction)
    : count_(fixed.size()), kappa_(static_cast<T>(interaction.kappa)), rows_(fixed.size() * kinds.size()) {
  std::vector<Site> sites(fixed.begin(), fixed.end());
  const auto charged = [](const Site& site) { return site.kind.charge != 0; };
  charged_ = static_cast<std::size_t>(std::stable_partition(sites.begin(), sites.end(), charged) - sites.begin());
  Row* row = rows_.data();
  for (const SiteKind& kind : kinds) {
    has_charge_.push_back(kind.charge != 0);
    for (const Site& site : sites) {
      const double s = (site.kind.sigma + kind.sigma) / 2, s6 = std::pow(s, 6);
      const double depth = 24 * std::sqrt(site.kind.epsilon * kind.epsilon);
      const auto real = [](double value) { return static_cast<T>(value); };
      *row++ = {real(site.x),
                real(site.y),
                real(site.z),
                real(interaction.core * s * s),
                real(depth * s6 * s6),
                real(depth * s6),
                real(interaction.bjerrum * site.kind.charge * kind.charge),
                T(0)};
    }
  }
}

template <typename T>
template <std::size_t vectors>
void PairField<T>::site(std::size_t kind, std::size_t lanes, const T* positions, T* forces, T* energies) const {
  Pack<T> x[vectors], y[vectors], z[vectors], fx[vectors] = {}, fy[vectors] = {}, fz[vectors] = {};
  Pack<T> lennard_jones[vectors] = {}, coulomb[vectors] = {};  // the first one six times the energy
  for (std::size_t v = 0; v < vectors; ++v) {
    x[v] = load(positions + v * width);
    y[v] = load(positions + lanes + v * width);
    z[v] = load(positions + 2 * lanes + v * width);
  }
  const Row* const rows = rows_.data() + kind * count_;
  const auto pairs = [&](auto charges, std::size_t begin, std::size_t end) {
    for (std::size_t j = begin; j < end; ++j) {
      const Row& row = rows[j];
      for (std::size_t v = 0; v < vectors; ++v) {
        const Pack<T> dx = x[v] - row.x, dy = y[v] - row.y, dz = z[v] - row.z;
        Pack<T> square = dx * dx + dy * dy + dz * dz;
        const Pack<T> core = Pack<T>{} + row.core;
        square = square > core ? square : core;
        const Pack<T> inverse = 1 / square, inverse6 = inverse * inverse * inverse;
        const Pack<T> term = row.repulsion * inverse6 - row.attraction;
        lennard_jones[v] += term * inverse6;
        Pack<T> force = (row.repulsion * inverse6 + term) * (inverse6 * inverse);
        if constexpr (decltype(charges)::value) {
          const Pack<T> r_inverse = root<T>(inverse), reach = kappa_ * (square * r_inverse);
          const Pack<T> energy = row.charges * r_inverse * exponential<T>(-reach);
          coulomb[v] += energy;
          force += energy * (1 + reach) * inverse;
        }
        fx[v] += force * dx;
        fy[v] += force * dy;
        fz[v] += force * dz;
      }
    }
  };
  const std::size_t charged = has_charge_[kind] ? charged_ : 0;
  pairs(std::true_type(), 0, charged);
  pairs(std::false_type(), charged, count_);
  for (std::size_t v = 0; v < vectors; ++v) {
    store(forces + v * width, fx[v]);
    store(forces + lanes + v * width, fy[v]);
    store(forces + 2 * lanes + v * width, fz[v]);
    const Pack<T> sum = load(energies + v * width) + (lennard_jones[v] * T(1.0 / 6) + coulomb[v]);
    store(energies + v * width, sum);
  }
}

template <typename T>
void PairField<T>::forces(std::span<const std::size_t> kinds_of_sites, std::size_t lanes, const T* positions, T* forces,
                          T* energies) const {
  check(lanes % width == 0, "particle: {} lanes, not a multiple of {}", lanes, width);
  std::fill_n(energies, lanes, T(0));
  for (std::size_t i = 0; i < kinds_of_sites.size(); ++i) {
    const std::size_t at = i * 3 * lanes, kind = kinds_of_sites[i];
    std::size_t lane = 0;
    for (; lane + 2 * width <= lanes; lane += 2 * width)
      site<2>(kind, lanes, positions + at + lane, forces + at + lane, energies + lane);
    if (lane < lanes) site<1>(kind, lanes, positions + at + lane, forces + at + lane, energies + lane);
  }
}

template <typename T>
double PairField<T>::flops(std::span<const std::size_t> kinds_of_sites) const {
  const double charges = 15 + 2 * static_cast<double>(exponential_terms<T>().size() - 1);
  double sum = 0;
  for (const std::size_t kind : kinds_of_sites)
    sum += 25 * static_cast<double>(count_) + (has_charge_[kind] ? charges * static_cast<double>(charged_) : 0);
  return sum;
}

template <typename T>
double PairField<T>::bytes(std::size_t sites, std::size_t lanes) const {
  return static_cast<double>((6 * sites + 1) * lanes * sizeof(T) + rows_.size() * sizeof(Row));
}

template class PairField<float>;
template class PairField<double>;

}  // namespace tandem::kernels
