// One triangle of an ordered matrix in chunks of 8 rows: CSR or SELL with indices of 32 or 16 bits. sum(chunk, x) gives
// the products of the 8 rows with x; prefetch distances were measured.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#ifdef __AVX512VL__
#include <immintrin.h>
#endif

#include "kernels/sparse/ordering.hpp"
#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {

// Entries of a row that belong to the triangle: visit(slot of the column, value). Lower: earlier slots.
template <typename Visit>
void each_entry(const Csr& a, const Ordering& ordering, bool lower, std::size_t slot, const Visit& visit) {
  const std::int32_t row = ordering.row[slot];
  if (row < 0) return;
  for (auto k = static_cast<std::size_t>(a.start[static_cast<std::size_t>(row)]);
       k < static_cast<std::size_t>(a.start[static_cast<std::size_t>(row) + 1]); ++k) {
    const auto column = static_cast<std::size_t>(a.column[k]);
    if (column >= a.rows) continue;
    const auto other = static_cast<std::size_t>(ordering.slot[column]);
    if (lower ? other < slot : other > slot) visit(ordering.slot[column], a.value[k]);
  }
}

template <typename T>
class CsrTriangle {
 public:
  CsrTriangle(const Csr& a, const Ordering& ordering, bool lower);
  bool fits() const { return true; }
  template <std::ptrdiff_t ahead = 512>
  Pack<T> sum(std::size_t chunk, const T* x) const {
    Pack<T> result = {};
    for (std::size_t lane = 0; lane < chunk_rows; ++lane) {
      const std::int64_t* row = start_.data() + chunk * chunk_rows + lane;
      T total = 0;
      __builtin_prefetch(value_.data() + row[0] + ahead);
      __builtin_prefetch(value_.data() + row[0] + ahead + 8);
      __builtin_prefetch(column_.data() + row[0] + ahead);
      for (std::int64_t k = row[0]; k < row[1]; ++k) total += value_.data()[k] * x[column_.data()[k]];
      result[lane] = total;
    }
    return result;
  }
  std::span<T> values() { return value_; }
  double bytes() const {
    return static_cast<double>(value_.size()) * (sizeof(T) + 4) + 8.0 * static_cast<double>(start_.size());
  }

 private:
  Buffer<std::int64_t> start_;  // slots + 1
  Buffer<std::int32_t> column_;
  Buffer<T> value_;
};

template <typename T, typename Index>  // std::int32_t: columns; std::uint16_t: distances from the chunk's base
class SellTriangle {
 public:
  SellTriangle(const Csr& a, const Ordering& ordering, bool lower);
  bool fits() const { return fits_; }
  // `ahead`: where the next chunks lie, in entries; negative for a sweep that runs backwards.
  template <std::ptrdiff_t ahead = 512>
  Pack<T> sum(std::size_t chunk, const T* x) const {
    const std::int64_t begin = start_.data()[chunk], end = start_.data()[chunk + 1];
    const T* value = value_.data() + begin * lanes;
    const Index* index = index_.data() + begin * lanes;
    const T* from = x + (packed ? base_[chunk] : 0);
    Pack<T> even = {}, odd = {};
    std::int64_t c = end - begin;
    for (; c >= 2; c -= 2, value += 2 * lanes, index += 2 * lanes) {
      __builtin_prefetch(value + ahead);
      __builtin_prefetch(value + ahead + lanes);
      __builtin_prefetch(index + ahead);
      even += load(value) * gather(from, index);
      odd += load(value + lanes) * gather(from, index + lanes);
    }
    if (c > 0) even += load(value) * gather(from, index);
    return even + odd;
  }
  std::span<T> values() { return value_; }
  double bytes() const {
    return static_cast<double>(value_.size()) * (sizeof(T) + sizeof(Index)) +
           static_cast<double>(start_.size()) * (packed ? 12 : 8);
  }

