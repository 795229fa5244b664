#include "kernels/dense/operands.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"
#include "kernels/dense/small_float.hpp"

namespace tandem::kernels {
namespace {

template <typename Pattern>
RowReader rows_of(const std::byte* data, std::size_t columns, SmallFloat format) {
  return [from = reinterpret_cast<const Pattern*>(data), columns, format](std::size_t row, std::span<double> values) {
    for (std::size_t j = 0; j < values.size(); ++j)
      values[j] = static_cast<double>(format.decode(static_cast<std::uint32_t>(from[row * columns + j])));
  };
}

}  // namespace

MatmulShape matmul_shape(const Settings& settings) {
  const std::string& text = settings.text("n");
  std::vector<std::size_t> sizes;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('x', at), text.size());
    Settings one;
    one.set("n", text.substr(at, end - at));
    const auto size = one.integer("n");
    check_usage(size >= 1 && size <= 65536, "n={}: expected 1 to 65536 (an int32 sum must not overflow)", text);
    sizes.push_back(static_cast<std::size_t>(size));
    at = end + 1;
  }
  check_usage(sizes.size() == 1 || sizes.size() == 3, "n={}: expected an order as 1024 or MxNxK as 64x4096x1024", text);
  return {sizes.front(), sizes[sizes.size() / 2], sizes.back()};
}

void store_operand(Element type, std::byte* data, std::size_t i, double value) {
  const auto single = static_cast<float>(value);
  switch (type) {
    case Element::fp64:
      reinterpret_cast<double*>(data)[i] = value;
      break;
    case Element::fp32:
      reinterpret_cast<float*>(data)[i] = single;
      break;
    case Element::bf16:
    case Element::fp16:
      reinterpret_cast<std::uint16_t*>(data)[i] =
          static_cast<std::uint16_t>((type == Element::bf16 ? kBf16 : kFp16).encode(single));
      break;
    case Element::fp8:
      data[i] = static_cast<std::byte>(kFp8.encode(single));
      break;
    default:
      data[i] = static_cast<std::byte>(static_cast<int>(value));
  }
}

double draw_operand(Element type, Data kind, std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  const double u = random_uniform(seed, stream, i);
  const bool is_unsigned = type == Element::uint8;
  if (kind == Data::exact) {
    const double most = type == Element::fp64 ? 1024 : 2;
    return std::floor(is_unsigned ? (most + 1) * u : (2 * most + 1) * u - most);
  }
  if (type == Element::int8 || is_unsigned) return std::floor(256 * u) - (is_unsigned ? 0 : 128);
  return 2 * u - 1;
}

void fill_operand(Element type, std::byte* data, std::size_t count, Data kind, std::uint64_t seed,
                  std::uint64_t stream) {
  const auto all = static_cast<std::ptrdiff_t>(count);
#pragma omp parallel for schedule(static)
  for (std::ptrdiff_t i = 0; i < all; ++i)
    store_operand(type, data, static_cast<std::size_t>(i),
                  draw_operand(type, kind, seed, stream, static_cast<std::uint64_t>(i)));
}

RowReader operand_rows(Element type, const std::byte* data, std::size_t columns) {
  switch (type) {
    case Element::fp64:
      return row_major(reinterpret_cast<const double*>(data), columns);
    case Element::fp32:
      return row_major(reinterpret_cast<const float*>(data), columns);
    case Element::bf16:
      return rows_of<std::uint16_t>(data, columns, kBf16);
    case Element::fp16:
      return rows_of<std::uint16_t>(data, columns, kFp16);
    case Element::fp8:
      return rows_of<std::uint8_t>(data, columns, kFp8);
    case Element::int32:
      return row_major(reinterpret_cast<const std::int32_t*>(data), columns);
    case Element::int8:
      return row_major(reinterpret_cast<const std::int8_t*>(data), columns);
    case Element::uint8:
      break;
  }
  return row_major(reinterpret_cast<const std::uint8_t*>(data), columns);
}

double error_of_rows(const MatmulShape& shape, Element a_type, Element b_type, const RowReader& c, Data kind,
                     std::uint64_t seed) {
  constexpr std::size_t rows = 4;
  std::array<std::vector<double>, rows> right;
  const auto row_of = [&](std::size_t r) { return r * (shape.m - 1) / (rows - 1); };
  for (auto& row : right) row.assign(shape.n, 0.0);
  std::vector<double> b(shape.n);
  for (std::size_t l = 0; l < shape.k; ++l) {
    for (std::size_t j = 0; j < shape.n; ++j) b[j] = draw_operand(b_type, kind, seed, 2, l * shape.n + j);
    for (std::size_t r = 0; r < rows; ++r) {
      const double a = draw_operand(a_type, kind, seed, 1, row_of(r) * shape.k + l);
      for (std::size_t j = 0; j < shape.n; ++j) right[r][j] += a * b[j];
    }
  }
  double error = 0, size = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    c(row_of(r), b);
    for (std::size_t j = 0; j < shape.n; ++j) {
      error += (b[j] - right[r][j]) * (b[j] - right[r][j]);
      size += right[r][j] * right[r][j];
    }
  }
  return std::sqrt(error / size);
}

}  // namespace tandem::kernels
