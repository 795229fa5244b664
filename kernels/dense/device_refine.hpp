// What refinement asks of a device where the matrix in fp64 and its factors in fp32 lie: products with vectors and
// substitution. What starts waits for nothing.
#pragma once

#include <cstddef>

#include "harness/device/gpu_runtime.hpp"

namespace tandem::GPU_VENDOR {

inline constexpr std::size_t substitution_width = 128;

// Row-major on the device.
template <typename T>
struct DeviceMatrix {
  const T* data;
  std::size_t lead;
};

// The matrix in fp32, zeros up to the end of its rows, and of each row the sum of magnitudes.
void start_conversion(DeviceMatrix<double> from, float* to, std::size_t lead, double* sizes, std::size_t n);

// y = A x.
void start_product(DeviceMatrix<double> a, const double* x, double* y, std::size_t n);

// x := U^-1 L^-1 x for -L left of the diagonal and U from it on. Rows of the factors and x go on with zeros to a
// multiple of substitution_width.
void start_substitution(DeviceMatrix<float> factors, double* x, std::size_t n);

}  // namespace tandem::GPU_VENDOR
