#include "kernels/sparse/ell.hpp"

#include <algorithm>
#include <numeric>

#include "harness/base/check.hpp"

namespace tandem::kernels {

Ell ell_from(const Csr& a) {
  Ell ell;
  ell.ordering = order_rows(a, Order::colours, std::vector<char>(a.rows, 0), 1);
  const std::size_t n = ell.slots();
  for (std::size_t row = 0; row < a.rows; ++row)
    ell.width = std::max(ell.width, static_cast<std::size_t>(a.start[row + 1] - a.start[row] - 1));
  check(ell.width < 256, "a row of {} entries: at most 256", ell.width + 1);
  ell.diagonal = Buffer<double>(n);
  ell.value = Buffer<double>(ell.width * n);
  ell.column = Buffer<std::int32_t>(ell.width * n);
  ell.lower = Buffer<std::uint8_t>(n);
  ell.entries = Buffer<std::uint8_t>(n);
  std::fill(ell.diagonal.begin(), ell.diagonal.end(), 1.0);
  for (std::size_t k = 0; k < ell.width; ++k) std::iota(&ell.column[k * n], &ell.column[k * n] + n, 0);
  const auto rows = static_cast<std::ptrdiff_t>(a.rows);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t at = 0; at < rows; ++at) {
    const auto row = static_cast<std::size_t>(at), slot = static_cast<std::size_t>(ell.ordering.slot[row]);
    std::size_t k = 0;
    for (const bool earlier : {true, false}) {
      for (auto i = static_cast<std::size_t>(a.start[row]); i < static_cast<std::size_t>(a.start[row + 1]); ++i) {
        const auto column = static_cast<std::size_t>(a.column[i]);
        const std::int32_t to = ell.ordering.slot[column];
        if (column == row) {
          ell.diagonal[slot] = a.value[i];
        } else if ((static_cast<std::size_t>(to) < slot) == earlier) {  // rows of one colour are no neighbours
          ell.value[k * n + slot] = a.value[i];
          ell.column[k++ * n + slot] = to;
        }
      }
      if (earlier) ell.lower[slot] = static_cast<std::uint8_t>(k);
    }
    ell.entries[slot] = static_cast<std::uint8_t>(k);
  }
  return ell;
}

}  // namespace tandem::kernels
