// Preconditioned conjugate gradients on a device, in fp64 (conjugate_gradient.hpp has the method). Dot products are
// made where their vectors are written and the scalars stay on the device: a fixed number of iterations waits for
// nothing.
#pragma once

#include <cstddef>
#include <functional>

#include "kernels/sparse/device_level.hpp"

namespace tandem::GPU_VENDOR {

// What becomes of a sum: beta and rho of the first or a later direction, alpha, or the norm of the residual.
enum class CgStep { start, turn, move, norm };

struct CgScalars {
  double rho, alpha, beta;
};

class DeviceCg {
 public:
  using Precondition = std::function<void(const double* r, double* z)>;  // starts z = M r; empty: M is the identity

  DeviceCg(DeviceLevel& matrix, std::size_t most_iterations);

  DeviceBuffer<double> right, x;  // slots

  // From x = 0. The norms of the residual before and after each iteration are norms()[0 ... iterations], on the device.
  void start(std::size_t iterations, const Precondition& precondition);
  const double* norms() const { return norms_.data(); }
  // Iterations until the residual is <= target, at most `most`; looks at it after each.
  std::size_t solve(double target, std::size_t most, const Precondition& precondition);

 private:
  void start_from_zero();
  void start_iteration(std::size_t iteration, const Precondition& precondition);
  void start_dot(const double* a, const double* b);
  void start_conclude(CgStep step, std::size_t iteration);

  DeviceLevel& matrix_;
  DeviceBuffer<double> r_, z_, p_, q_;
  DeviceBuffer<CgScalars> scalars_;
  DeviceBuffer<double> norms_, parts_;
};

}  // namespace tandem::GPU_VENDOR
