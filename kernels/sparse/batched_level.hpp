// 27-point operators of many cases on the same grid, on a device, as stencil27.hpp has one on the host. Cases are the
// fastest index everywhere: neighbouring threads do the same to neighbouring numbers, whatever the grid.
#pragma once

#include <cstddef>

#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_memory.hpp"

namespace tandem::GPU_VENDOR {

// Nodes, and where they stand in a vector, which has a layer of zeros around the grid.
struct BatchedGrid {
  unsigned nx = 0, ny = 0, nz = 0, cases = 0;

  constexpr std::size_t nodes() const { return static_cast<std::size_t>(nx) * ny * nz; }
  constexpr std::size_t row() const { return nx + 2; }
  constexpr std::size_t plane() const { return row() * (ny + 2); }
  constexpr std::size_t padded() const { return plane() * (nz + 2); }
  constexpr std::size_t at(std::size_t i, std::size_t j, std::size_t k) const {
    return (k + 1) * plane() + (j + 1) * row() + i + 1;
  }
  constexpr std::size_t at(std::size_t node) const {
    return at(node % nx, node / nx % ny, node / (static_cast<std::size_t>(nx) * ny));
  }
  // From an element of a vector to that of neighbour d = (dz+1)*9 + (dy+1)*3 + (dx+1).
  constexpr std::ptrdiff_t to(unsigned d) const {
    const auto x = static_cast<std::ptrdiff_t>(d % 3) - 1, y = static_cast<std::ptrdiff_t>(d / 3 % 3) - 1,
               z = static_cast<std::ptrdiff_t>(d / 9) - 1;
    return (x + y * static_cast<std::ptrdiff_t>(row()) + z * static_cast<std::ptrdiff_t>(plane())) *
           static_cast<std::ptrdiff_t>(cases);
  }
  constexpr BatchedGrid coarse() const { return {(nx + 1) / 2, (ny + 1) / 2, nz, cases}; }
};

// What device code sees of a level.
struct BatchedView {
  BatchedGrid grid;
  float* a;                       // [27][node][case]; 0 where there is no neighbour
  float *pivot, *ratio;           // [node][case], of the columns' LDL factors
  float *right, *unknown, *rest;  // vectors
  const unsigned* open;           // [case]: whether anything is still to be done for it
};

// The value of a vector's element n * cases + c is that of the grid's element n in case c.
GPU_FUNCTION float product_at(const BatchedView& level, const float* x, std::size_t node, std::size_t at,
                              std::size_t c) {
  const std::size_t pitch = level.grid.nodes() * level.grid.cases;
  const float* a = level.a + node * level.grid.cases + c;
  const float* here = x + at * level.grid.cases + c;
  float sum = 0;
  GPU_UNROLL_BY(9)
  for (unsigned d = 0; d < 27; ++d) sum += a[d * pitch] * here[level.grid.to(d)];
  return sum;
}

class BatchedLevel {
 public:
  // Room for `cases`; the grid's own number of cases is that of the batch at hand.
  BatchedLevel(const BatchedGrid& grid, std::size_t cases)
      : grid_(grid),
        a_(27 * grid.nodes() * cases),
        pivot_(grid.nodes() * cases),
        ratio_(grid.nodes() * cases),
        right_(grid.padded() * cases),
        unknown_(grid.padded() * cases),
        rest_(grid.padded() * cases) {}

  void set_cases(unsigned cases) { grid_.cases = cases; }
  const BatchedGrid& grid() const { return grid_; }
  BatchedView view(const unsigned* open) {
    return {grid_, a_.data(), pivot_.data(), ratio_.data(), right_.data(), unknown_.data(), rest_.data(), open};
  }

 private:
  BatchedGrid grid_;
  DeviceBuffer<float> a_, pivot_, ratio_, right_, unknown_, rest_;
};

}  // namespace tandem::GPU_VENDOR
