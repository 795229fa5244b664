// Trains perceptrons on rows of inputs and targets that are added once and drawn many times, on this rank's threads or
// on a device (device_training.hpp). Squared error, weighted by row and output; the recipe's rates; the same schedule
// and, to rounding, the same weights on every device.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "kernels/learning/device_training.hpp"
#include "kernels/learning/mlp_training.hpp"

namespace tandem::kernels {

class RowTraining {
 public:
  // `device`: null for the CPU. A device takes no recipe that clips gradients.
  RowTraining(const MlpRecipe& recipe, std::size_t inputs, std::vector<float> output_weights, MlpPrecision precision,
              MakeDeviceTraining* device = nullptr);

  void initialise(std::uint64_t seed);
  std::uint32_t add(std::span<const float> inputs, std::span<const float> targets, double weight);  // its number
  // Step `step` (from 0) on these rows of this rank's. Returns their loss. On every rank.
  double step(std::size_t step, const DrawnRows& drawn, const Ranks& ranks);

  const Mlp& mlp() const;  // as trained so far
  double flops() const { return training_.flops(); }
  LinkBytes moved() const { return device_ ? device_->moved() : LinkBytes{}; }
  std::map<std::string, std::size_t> channels() const;                   // the same by channel, nothing of the CPU
  std::string place() const { return device_ ? device_->place() : ""; }  // of the device
  void save(ImageWriter& image) const { image.put(mlp().parameters()); }
  void load(ImageReader& image) { training_.load(image); }

 private:
  double step_here(std::size_t step, const DrawnRows& drawn, const Ranks& ranks);

  MlpRecipe recipe_;
  std::size_t inputs_;
  std::vector<float> output_weights_;
  MakeDeviceTraining* make_;
  mutable MlpTraining training_;  // on a device: the weights, when they were asked for
  mutable bool behind_ = false;   // the device's weights are newer
  std::unique_ptr<DeviceTraining> device_;
  std::uint32_t rows_ = 0;
  // Of the CPU; of a device until its first step.
  std::vector<float> row_inputs_, row_targets_, row_weights_;
  std::vector<float> batch_inputs_, batch_targets_, batch_weights_;
};

}  // namespace tandem::kernels
