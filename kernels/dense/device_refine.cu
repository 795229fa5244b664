#include <cmath>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_sums.hpp"
#include "kernels/dense/device_refine.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr unsigned threads = sum_threads;

// A block a row.
GPU_KERNEL void convert(DeviceMatrix<double> from, float* to, std::size_t lead, double* sizes, std::size_t n) {
  const double* const row = from.data + block_index() * from.lead;
  double size = 0;
  for (std::size_t j = thread_index(); j < lead; j += block_size()) {
    const double value = j < n ? row[j] : 0;
    to[block_index() * lead + j] = static_cast<float>(value);
    size += std::fabs(value);
  }
  size = block_sum(size);
  if (thread_index() == 0) sizes[block_index()] = size;
}

constexpr unsigned product_lanes = 32, product_rows = 4;  // threads that share rows, and how many rows they share
constexpr unsigned rows_of_block = threads / product_lanes * product_rows;

GPU_KERNEL void multiply(DeviceMatrix<double> a, const double* x, double* y, std::size_t n) {
  GPU_SHARED double part[rows_of_block][product_lanes + 1];
  const unsigned own = thread_index(), lane = own % product_lanes, group = own / product_lanes * product_rows;
  const std::size_t first = static_cast<std::size_t>(block_index()) * rows_of_block;
  const double* row[product_rows];
  double sum[product_rows];
  GPU_UNROLL
  for (unsigned r = 0; r < product_rows; ++r) {
    const std::size_t at = first + group + r;
    row[r] = a.data + (at < n ? at : n - 1) * a.lead;
    sum[r] = 0;
  }
  GPU_UNROLL_BY(4)
  for (std::size_t j = lane; j < n; j += product_lanes) {
    GPU_UNROLL
    for (unsigned r = 0; r < product_rows; ++r) sum[r] += row[r][j] * x[j];
  }
  GPU_UNROLL
  for (unsigned r = 0; r < product_rows; ++r) part[group + r][lane] = sum[r];
  block_barrier();
  if (own >= rows_of_block || first + own >= n) return;
  double whole = 0;
  for (unsigned i = 0; i < product_lanes; ++i) whole += part[own][i];
  y[first + own] = whole;
}

constexpr unsigned width = substitution_width;
constexpr unsigned lanes = 8;     // threads that share rows of an update
constexpr unsigned wide = 4;      // entries that one of them loads together
constexpr unsigned unknowns = 8;  // that each thread finds for itself, between two barriers
constexpr unsigned most_below = width * (width - 1) / 2;

struct alignas(16) Four {
  float at[wide];
};

// One step of x := L^-1 x (down) or U^-1 x (not down), by blocks of `width` unknowns: each block of threads subtracts
// from its rows what the unknowns found last contribute; the first, whose rows come next, then finds theirs. A step is
// all that waits for another. Within a block unknowns are numbered in the order in which they are found.
template <bool down>
GPU_KERNEL void substitute(DeviceMatrix<float> f, double* x, std::size_t n, std::size_t step) {
  GPU_SHARED double part[width][lanes + 1];
  GPU_SHARED double found[width];
  GPU_SHARED double inverse[width];  // of the diagonal
  GPU_SHARED double reordered[width];
  GPU_SHARED float triangle[most_below];  // row i from i (i - 1) / 2 on
  constexpr double sign = down ? 1 : -1;  // -L is what is stored
  const unsigned own = thread_index();
  const std::size_t blocks = (n + width - 1) / width;
  const std::size_t block = down ? step + block_index() : blocks - 1 - step - block_index();
  const std::size_t first = block * width, rest = n - first;
  const unsigned height = rest < width ? static_cast<unsigned>(rest) : width;
  const auto place = [height](unsigned i) { return down ? i : height - 1 - i; };  // and back
  const float* const square = f.data + first * f.lead + first;

  if (block_index() == 0) {
    for (unsigned at = own; at < width * width; at += threads) {
      const unsigned i = at / width, j = at % width;
      if (i < height && j < height && place(j) < place(i))
        triangle[place(i) * (place(i) - 1) / 2 + place(j)] = square[i * f.lead + j];
    }
    if (own < height) inverse[place(own)] = down ? 1 : 1 / static_cast<double>(square[own * f.lead + own]);
  }
  double value = own < height ? x[first + own] : 0;
  if (step > 0) {
    constexpr unsigned groups = threads / lanes, each = width / groups;
    const std::size_t column = (down ? step - 1 : blocks - step) * width;
    const unsigned lane = own % lanes, group = own / lanes;
    double sum[each] = {};
    for (unsigned j = lane * wide; j < width; j += lanes * wide) {
      double solved[wide];
      GPU_UNROLL
      for (unsigned l = 0; l < wide; ++l) solved[l] = x[column + j + l];
      GPU_UNROLL
      for (unsigned r = 0; r < each; ++r) {
        const unsigned i = group + r * groups;
        if (i >= height) continue;
        const Four entries = *reinterpret_cast<const Four*>(f.data + (first + i) * f.lead + column + j);
        GPU_UNROLL
        for (unsigned l = 0; l < wide; ++l) sum[r] += static_cast<double>(entries.at[l]) * solved[l];
      }
    }
    GPU_UNROLL
    for (unsigned r = 0; r < each; ++r) part[group + r * groups][lane] = sum[r];
    block_barrier();
    if (own < height)
      for (unsigned i = 0; i < lanes; ++i) value += sign * part[own][i];
  }
  if (block_index() > 0) {
    if (own < height) x[first + own] = value;
    return;
  }

  if (own < height) reordered[place(own)] = value;
  block_barrier();
  if (own < height) value = reordered[own];
  for (unsigned from = 0; from < height; from += unknowns) {
    if (own / unknowns == from / unknowns) found[own] = own < height ? value : 0;
    block_barrier();
    if (own < from || own >= height) continue;
    double next[unknowns];
    GPU_UNROLL
    for (unsigned i = 0; i < unknowns; ++i) {
      const unsigned row = from + i;
      double sum = found[row];
      GPU_UNROLL
      for (unsigned j = 0; j < i; ++j)
        sum += sign * static_cast<double>(triangle[row * (row - 1) / 2 + from + j]) * next[j];
      next[i] = sum * inverse[row];
    }
    if (own < from + unknowns) {
      GPU_UNROLL
      for (unsigned i = 0; i < unknowns; ++i) value = own == from + i ? next[i] : value;
    } else {
      GPU_UNROLL
      for (unsigned j = 0; j < unknowns; ++j)
        value += sign * static_cast<double>(triangle[own * (own - 1) / 2 + from + j]) * next[j];
    }
  }
  if (own < height) x[first + place(own)] = value;
}

}  // namespace

void start_conversion(DeviceMatrix<double> from, float* to, std::size_t lead, double* sizes, std::size_t n) {
  launch(convert, n, threads, from, to, lead, sizes, n);
}

void start_product(DeviceMatrix<double> a, const double* x, double* y, std::size_t n) {
  launch(multiply, blocks_for(n, rows_of_block), threads, a, x, y, n);
}

void start_substitution(DeviceMatrix<float> factors, double* x, std::size_t n) {
  const std::size_t blocks = blocks_for(n, width);
  for (std::size_t step = 0; step < blocks; ++step)
    launch(substitute<true>, blocks - step, threads, factors, x, n, step);
  for (std::size_t step = 0; step < blocks; ++step)
    launch(substitute<false>, blocks - step, threads, factors, x, n, step);
}

}  // namespace tandem::GPU_VENDOR
