// A convolution on a device as the matrix products that it is, in tiles: the patches of pixels (im2col) are gathered
// where a block of threads shares them and nowhere else. Operands fp32 or the bits of bf16, products and sums fp32, in
// an order that follows from the shape alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "harness/device/gpu_code.hpp"
#include "kernels/learning/gpu_bf16.hpp"

namespace tandem::GPU_VENDOR {

constexpr unsigned tile_depth = 16;  // terms of the sums that are shared at once

// A block computes rows_ x columns_ sums; each thread those of 4 columns and of some rows, up to four of them next to
// one another, so that they are read together.
template <unsigned rows_, unsigned columns_, unsigned threads_>
struct Tile {
  static constexpr unsigned rows = rows_, columns = columns_, threads = threads_;
  static constexpr unsigned across = columns / 4, down = threads / across;
  static constexpr unsigned own = rows / down, together = own < 4 ? own : 4;
  static constexpr unsigned pitch = rows + 4;  // of the left operand: terms of a row lie in different banks

  GPU_FUNCTION static unsigned row(unsigned r) {
    return r / together * together * down + thread_index() / across * together + r % together;
  }
  GPU_FUNCTION static unsigned column(unsigned c) { return thread_index() % across * 4 + c; }
};

// sums += a b, a [tile_depth, pitch], b [tile_depth, columns].
template <typename Shape>
GPU_FUNCTION void add_products(const float* a, const float* b, float (&sums)[Shape::own][4]) {
  GPU_UNROLL for (unsigned k = 0; k < tile_depth; ++k) {
    float left[Shape::own], right[4];
    GPU_UNROLL for (unsigned r = 0; r < Shape::own; ++r) left[r] = a[k * Shape::pitch + Shape::row(r)];
    GPU_UNROLL for (unsigned c = 0; c < 4; ++c) right[c] = b[k * Shape::columns + Shape::column(c)];
    GPU_UNROLL for (unsigned r = 0; r < Shape::own; ++r) GPU_UNROLL for (unsigned c = 0; c < 4; ++c) sums[r][c] +=
        left[r] * right[c];
  }
}

// Which values [batch, height, width, channels] lie under the filter at which pixel of [batch, pixels_high,
// pixels_wide]; or, on the way back, of which pixels a value was under the filter.
struct Windows {
  unsigned height, width, channels, pixels_high, pixels_wide, filter, before, stride;

