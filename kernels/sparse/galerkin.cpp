// One direction: with weights wl, wr of an odd node's left and right coarse neighbour, row I of P^T A P gathers the
// fine rows 2I - 1, 2I and 2I + 1, each entry sent to the coarse nodes that its column is interpolated from.
#include "kernels/sparse/galerkin.hpp"

#include <vector>

namespace tandem::kernels {
namespace {

// Weights of odd node m at [m + 1]; zero outside.
template <typename T>
struct Weights {
  std::vector<T> left, right;
  Weights(std::size_t n, T end_weight, std::size_t padded) : left(padded + 1, T(0)), right(padded + 1, T(0)) {
    for (std::size_t m = 0; m < n / 2; ++m) {
      const bool end = n % 2 == 0 && m + 1 == n / 2;
      left[m + 1] = end ? end_weight : T(0.5);
      right[m + 1] = end ? T(0) : T(0.5);
    }
  }
};

// One row of nodes, its 27 coefficients contiguous by colour: even [0, n), odd m at [m + 1].
template <typename T>
struct Lines {
  std::size_t pitch;
  std::vector<T> even, odd;
  explicit Lines(const Grid27& grid)
      : pitch((grid.evens() / 16 + 2) * 16), even(27 * pitch, T(0)), odd(27 * pitch, T(0)) {}
  void read(const Stencil27<T>& a, std::size_t j, std::size_t k) {
    for (int half = 0; half < 2; ++half)
      for (std::size_t c = 0; c < a.grid.chunks(half); ++c) {
        const T* chunk = a.chunk(j, k, half, c);
        T* to = half == 0 ? even.data() + c * lanes : odd.data() + 1 + c * lanes;
        for (std::size_t d = 0; d < 27; ++d) store<T>(to + d * pitch, load(chunk + d * lanes));
      }
  }
};

// out[d * pitch + I] for the 27 offsets, coarse in x, fine in y.
template <typename T>
void coarsen_x(const Lines<T>& lines, const Weights<T>& weights, std::size_t n, T* out) {
  const std::size_t pitch = lines.pitch;
  const T *wl = weights.left.data() + 1, *wr = weights.right.data() + 1;
  for (std::size_t d = 0; d < 27; d += 3) {
    const T *el = lines.even.data() + d * pitch, *ec = el + pitch, *er = ec + pitch;
    const T *ol = lines.odd.data() + 1 + d * pitch, *oc = ol + pitch, *orr = oc + pitch;
    T *left = out + d * pitch, *centre = left + pitch, *right = centre + pitch;
#pragma omp simd
    for (std::size_t i = 0; i < n; ++i) {
      const std::ptrdiff_t p = static_cast<std::ptrdiff_t>(i) - 1;
      left[i] = el[i] * wl[p] + wr[p] * (ol[p] + oc[p] * wl[p]);
      centre[i] =
          ec[i] + el[i] * wr[p] + er[i] * wl[i] + wr[p] * (oc[p] * wr[p] + orr[p]) + wl[i] * (oc[i] * wl[i] + ol[i]);
      right[i] = er[i] * wr[i] + wl[i] * (orr[i] + oc[i] * wr[i]);
    }
  }
}

// Row J of the coarse operator from the rows 2J - 1, 2J, 2J + 1 that are coarse in x; `zero` stands for absent ones.
template <typename T>
void coarsen_y(const T* front, const T* here, const T* back, const T* weight, std::size_t pitch, std::size_t n,
               T* out) {
  const T wlp = weight[0], wrp = weight[1], wl = weight[2], wr = weight[3];
  for (std::size_t dz = 0; dz < 3; ++dz)
    for (std::size_t dx = 0; dx < 3; ++dx) {
      const std::size_t l = (dz * 9 + dx) * pitch, c = l + 3 * pitch, r = c + 3 * pitch;
#pragma omp simd
      for (std::size_t i = 0; i < n; ++i) {
        out[l + i] = here[l + i] * wlp + wrp * (front[l + i] + front[c + i] * wlp);
        out[c + i] = here[c + i] + here[l + i] * wrp + here[r + i] * wl + wrp * (front[c + i] * wrp + front[r + i]) +
                     wl * (back[c + i] * wl + back[l + i]);
        out[r + i] = here[r + i] * wr + wl * (back[r + i] + back[c + i] * wr);
      }
    }
}

}  // namespace

template <typename T>
void galerkin(const Stencil27<T>& fine, T end_weight, bool threaded, Stencil27<T>& coarse) {
  const Grid27 &f = fine.grid, &g = coarse.grid;
  const std::size_t pitch = Lines<T>(f).pitch, row = 27 * pitch;
  const Weights<T> across(f.nx, end_weight, pitch), along(f.ny, end_weight, g.ny + 1);
  for_each(threaded, g.nz, [&](std::size_t k) {
    Lines<T> lines(f);
    std::vector<T> half((f.ny + 2) * row, T(0)), full(row);  // rows -1 and ny are zero
    for (std::size_t j = 0; j < f.ny; ++j) {
      lines.read(fine, j, k);
      coarsen_x(lines, across, g.nx, half.data() + (j + 1) * row);
    }
    for (std::size_t j = 0; j < g.ny; ++j) {
      const T* here = half.data() + (2 * j + 1) * row;
      const T weight[4] = {along.left[j], along.right[j], along.left[j + 1], along.right[j + 1]};
      coarsen_y(here - row, here, here + row, weight, pitch, g.nx, full.data());
      for (int colour = 0; colour < 2; ++colour)
        for (std::size_t c = 0; c < g.chunks(colour); ++c) {
          T* to = coarse.chunk(j, k, colour, c);
          const T* from = full.data() + 2 * c * lanes + static_cast<std::size_t>(colour);
          for (std::size_t d = 0; d < 27; ++d)
            for (std::size_t lane = 0; lane < lanes; ++lane) to[d * lanes + lane] = from[d * pitch + 2 * lane];
        }
    }
  });
}

template void galerkin(const Stencil27<float>&, float, bool, Stencil27<float>&);
template void galerkin(const Stencil27<double>&, double, bool, Stencil27<double>&);

}  // namespace tandem::kernels
