// The training of perceptrons on a device, on rows that stay there: what crosses the border to a GPU module
// (harness/kernel/module.hpp), with errors as values. The routine "learning/training".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "harness/device/routine.hpp"
#include "harness/kernel/fault.hpp"
#include "harness/ranks/ranks.hpp"
#include "kernels/learning/adamw.hpp"
#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

// Of this rank's rows, numbered in the order in which they were added, those of a batch, which has `batch` on all
// ranks.
struct DrawnRows {
  std::span<const std::uint32_t> rows;
  std::size_t batch = 0;
};

// Rows of inputs and targets, and the weight of each in the loss of a batch, over its size.
struct TrainingRows {
  std::span<const float> inputs, targets, weights;
};

class DeviceTraining {
 public:
  virtual ~DeviceTraining() = default;
  virtual Fault add(const TrainingRows& rows) noexcept = 0;
  // Forward, the loss of MlpPass::squared_error over this rank's rows, backward, gradients summed over ranks, the
  // `step`th step (from 1) of AdamW at this rate. On every rank.
  virtual Fault step(const DrawnRows& drawn, double rate, std::size_t step, const Ranks& ranks,
                     double& loss) noexcept = 0;
  virtual Fault parameters(std::span<float> to) noexcept = 0;
  virtual LinkBytes moved() const noexcept = 0;  // so far
  virtual std::string place() const = 0;         // "NVIDIA H200, cuBLASLt 13.1.0"
};

struct DeviceTrainingPlan {
  const Mlp& start;   // its shape, precision and parameters
  std::size_t batch;  // rows of every step, on all ranks
  std::span<const float> output_weights;
  AdamWSettings adamw;
};

// On every rank.
using MakeDeviceTraining = Fault(const DeviceTrainingPlan& plan, const Ranks& ranks,
                                 std::unique_ptr<DeviceTraining>& made);
inline constexpr const char* device_training_routine = "learning/training";

// Null: the CPU. Unsupported where there is no such device.
inline MakeDeviceTraining* device_training(const std::string& device) {
  return device == "cpu" ? nullptr : routine_on<MakeDeviceTraining>(device, device_training_routine);
}

}  // namespace tandem::kernels
