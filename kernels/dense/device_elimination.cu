// Kernels of a leaf and the order of steps.
#include <algorithm>

#include "harness/device/gpu_code.hpp"
#include "kernels/dense/device_elimination.hpp"

namespace tandem::GPU_VENDOR {

using namespace tandem::kernels;

namespace {

constexpr unsigned leaf = 64;
constexpr unsigned side = 16, each = leaf / side;  // of the square of threads that eliminates a leaf; entries of one
constexpr float scale_of_l = 4096;

// One block: a thread keeps every 16th entry of every 16th row, so that all have work to the end. Beyond `size` stands
// the identity. The barrier of a step suffices, for the next one writes to other memory.
GPU_KERNEL void eliminate_square(float* a, std::size_t lead, std::size_t size) {
  GPU_SHARED float row[2][leaf];
  GPU_SHARED float column[2][leaf];
  const unsigned x = thread_index() % side, y = thread_index() / side;
  float own[each][each];
  GPU_UNROLL
  for (unsigned p = 0; p < each; ++p) {
    GPU_UNROLL
    for (unsigned q = 0; q < each; ++q) {
      const unsigned i = y + side * p, j = x + side * q;
      own[p][q] = i < size && j < size ? a[i * lead + j] : i == j ? 1.0f : 0.0f;
    }
  }
  GPU_UNROLL
  for (unsigned block = 0; block < each; ++block) {
    GPU_UNROLL_BY(1)
    for (unsigned step = 0; step < side; ++step) {
      const unsigned k = block * side + step, half = k % 2;
      if (y == step) {
        GPU_UNROLL
        for (unsigned q = 0; q < each; ++q) row[half][x + side * q] = own[block][q];
      }
      if (x == step) {
        GPU_UNROLL
        for (unsigned p = 0; p < each; ++p) column[half][y + side * p] = own[p][block];
      }
      block_barrier();
      const float scale = -1.0f / row[half][k];
      GPU_UNROLL
      for (unsigned p = block; p < each; ++p) {
        if (y + side * p <= k) continue;
        const float factor = column[half][y + side * p] * scale;
        GPU_UNROLL
        for (unsigned q = block; q < each; ++q) {
          const unsigned j = x + side * q;
          if (j > k) own[p][q] += factor * row[half][j];
          if (j == k) own[p][q] = factor;
        }
      }
    }
  }
  GPU_UNROLL
  for (unsigned p = 0; p < each; ++p) {
    GPU_UNROLL
    for (unsigned q = 0; q < each; ++q) {
      const unsigned i = y + side * p, j = x + side * q;
      if (i < size && j < size) a[i * lead + j] = own[p][q];
    }
  }
}

GPU_FUNCTION void put(float value, float scale, std::size_t at, float* f, const RoundedFactors& rounded) {
  f[at] = value;
  if (rounded.data != nullptr) rounded.data[at] = static_cast<std::uint16_t>(rounded.format.encode(scale * value));
}

// What an eliminated leaf makes of the rows right of it, L11^-1 A12, and of the columns below, -A21 U11^-1. A block has
// 64 columns (the first `rightward` blocks) or rows, a thread one of them, whose 64 entries it keeps in registers:
//   x_k := scale_k x_k, x_i += triangle_ki x_k for i > k.
GPU_KERNEL void eliminate_cross(float* f, std::size_t lead, RoundedFactors rounded, std::size_t first, std::size_t n,
                                std::size_t rightward) {
  constexpr unsigned width = leaf + 4;  // fewer threads of a transposition meet in one bank
  alignas(16) GPU_SHARED float triangle[leaf][width];
  GPU_SHARED float scale[leaf];
  GPU_SHARED float tile[leaf][leaf + 1];
  const unsigned own = thread_index();
  const bool below = block_index() >= rightward;
  const std::size_t strip = first + leaf + leaf * (below ? block_index() - rightward : block_index());
  for (unsigned i = 0; i < leaf; ++i) {
    const float value = f[(first + i) * lead + first + own];
    (below ? triangle[i][own] : triangle[own][i]) = value;
    if (i == own) scale[i] = below ? -1.0f / value : 1.0f;
    if (below && strip + i < n) tile[i][own] = f[(strip + i) * lead + first + own];
  }
  block_barrier();
  const std::size_t mine = strip + own;
  float x[leaf];
  GPU_UNROLL
  for (unsigned k = 0; k < leaf; ++k) x[k] = below ? tile[own][k] : mine < n ? f[(first + k) * lead + mine] : 0.0f;
  GPU_UNROLL
  for (unsigned k = 0; k < leaf; ++k) {
    x[k] *= scale[k];
    GPU_UNROLL
    for (unsigned i = k + 1; i < leaf; ++i) x[i] += triangle[k][i] * x[k];
  }
  if (below) {
    GPU_UNROLL
    for (unsigned k = 0; k < leaf; ++k) tile[own][k] = x[k];
    block_barrier();
    for (unsigned i = 0; i < leaf && strip + i < n; ++i)
      put(tile[i][own], rounded.scale, (strip + i) * lead + first + own, f, rounded);
  } else if (mine < n) {
    GPU_UNROLL
    for (unsigned k = 0; k < leaf; ++k) put(x[k], 1.0f, (first + k) * lead + mine, f, rounded);
  }
}

// Whole leaves, the first part not the smaller one.
std::size_t half(std::size_t width) { return ((width + 1) / 2 + leaf - 1) / leaf * leaf; }

std::size_t operands_of(std::size_t n, Element element) {
  return element == Element::fp32 ? 0 : n * DeviceElimination::lead_of(n);
}

}  // namespace

double DeviceElimination::bytes(std::size_t n, Element element) {
  return 4 * static_cast<double>(n * lead_of(n)) + 2 * static_cast<double>(operands_of(n, element));
}

DeviceElimination::DeviceElimination(std::size_t n, Element element)
    : n_(n),
      lead_(lead_of(n)),
      element_(element),
      matrix_(n * lead_),
      operands_(operands_of(n, element)),
      rounded_{operands_.size() > 0 ? operands_.data() : nullptr, element == Element::bf16 ? kBf16 : kFp16,
               element == Element::fp32 ? 1 : scale_of_l} {
  plan(0, n);
}

void DeviceElimination::plan(std::size_t first, std::size_t width) {
  if (width <= leaf) {
    steps_.push_back({first});
    return;
  }
  const std::size_t head = half(width), middle = first + head, end = first + width;
  plan(first, head);
  plan_product(middle, end - middle, middle, n_ - middle, first, head);
  plan_product(end, n_ - end, middle, end - middle, first, head);
  plan(middle, width - head);
}

// The part of the matrix from (row, column) on, less what the eliminated rows and columns from `first` on contribute.
void DeviceElimination::plan_product(std::size_t row, std::size_t rows, std::size_t column, std::size_t columns,
                                     std::size_t first, std::size_t depth) {
  if (rows == 0) return;
  ProductFormat format;
  format.a = format.b = element_;
  format.c = Element::fp32;
  format.add = true;
  format.factor = 1 / static_cast<double>(rounded_.scale);
  format.lead_a = format.lead_b = format.lead_c = lead_;
  format.alignment = leaf * bytes_of(element_);
  steps_.push_back({first, std::make_unique<Product>(MatmulShape{rows, columns, depth}, format), at(row, first),
                    at(first, column), at(row, column)});
}

void DeviceElimination::start_leaf(std::size_t first) {
  const std::size_t size = std::min<std::size_t>(leaf, n_ - first), beyond = n_ - first - size;
  launch(eliminate_square, 1, side * side, matrix_.data() + at(first, first), lead_, size);
  if (beyond == 0) return;
  const std::size_t strips = blocks_for(beyond, leaf);
  launch(eliminate_cross, 2 * strips, leaf, matrix_.data(), lead_, rounded_, first, n_, strips);
}

void DeviceElimination::start() {
  for (const Step& step : steps_) {
    if (!step.product) {
      start_leaf(step.first);
    } else if (rounded_.data != nullptr) {
      step.product->start(rounded_.data + step.a, rounded_.data + step.b, matrix_.data() + step.c);
    } else {
      step.product->start(matrix_.data() + step.a, matrix_.data() + step.b, matrix_.data() + step.c);
    }
  }
}

std::string DeviceElimination::library() const {
  for (const Step& step : steps_)
    if (step.product) return step.product->library();
  return "";
}

}  // namespace tandem::GPU_VENDOR