  GPU_FUNCTION unsigned taps() const { return filter * filter * channels; }
};

// Where a window begins; on the way back, ends.
struct Corner {
  int down, along;
  unsigned image;
};

template <bool back>
GPU_FUNCTION Corner corner_of(const Windows& w, unsigned pixel) {
  const auto q = static_cast<int>(pixel % w.pixels_wide);
  const auto p = static_cast<int>(pixel / w.pixels_wide % w.pixels_high);
  const auto before = static_cast<int>(w.before), stride = static_cast<int>(w.stride);
  const unsigned image = pixel / w.pixels_wide / w.pixels_high;
  if (back) return {p + before, q + before, image};
  return {p * stride - before, q * stride - before, image};
}

struct Tap {
  int i, j;
  unsigned channel;
};

GPU_FUNCTION Tap tap_of(const Windows& w, unsigned tap) {
  const unsigned place = tap / w.channels;
  return {static_cast<int>(place / w.filter), static_cast<int>(place % w.filter), tap % w.channels};
}

// 0 outside of the image.
template <bool back, typename T>
GPU_FUNCTION float under(const T* values, const Windows& w, const Corner& corner, const Tap& tap) {
  int down = back ? corner.down - tap.i : corner.down + tap.i;
  int along = back ? corner.along - tap.j : corner.along + tap.j;
  if (back && w.stride > 1) {
    const auto stride = static_cast<int>(w.stride);
    if (down % stride != 0 || along % stride != 0) return 0;
    down /= stride;
    along /= stride;
  }
  const auto h = static_cast<unsigned>(down), v = static_cast<unsigned>(along);  // wraps below zero
  if (h >= w.height || v >= w.width) return 0;
  return as_float(values[((corner.image * w.height + h) * w.width + v) * w.channels + tap.channel]);
}

// What becomes of a sum before it is written. bias: of each column, or null; gate: values like the results, which let
// through where they are positive, or null.
template <typename T>
struct Ending {
  const float* bias;
  bool relu;
  const T* gate;
};

// to [pixels, columns] = windows of `from` times weights [taps, columns]. Blocks: tiles of rows, in each those of
// columns.
template <bool back, typename Shape, typename T, typename Y>
GPU_KERNEL void convolve(const T* from, const float* weights, Y* to, Windows w, unsigned pixels, unsigned columns,
                         Ending<T> ending) {
  alignas(16) GPU_SHARED float a[tile_depth * Shape::pitch];
  alignas(16) GPU_SHARED float b[tile_depth * Shape::columns];
  GPU_SHARED Corner corners[Shape::rows];
  const unsigned across = (columns + Shape::columns - 1) / Shape::columns, own = thread_index();
  const unsigned first_row = block_index() / across * Shape::rows;
  const unsigned first_column = block_index() % across * Shape::columns;
  for (unsigned r = own; r < Shape::rows; r += Shape::threads) corners[r] = corner_of<back>(w, first_row + r);
  block_barrier();

  float sums[Shape::own][4] = {};
  for (unsigned first = 0; first < w.taps(); first += tile_depth) {
    const Tap tap = tap_of(w, first + own % tile_depth);
    for (unsigned r = own / tile_depth; r < Shape::rows; r += Shape::threads / tile_depth) {
      const bool there = first + own % tile_depth < w.taps() && first_row + r < pixels;
      a[own % tile_depth * Shape::pitch + r] = there ? under<back>(from, w, corners[r], tap) : 0.0f;
    }
    for (unsigned e = own; e < tile_depth * Shape::columns; e += Shape::threads) {
      const unsigned row = first + e / Shape::columns, column = first_column + e % Shape::columns;
      b[e] = row < w.taps() && column < columns ? weights[row * columns + column] : 0.0f;
    }
    block_barrier();
    add_products<Shape>(a, b, sums);
    block_barrier();
  }

  GPU_UNROLL for (unsigned r = 0; r < Shape::own; ++r) GPU_UNROLL for (unsigned c = 0; c < 4; ++c) {
    const unsigned row = first_row + Shape::row(r), column = first_column + Shape::column(c);
    if (row >= pixels || column >= columns) continue;
    float value = sums[r][c];
    if (ending.bias != nullptr) value += ending.bias[column];
    if (ending.relu) value = fmaxf(value, 0.0f);
    const unsigned at = row * columns + column;
    if (ending.gate != nullptr && !(as_float(ending.gate[at]) > 0)) value = 0;
    put(to[at], value);
  }
}

// Of each share of `share` pixels the products of the windows' values with the gradients [pixels, columns], to
// partial [shares, taps + 1, columns]; the last row is of a tap that is 1 everywhere, the bias. Blocks: shares, in each
// tiles of taps, in each those of columns.
template <typename Shape, typename T>
GPU_KERNEL void correlate(const T* from, const T* gradients, float* partial, Windows w, unsigned pixels,
                          unsigned columns, unsigned share) {
  alignas(16) GPU_SHARED float a[tile_depth * Shape::pitch];
  alignas(16) GPU_SHARED float b[tile_depth * Shape::columns];
  GPU_SHARED Corner corners[tile_depth];
  const unsigned across = (columns + Shape::columns - 1) / Shape::columns, own = thread_index();
  const unsigned rows = w.taps() + 1, down = (rows + Shape::rows - 1) / Shape::rows;
  const unsigned number = block_index() / across / down;
  const unsigned first_row = block_index() / across % down * Shape::rows;
  const unsigned first_column = block_index() % across * Shape::columns;
  const unsigned begin = number * share, end = pixels - begin < share ? pixels : begin + share;
  const unsigned own_row = first_row + own % Shape::rows;
  const Tap tap = tap_of(w, own_row);
  if (own < tile_depth) corners[own] = corner_of<false>(w, begin + own);
  block_barrier();

  float sums[Shape::own][4] = {};
  for (unsigned first = begin; first < end; first += tile_depth) {
    for (unsigned k = own / Shape::rows; k < tile_depth; k += Shape::threads / Shape::rows) {
      float value = 0;
      if (first + k < end && own_row < rows)
        value = own_row == w.taps() ? 1.0f : under<false>(from, w, corners[k], tap);
      a[k * Shape::pitch + own % Shape::rows] = value;
    }
    for (unsigned e = own; e < tile_depth * Shape::columns; e += Shape::threads) {
      const unsigned pixel = first + e / Shape::columns, column = first_column + e % Shape::columns;
      b[e] = pixel < end && column < columns ? as_float(gradients[pixel * columns + column]) : 0.0f;
    }
    block_barrier();
    if (own < tile_depth) corners[own] = corner_of<false>(w, first + tile_depth + own);
    add_products<Shape>(a, b, sums);
    block_barrier();
  }

  GPU_UNROLL for (unsigned r = 0; r < Shape::own; ++r) GPU_UNROLL for (unsigned c = 0; c < 4; ++c) {
    const unsigned row = first_row + Shape::row(r), column = first_column + Shape::column(c);
    if (row < rows && column < columns)
      partial[(static_cast<std::size_t>(number) * rows + row) * columns + column] = sums[r][c];
  }
}

constexpr unsigned share_threads = 256, share_entries = 16;  // of a block

// Adds the shares up: weight gradients [columns, taps], those of the biases.
static GPU_KERNEL void add_shares(const float* partial, float* weights, float* biases, unsigned taps, unsigned columns,
                                  unsigned shares) {
  GPU_SHARED float parts[share_threads];
  constexpr unsigned groups = share_threads / share_entries;
  const unsigned own = thread_index(), entries = (taps + 1) * columns;
  const unsigned entry = block_index() * share_entries + own % share_entries;
  float sum = 0;
  if (entry < entries)
    for (unsigned s = own / share_entries; s < shares; s += groups)
      sum += partial[static_cast<std::size_t>(s) * entries + entry];
  parts[own] = sum;
  block_barrier();
  if (own >= share_entries || entry >= entries) return;
  for (unsigned group = 1; group < groups; ++group) sum += parts[group * share_entries + own];
  const unsigned tap = entry / columns, column = entry % columns;
  if (tap == taps)
    biases[column] = sum;
  else
    weights[column * taps + tap] = sum;
}

// Weights [out, places, in] as the products take them, rounded where T is: [places, in, out] forward, [places, out, in]
// back. A thread a weight.
template <typename T>
GPU_KERNEL void pack_weights(const float* weights, float* forward, float* back, unsigned places, unsigned in,
                             unsigned out) {
  const auto at = static_cast<unsigned>(grid_index());
  if (at >= out * places * in) return;
  T rounded;
  put(rounded, weights[at]);
  const unsigned k = at / in / places, place = at / in % places, c = at % in;
  forward[(place * in + c) * out + k] = as_float(rounded);
  if (back != nullptr) back[(place * out + k) * in + c] = as_float(rounded);
}

}  // namespace tandem::GPU_VENDOR