 private:
  static constexpr bool packed = std::is_same_v<Index, std::uint16_t>;
  static Pack<T> gather(const T* from, const Index* index) {
#ifdef __AVX512VL__
    __m256i at;
    if constexpr (packed)
      at = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(index)));
    else
      at = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(index));
    if constexpr (std::is_same_v<T, float>)
      return _mm256_mmask_i32gather_ps(_mm256_setzero_ps(), 0xff, at, from, 4);
    else
      return _mm512_mask_i32gather_pd(_mm512_setzero_pd(), 0xff, at, from, 8);  // unmasked, g++ 12 warns
#else
    Pack<T> result = {};
    for (std::size_t lane = 0; lane < chunk_rows; ++lane) result[lane] = from[index[lane]];
    return result;
#endif
  }

  Buffer<std::int64_t> start_;  // chunks + 1, in columns of 8 entries
  Buffer<std::int32_t> base_;   // of each chunk; packed only
  Buffer<Index> index_;
  Buffer<T> value_;
  bool fits_ = true;
};

template <typename T>
CsrTriangle<T>::CsrTriangle(const Csr& a, const Ordering& ordering, bool lower) : start_(ordering.slots() + 1) {
  const auto slots = static_cast<std::ptrdiff_t>(ordering.slots());
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t s = 0; s < slots; ++s)
    each_entry(a, ordering, lower, static_cast<std::size_t>(s), [&](std::int32_t, double) { ++start_.data()[s + 1]; });
  for (std::ptrdiff_t s = 0; s < slots; ++s) start_.data()[s + 1] += start_.data()[s];
  const auto nonzeros = static_cast<std::size_t>(start_.data()[slots]);
  column_ = Buffer<std::int32_t>(nonzeros);
  value_ = Buffer<T>(nonzeros);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t s = 0; s < slots; ++s) {
    auto at = static_cast<std::size_t>(start_.data()[s]);
    each_entry(a, ordering, lower, static_cast<std::size_t>(s), [&](std::int32_t column, double value) {
      column_[at] = column;
      value_[at++] = static_cast<T>(value);
    });
  }
}

template <typename T, typename Index>
SellTriangle<T, Index>::SellTriangle(const Csr& a, const Ordering& ordering, bool lower)
    : start_(ordering.chunks() + 1), base_(packed ? ordering.chunks() : 0) {
  const auto chunks = static_cast<std::ptrdiff_t>(ordering.chunks());
  bool fits = true;
#pragma omp parallel for schedule(static) reduction(&& : fits)
  for (std::ptrdiff_t c = 0; c < chunks; ++c) {
    std::int64_t width = 0;
    std::int32_t least = std::numeric_limits<std::int32_t>::max(), most = 0;
    for (std::size_t lane = 0; lane < chunk_rows; ++lane) {
      std::int64_t length = 0;
      each_entry(a, ordering, lower, static_cast<std::size_t>(c) * chunk_rows + lane, [&](std::int32_t column, double) {
        ++length;
        least = std::min(least, column);
        most = std::max(most, column);
      });
      width = std::max(width, length);
    }
    start_.data()[c + 1] = width;
    if (packed) {
      base_.data()[c] = width == 0 ? 0 : least;
      fits = fits && most - least <= std::numeric_limits<std::uint16_t>::max();
    }
  }
  fits_ = fits;
  if (!fits) return;
  for (std::ptrdiff_t c = 0; c < chunks; ++c) start_.data()[c + 1] += start_.data()[c];
  const auto entries = static_cast<std::size_t>(start_.data()[chunks]) * chunk_rows;
  index_ = Buffer<Index>(entries);  // padding: value 0 times the chunk's base, or the first slot
  value_ = Buffer<T>(entries);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t c = 0; c < chunks; ++c)
    for (std::size_t lane = 0; lane < chunk_rows; ++lane) {
      auto at = static_cast<std::size_t>(start_.data()[c]) * chunk_rows + lane;
      each_entry(a, ordering, lower, static_cast<std::size_t>(c) * chunk_rows + lane,
                 [&](std::int32_t column, double value) {
                   index_[at] = static_cast<Index>(packed ? column - base_.data()[c] : column);
                   value_[at] = static_cast<T>(value);
                   at += chunk_rows;
                 });
    }
}

}  // namespace tandem::kernels
