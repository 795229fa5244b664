// HPCG's preconditioner on a device: four levels (device_level.hpp), symmetric Gauss-Seidel before and after, injection
// of the residual, addition of the correction.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "kernels/sparse/device_level.hpp"
#include "kernels/sparse/hpcg_judge.hpp"

namespace tandem::GPU_VENDOR {

template <typename T>  // of all values and vectors: float or double
class DeviceMultigrid {
 public:
  explicit DeviceMultigrid(kernels::Block block) {
    for (std::size_t l = 0; l < kernels::hpcg_levels; ++l, block = block.coarse())
      levels_.push_back(std::make_unique<DeviceLevel<T>>(block, l + 1 == kernels::hpcg_levels));
    for (std::size_t l = 0; l + 1 < levels_.size(); ++l) levels_[l]->connect(*levels_[l + 1]);
  }

  DeviceLevel<T>& finest() { return *levels_.front(); }
  const DeviceLevel<T>& finest() const { return *levels_.front(); }

  void start(const T* r, T* z) { start_cycle(0, r, z); }  // z = M r

  // The least traffic: a symmetric sweep from zero reads the matrix once, one from a start 1.5 times, the injection an
  // eighth; vectors some 12 times.
  double cycle_bytes() const {
    double bytes = 0;
    for (const auto& level : levels_) {
      const bool coarsest = level == levels_.back();
      const double vector = sizeof(T) * static_cast<double>(level->slots());
      bytes += level->bytes() * (coarsest ? 1 : 2.625) + (coarsest ? 5 : 12) * vector;
    }
    return bytes;
  }
  double working_set() const {
    double bytes = 0;
    for (const auto& level : levels_) bytes += level->bytes() + 4.0 * sizeof(T) * static_cast<double>(level->slots());
    return bytes;
  }

  // As they are judged, by vectors of the host.
  kernels::HpcgParts parts() {
    kernels::HpcgParts parts;
    if (sizeof(T) == sizeof(float)) parts.precision = ", fp32";
    parts.epsilon = static_cast<double>(std::numeric_limits<T>::epsilon());
    parts.multiply = [this](std::size_t l, const double* x, double* y) {
      DeviceLevel<T>& level = *levels_[l];
      level.put_rows(x, level.unknown);
      level.start_multiply(level.unknown.data(), level.rest.data(), nullptr);
      level.get_rows(level.rest, y);
    };
    parts.precondition = [this](const double* r, double* z) {
      finest().put_rows(r, finest().right);
      start(finest().right.data(), finest().unknown.data());
      finest().get_rows(finest().unknown, z);
    };
    return parts;
  }

 private:
  void start_cycle(std::size_t l, const T* r, T* x) {
    DeviceLevel<T>& level = *levels_[l];
    level.start_smooth_from_zero(r, x);
    if (l + 1 == levels_.size()) return;
    DeviceLevel<T>& coarse = *levels_[l + 1];
    level.start_inject(r, x, coarse);
    start_cycle(l + 1, coarse.right.data(), coarse.unknown.data());
    level.start_correct(x, coarse);
    level.start_smooth(r, x);
  }

  std::vector<std::unique_ptr<DeviceLevel<T>>> levels_;  // that stay where they are
};

}  // namespace tandem::GPU_VENDOR
