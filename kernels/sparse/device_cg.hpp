// Preconditioned conjugate gradients on a device, in fp64 (conjugate_gradient.hpp has the method). Dot products are
// made where their vectors are written and the scalars stay on the device: a fixed number of iterations waits for
// nothing. A preconditioner in fp32 (Z) is not quite linear: with it the method is flexible.
#pragma once

#include <cstddef>
#include <functional>

#include "kernels/sparse/device_level.hpp"

namespace tandem::GPU_VENDOR {

// What becomes of a sum: beta and rho of the first or a later direction, alpha, or the norm of the residual.
enum class CgStep { start, turn, turn_flexibly, move, norm };

struct CgScalars {
  double rho, alpha, beta;
};

class DeviceCg {
 public:
  template <typename Z>
  using Precondition = std::function<void(const double* r, Z* z)>;  // starts z = M r; empty: M is the identity

  DeviceCg(DeviceLevel<double>& matrix, std::size_t most_iterations);

  DeviceBuffer<double> right, x;  // slots

  // From x = 0. The norms of the residual before and after each iteration are norms()[0 ... iterations], on the device.
  template <typename Z>
  void start(std::size_t iterations, const Precondition<Z>& precondition);
  const double* norms() const { return norms_.data(); }
  // Iterations until the residual is <= target, at most `most`; looks at it after each.
  template <typename Z>
  std::size_t solve(double target, std::size_t most, const Precondition<Z>& precondition);

 private:
  void start_from_zero();
  template <typename Z>
  void start_iteration(std::size_t iteration, const Precondition<Z>& precondition);
  void start_conclude(CgStep step, std::size_t iteration);

  DeviceLevel<double>& matrix_;
  DeviceBuffer<double> r_, z_, p_, q_;  // z_ of either precision
  DeviceBuffer<CgScalars> scalars_;
  DeviceBuffer<double> norms_, parts_;  // two sums' parts
};

}  // namespace tandem::GPU_VENDOR
