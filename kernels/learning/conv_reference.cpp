#include "kernels/learning/conv_reference.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/base/random.hpp"
#include "kernels/learning/elementwise.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

double entry(const Operand& array, std::size_t i) {
  if (array.type == Element::bf16) return static_cast<double>(load(static_cast<const Bf16*>(array.data)[i]));
  return static_cast<double>(static_cast<const float*>(array.data)[i]);
}

// Weights as the products take them.
double weight(const ConvArrays& arrays, std::size_t i) {
  if (arrays.x.type != Element::bf16) return static_cast<double>(arrays.w[i]);
  Bf16 rounded;
  store(rounded, arrays.w[i]);
  return static_cast<double>(load(rounded));
}

// The taps of output pixel `row`, [filter, filter, in], and a 1 for the bias.
RowReader patches(const ConvShape& s, const Operand& x) {
  return [s, x](std::size_t row, std::span<double> values) {
    const std::size_t q = row % s.out_width(), p = row / s.out_width() % s.out_height();
    const std::size_t image = row / s.out_width() / s.out_height();
    std::size_t to = 0;
    for (std::size_t i = 0; i < s.filter; ++i)
      for (std::size_t j = 0; j < s.filter; ++j) {
        const std::size_t h = p * s.stride + i - s.before(), w = q * s.stride + j - s.before();  // wraps below zero
        const bool inside = h < s.height && w < s.width;
        const std::size_t from = ((image * s.height + h) * s.width + w) * s.in;
        for (std::size_t c = 0; c < s.in; ++c) values[to++] = inside ? entry(x, from + c) : 0;
      }
    values[to] = 1;
  };
}

// What input pixel `row` was a tap of, [filter, filter, out].
RowReader back_patches(const ConvShape& s, const Operand& dy) {
  return [s, dy](std::size_t row, std::span<double> values) {
    const std::size_t w = row % s.width, h = row / s.width % s.height, image = row / s.width / s.height;
    std::size_t to = 0;
    for (std::size_t i = 0; i < s.filter; ++i)
      for (std::size_t j = 0; j < s.filter; ++j) {
        const std::size_t down = h + s.before() - i, along = w + s.before() - j;  // wraps below zero
        const std::size_t p = down / s.stride, q = along / s.stride;
        const bool inside = down % s.stride == 0 && along % s.stride == 0 && p < s.out_height() && q < s.out_width();
        const std::size_t from = ((image * s.out_height() + p) * s.out_width() + q) * s.out;
        for (std::size_t k = 0; k < s.out; ++k) values[to++] = inside ? entry(dy, from + k) : 0;
      }
  };
}

double block_error(const Product& product, const Gate& gate, std::span<const std::size_t> rows, double u,
                   double u_output) {
  const auto [m, n, k, read_a, read_b, read_c] = product;
  std::vector<double> a(rows.size() * k), b(n), sum(rows.size() * n), size(rows.size() * n), c(n), at(n, 1.0);
  for (std::size_t i = 0; i < rows.size(); ++i) read_a(rows[i], std::span(a).subspan(i * k, k));
  for (std::size_t l = 0; l < k; ++l) {
    read_b(l, b);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const double term = a[i * k + l] * b[j];
        sum[i * n + j] += term;
        size[i * n + j] += std::abs(term);
      }
  }
  double worst = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    read_c(rows[i], c);
    if (gate.kind == Gate::Kind::slope) gate.values(rows[i], at);
    for (std::size_t j = 0; j < n; ++j) {
      const double z = sum[i * n + j];
      const bool open = gate.kind == Gate::Kind::relu ? z > 0 : at[j] > 0;
      const double error = std::abs(c[j] - (open ? z : 0));
      const double bound = 8 * std::sqrt(static_cast<double>(k)) * u * size[i * n + j] + u_output * std::abs(z);
      worse(worst, error == 0 ? 0 : error / bound);
    }
  }
  return worst;
}

}  // namespace

RowReader rows_of(const Operand& array, std::size_t columns) {
  return [array, columns](std::size_t row, std::span<double> values) {
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = entry(array, row * columns + j);
  };
}

Product outputs_of(const ConvShape& s, const ConvArrays& arrays) {
  const auto weights = [s, arrays](std::size_t tap, std::span<double> values) {
    for (std::size_t k = 0; k < s.out; ++k)
      values[k] = tap == s.taps() ? static_cast<double>(arrays.b[k]) : weight(arrays, k * s.taps() + tap);
  };
  return {s.pixels(), s.out, s.taps() + 1, patches(s, arrays.x), weights, rows_of(arrays.y, s.out)};
}

Product input_gradients_of(const ConvShape& s, const ConvArrays& arrays) {
  const auto weights = [s, arrays](std::size_t row, std::span<double> values) {
    const std::size_t k = row % s.out, tap = row / s.out;
    for (std::size_t c = 0; c < s.in; ++c) values[c] = weight(arrays, k * s.taps() + tap * s.in + c);
  };
  return {s.inputs() / s.in,          s.in,    s.filter * s.filter * s.out,
          back_patches(s, arrays.dy), weights, rows_of(arrays.dx, s.in)};
}

Product parameter_gradients_of(const ConvShape& s, const ConvArrays& arrays) {
  const auto channel = [s, dy = arrays.dy](std::size_t k, std::span<double> values) {
    for (std::size_t pixel = 0; pixel < values.size(); ++pixel) values[pixel] = entry(dy, pixel * s.out + k);
  };
  const auto gradients = [s, arrays](std::size_t k, std::span<double> values) {
    for (std::size_t tap = 0; tap < s.taps(); ++tap) values[tap] = static_cast<double>(arrays.dw[k * s.taps() + tap]);
    values[s.taps()] = static_cast<double>(arrays.db[k]);
  };
  return {s.out, s.taps() + 1, s.pixels(), channel, patches(s, arrays.x), gradients};
}

double rows_error(const Product& product, const Gate& gate, std::uint64_t seed, double u, double u_output) {
  constexpr std::size_t block = 8;
  const std::size_t most = std::max<std::size_t>(1, (std::size_t{1} << 28) / (product.n * product.k));
  std::vector<std::size_t> rows(std::min(product.m, most));
  for (std::size_t i = 0; i < rows.size(); ++i)
    rows[i] = product.m <= most ? i : random_bits(seed, 0xc04f, i) % product.m;
  double worst = 0;
#pragma omp parallel
  {
    double own = 0;
#pragma omp for schedule(dynamic)
    for (std::size_t at = 0; at < rows.size(); at += block)
      worse(own,
            block_error(product, gate, std::span(rows).subspan(at, std::min(block, rows.size() - at)), u, u_output));
#pragma omp critical
    worse(worst, own);
  }
  return worst;
}

}  // namespace tandem::kernels
