#include "kernels/sparse/strips.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace tandem::kernels {
namespace {

using Lanes = double __attribute__((vector_size(Strips::height * sizeof(double))));
constexpr std::int64_t prefetch_ahead = 64;  // diagonals, 4 KiB: a tenth faster on Zen 4

template <std::size_t height>
std::size_t strip_count(const Csr& a) {
  return (a.rows + height - 1) / height;
}

// Merges the rows of a strip: visit(offset, at), at[lane] the place of the lane's nonzero in the CSR, or -1.
template <std::size_t height, typename Visit>
void each_diagonal(const Csr& a, std::size_t strip, Visit visit) {
  constexpr std::int64_t none = std::numeric_limits<std::int64_t>::max();
  const std::size_t first = strip * height, lanes = std::min(height, a.rows - first);
  std::array<std::int64_t, height> next{}, at{}, offset{};
  const auto look = [&](std::size_t lane) {
    const bool more = next[lane] < a.start[first + lane + 1];
    offset[lane] =
        more ? a.column[static_cast<std::size_t>(next[lane])] - static_cast<std::int64_t>(first + lane) : none;
  };
  offset.fill(none);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    next[lane] = a.start[first + lane];
    look(lane);
  }
  for (;;) {
    const std::int64_t least = *std::min_element(offset.begin(), offset.end());
    if (least == none) return;
    at.fill(-1);
    for (std::size_t lane = 0; lane < lanes; ++lane)
      if (offset[lane] == least) {
        at[lane] = next[lane]++;
        look(lane);
      }
    visit(static_cast<std::int32_t>(least), at);
  }
}

// A strip at the matrix's edge: lanes without a row, and diagonals that leave x, are passed over.
void multiply_edge(const Strips& a, std::size_t strip, const double* x, double* y) {
  constexpr std::size_t height = Strips::height;
  for (std::size_t row = strip * height; row < std::min((strip + 1) * height, a.rows); ++row) {
    double sum = 0;
    for (auto d = static_cast<std::size_t>(a.start[strip]); d < static_cast<std::size_t>(a.start[strip + 1]); ++d) {
      const std::int64_t column = static_cast<std::int64_t>(row) + a.offset[d];
      if (column >= 0 && column < static_cast<std::int64_t>(a.columns))
        sum += a.value[d * height + row % height] * x[column];
    }
    y[row] = sum;
  }
}

}  // namespace

template <std::size_t height>
double strips_fill(const Csr& a) {
  const auto strips = static_cast<std::ptrdiff_t>(strip_count<height>(a));
  std::int64_t diagonals = 0;
#pragma omp parallel for schedule(static) reduction(+ : diagonals)
  for (std::ptrdiff_t s = 0; s < strips; ++s)
    each_diagonal<height>(a, static_cast<std::size_t>(s), [&](std::int32_t, const auto&) { ++diagonals; });
  return a.nonzeros() == 0 ? 1.0 : static_cast<double>(diagonals) * height / static_cast<double>(a.nonzeros());
}

template <std::size_t height>
StripsOf<height> strips_from(const Csr& a) {
  const auto strips = static_cast<std::ptrdiff_t>(strip_count<height>(a));
  StripsOf<height> b{a.rows, a.columns, a.nonzeros(), Buffer<std::int64_t>(strip_count<height>(a) + 1), {}, {}};
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t s = 0; s < strips; ++s)
    each_diagonal<height>(a, static_cast<std::size_t>(s), [&](std::int32_t, const auto&) { ++b.start.data()[s + 1]; });
  for (std::ptrdiff_t s = 0; s < strips; ++s) b.start.data()[s + 1] += b.start.data()[s];
  const auto diagonals = static_cast<std::size_t>(b.start.data()[strips]);
  b.offset = Buffer<std::int32_t>(diagonals);
  b.value = Buffer<double>(diagonals * height);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t s = 0; s < strips; ++s) {
    auto d = static_cast<std::size_t>(b.start.data()[s]);
    each_diagonal<height>(a, static_cast<std::size_t>(s), [&](std::int32_t offset, const auto& at) {
      b.offset[d] = offset;
      for (std::size_t lane = 0; lane < height; ++lane)
        if (at[lane] >= 0) b.value[d * height + lane] = a.value[static_cast<std::size_t>(at[lane])];
      ++d;
    });
  }
  return b;
}

template double strips_fill<8>(const Csr&);
template double strips_fill<64>(const Csr&);
template StripsOf<8> strips_from<8>(const Csr&);
template StripsOf<64> strips_from<64>(const Csr&);

void multiply(const Strips& a, std::span<const double> x, std::span<double> y) {
  constexpr std::size_t height = Strips::height;
  const auto strips = static_cast<std::ptrdiff_t>(a.start.size()) - 1;
  const auto rows = static_cast<std::int64_t>(a.rows), columns = static_cast<std::int64_t>(a.columns);
  const std::int64_t* start = a.start.data();
  const std::int32_t* offset = a.offset.data();
  const double* value = a.value.data();
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t s = 0; s < strips; ++s) {
    const std::int64_t first = s * static_cast<std::int64_t>(height), last = first + height;
    std::int64_t d = start[s];
    const std::int64_t end = start[s + 1];
    if (d == end || last > rows || first + offset[d] < 0 || last + offset[end - 1] > columns) {
      multiply_edge(a, static_cast<std::size_t>(s), x.data(), y.data());
      continue;
    }
    const double* in = x.data() + first;
    const auto accumulate = [&](Lanes& sum, std::int64_t at) {
      Lanes v, xs;
      __builtin_prefetch(value + (at + prefetch_ahead) * static_cast<std::int64_t>(height));
      std::memcpy(&v, value + at * static_cast<std::int64_t>(height), sizeof v);
      std::memcpy(&xs, in + offset[at], sizeof xs);
      sum += v * xs;
    };
    Lanes sums[3] = {};  // three chains hide the latency of an FMA
    for (; d + 3 <= end; d += 3)
      for (int chain = 0; chain < 3; ++chain) accumulate(sums[chain], d + chain);
    for (; d < end; ++d) accumulate(sums[0], d);
    const Lanes sum = sums[0] + sums[1] + sums[2];
    std::memcpy(y.data() + first, &sum, sizeof sum);
  }
}

}  // namespace tandem::kernels
