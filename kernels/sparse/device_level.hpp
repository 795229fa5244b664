// One level of a multigrid on a device: the matrix as in ell.hpp, symmetric Gauss-Seidel by colours, and the way to the
// next level and back. Vectors are of slots, on the device; what starts waits for nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/device/gpu_memory.hpp"
#include "kernels/sparse/block.hpp"
#include "kernels/sparse/ell.hpp"

namespace tandem::GPU_VENDOR {

template <typename T>
struct DeviceRows;  // what device code sees of the matrix

template <typename T>  // of all values and vectors: float or double
class DeviceLevel {
 public:
  DeviceLevel(const kernels::Block& block, bool coarsest);  // HPCG's matrix on a block of its own

  std::size_t slots() const { return ordering_.slots(); }
  const kernels::Ordering& ordering() const { return ordering_; }
  double bytes() const;  // of the matrix

  void connect(const DeviceLevel& coarse);  // the next level, whose slots learn where their points stand here
  void set_diagonal(const std::function<double(std::size_t row)>& of_row);

  // y = A x; the parts of the sum x.y (gpu_sums.hpp) unless null.
  void start_multiply(const T* x, T* y, double* parts);
  // x of one symmetric sweep for A x = r, from x = 0 whatever x held, or from x.
  void start_smooth_from_zero(const T* r, T* x);
  void start_smooth(const T* r, T* x);
  // The residual at the next level's points becomes its `right`; its `unknown` is added at them.
  void start_inject(const T* r, const T* x, DeviceLevel& coarse);
  void start_correct(T* x, const DeviceLevel& coarse);

  // Between host vectors of rows and device vectors of slots.
  void put_rows(const double* rows, DeviceBuffer<T>& to) const;
  void get_rows(const DeviceBuffer<T>& from, double* rows) const;

  DeviceBuffer<T> right, unknown, rest;

 private:
  DeviceRows<T> rows() const;
  template <typename... Parameters, typename... Arguments>
  void sweep(std::size_t colour, void (*kernel)(Parameters...), Arguments... arguments);

  kernels::Block block_;
  kernels::Triple next_{0, 0, 0};
  kernels::Ordering ordering_;
  std::vector<std::size_t> colours_;  // where each begins, in slots
  DeviceBuffer<T> diagonal_, value_;
  DeviceBuffer<std::int32_t> column_, fine_;
  DeviceBuffer<std::uint8_t> lower_, entries_;
};

extern template class DeviceLevel<float>;
extern template class DeviceLevel<double>;

DeviceBuffer<std::int32_t> on_device(const std::vector<std::int32_t>& values);

}  // namespace tandem::GPU_VENDOR
