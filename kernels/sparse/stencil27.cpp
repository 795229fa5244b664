// y = A x, vectorised over 8 columns of one colour.
#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {
namespace {

template <typename T>
inline Pack<T> row_of_three(const T* a, const T* x, std::ptrdiff_t left) {
  return load(a) * load(x + left) + load(a + lanes) * load(x) + load(a + 2 * lanes) * load(x + left + 1);
}

template <typename T>
void apply_row(const Stencil27<T>& matrix, const T* x, T* y, std::size_t j, std::size_t k) {
  const Grid27& grid = matrix.grid;
  const auto stride = static_cast<std::ptrdiff_t>(grid.stride()), plane = static_cast<std::ptrdiff_t>(grid.plane());
  const std::size_t row = grid.row(static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
  for (int half = 0; half < 2; ++half)
    for (std::size_t c = 0; c < grid.chunks(half); ++c) {
      const T* a = matrix.chunk(j, k, half, c);
      const std::size_t at = row + grid.half_start(half) + c * lanes;
      const T* centre = x + at;
      Pack<T> sum[3];
      for (std::ptrdiff_t dz = -1; dz <= 1; ++dz) {
        const T* middle = centre + dz * plane;
        const T* b = a + (dz + 1) * 9 * static_cast<std::ptrdiff_t>(lanes);
        sum[dz + 1] = row_of_three(b, middle - stride, grid.left(half)) +
                      row_of_three(b + 3 * lanes, middle, grid.left(half)) +
                      row_of_three(b + 6 * lanes, middle + stride, grid.left(half));
      }
      store<T>(y + at, sum[0] + sum[1] + sum[2]);
    }
}

}  // namespace

template <typename T>
void apply(const Stencil27<T>& a, const T* x, T* y, bool threaded) {
  for_each(threaded, a.grid.ny * a.grid.nz, [&](std::size_t r) { apply_row(a, x, y, r % a.grid.ny, r / a.grid.ny); });
}

template void apply(const Stencil27<float>&, const float*, float*, bool);
template void apply(const Stencil27<double>&, const double*, double*, bool);

}  // namespace tandem::kernels
