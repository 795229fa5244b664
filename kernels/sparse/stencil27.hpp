// The 27-point operator with variable coefficients on a structured grid of nodes, (A x)_n = sum_d a_n,d x_(n+d),
// d = (dz+1)*9 + (dy+1)*3 + (dx+1). A vector keeps every row of x as [even columns, zeros][odd columns, zeros], padded
// to 8 lanes and surrounded by rows of zeros: colours of columns are contiguous, and no loop has a remainder or a
// branch.
#pragma once

#include <cstddef>
#include <cstring>

#include "harness/device/buffer.hpp"

namespace tandem::kernels {

inline constexpr std::size_t lanes = 8;

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the CPU's never cross a call: everything is inlined
#endif
template <typename T>
struct PackOf {
  typedef T type __attribute__((vector_size(lanes * sizeof(T))));
};
template <typename T>
using Pack = typename PackOf<T>::type;

template <typename T>
inline Pack<T> load(const T* from) {
  Pack<T> pack;
  std::memcpy(&pack, from, sizeof pack);
  return pack;
}
template <typename T>
inline void store(T* to, const Pack<T>& pack) {
  std::memcpy(to, &pack, sizeof pack);
}

// Nodes of a grid and where they stand in a vector and in the coefficients.
struct Grid27 {
  std::size_t nx = 1, ny = 1, nz = 1;

  static std::size_t round_up(std::size_t n) { return (n + lanes - 1) / lanes * lanes; }
  std::size_t evens() const { return (nx + 1) / 2; }
  std::size_t odds() const { return nx / 2; }
  std::size_t odd_start() const { return round_up(evens() + 1); }
  std::size_t stride() const { return odd_start() + round_up(odds() + 1); }
  std::size_t plane() const { return stride() * (ny + 2); }
  std::size_t size() const { return plane() * (nz + 2) + 2 * lanes; }  // of a vector, elements
  std::size_t column(std::size_t i) const { return i / 2 + (i % 2 != 0 ? odd_start() : 0); }
  // j and k may be -1 or ny, nz: the zeros around the grid.
  std::size_t row(std::ptrdiff_t j, std::ptrdiff_t k) const {
    return static_cast<std::size_t>(k + 1) * plane() + static_cast<std::size_t>(j + 1) * stride();
  }
  std::size_t at(std::size_t i, std::ptrdiff_t j, std::ptrdiff_t k) const { return row(j, k) + column(i); }

  // Chunks of 8 columns of one colour; half 0 holds the even columns, half 1 the odd ones.
  std::size_t chunks(int half) const { return round_up(half == 0 ? evens() : odds()) / lanes; }
  std::size_t chunks() const { return chunks(0) + chunks(1); }
  std::size_t half_start(int half) const { return half == 0 ? 0 : odd_start(); }
  // From a column of the half to its left neighbour; the right one is one further.
  std::ptrdiff_t left(int half) const {
    const auto start = static_cast<std::ptrdiff_t>(odd_start());
    return half == 0 ? start - 1 : -start;
  }
  std::size_t nodes() const { return nx * ny * nz; }
  bool operator==(const Grid27&) const = default;
};

template <typename T>
struct Stencil27 {
  Grid27 grid;
  Buffer<T> coefficients;  // [k][j][chunk][27][lane]; 0 where the neighbour or the column does not exist

  Stencil27() = default;
  explicit Stencil27(const Grid27& g) : grid(g), coefficients(g.nz * g.ny * g.chunks() * 27 * lanes) {}

  const T* chunk(std::size_t j, std::size_t k, int half, std::size_t c) const {
    const std::size_t before = half == 0 ? 0 : grid.chunks(0);
    return coefficients.data() + ((k * grid.ny + j) * grid.chunks() + before + c) * 27 * lanes;
  }
  T* chunk(std::size_t j, std::size_t k, int half, std::size_t c) {
    return const_cast<T*>(static_cast<const Stencil27*>(this)->chunk(j, k, half, c));
  }
  T& at(std::size_t i, std::size_t j, std::size_t k, std::size_t d) {
    const std::size_t m = i / 2;
    return chunk(j, k, static_cast<int>(i % 2), m / lanes)[d * lanes + m % lanes];
  }
  const T& at(std::size_t i, std::size_t j, std::size_t k, std::size_t d) const {
    return const_cast<Stencil27*>(this)->at(i, j, k, d);
  }
};

// y = A x. Vectors of grid.size() elements; y's zeros around the grid are left alone.
template <typename T>
void apply(const Stencil27<T>& a, const T* x, T* y, bool threaded);

// body(i) for all i, by threads where asked for; what it computes must not depend on the order.
template <typename Body>
void for_each(bool threaded, std::size_t count, const Body& body) {
  if (!threaded) {
    for (std::size_t i = 0; i < count; ++i) body(i);
    return;
  }
  const auto end = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < end; ++i) body(static_cast<std::size_t>(i));
}

}  // namespace tandem::kernels
