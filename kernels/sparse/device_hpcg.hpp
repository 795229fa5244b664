// The case sparse/hpcg on a device as a class, so that sparse/hpg_mixed can solve in another way.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "harness/device/gpu_memory.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/device_cg.hpp"
#include "kernels/sparse/device_multigrid.hpp"
#include "kernels/sparse/grid_settings.hpp"

namespace tandem::GPU_VENDOR {

// Of the kernels of this problem; make: their own.
inline KernelEntry device_hpcg_entry(const std::string& name, const std::string& summary, double bytes_per_point) {
  KernelEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.parameters = {{"local", "128", "points, 128 or 128x128x96; multiples of 8"}};
  entry.memory = [bytes_per_point](const Settings& settings, const Placement&) {
    const kernels::Triple n = kernels::multigrid_box(settings);
    return bytes_per_point * static_cast<double>(n[0] * n[1] * n[2]);
  };
  entry.fits = [bytes_per_point](double bytes) { return kernels::largest_cube(bytes / bytes_per_point); };
  return entry;
}

class Hpcg : public Kernel {
 public:
  Hpcg(const Settings& settings, const KernelContext& context);

  void prepare(Data data) override;
  void run() override;
  void finish() override { GPU_VENDOR::finish(); }
  std::vector<Verdict> verify() override;
  Facts facts() const override;
  Output output() override;

 protected:
  static constexpr std::size_t reference_iterations = kernels::HpcgJudge::reference_iterations;

  // Iterations from x = 0 until the residual is <= target, or `most`, with or without the preconditioner.
  virtual std::size_t solve(double target, std::size_t most, bool precondition);
  virtual void start_set(std::size_t iterations);  // as many iterations from x = 0
  virtual void set_diagonal(const std::function<double(std::size_t)>& of_row);
  void start_output();           // x becomes the output
  double product_bytes() const;  // of an iteration: the product and the vectors, without the preconditioner

  const GpuDevice& device_;
  kernels::Block block_;
  kernels::HpcgJudge judge_;
  DeviceMultigrid<double> multigrid_;
  DeviceCg cg_;
  std::size_t iterations_ = reference_iterations;

 private:
  static constexpr std::size_t most_sets = 1 << 16;

  DeviceCg::Precondition<double> multigrid() {
    return [this](const double* r, double* z) { multigrid_.start(r, z); };
  }

  DeviceBuffer<std::int32_t> slot_;
  DeviceBuffer<double> log_;  // of each set since prepare(): the residual over the first
  DeviceResult<double> output_;
  std::size_t sets_ = 0, told_ = 0;  // since prepare(); of them the judge knows
};

}  // namespace tandem::GPU_VENDOR
