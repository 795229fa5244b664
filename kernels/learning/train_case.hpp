// The data of learning/train_step, on any device, and how a step is judged: on the host, by a plain fp64 step from the
// same state (mlp_reference.hpp) and by the formula of AdamW (adamw.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/device/buffer.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

class TrainCase {
 public:
  // So small that thousands of runs do not fit the data, whose shrinking error would drown in its own rounding. The
  // cost does not depend on it.
  static constexpr double rate = 1e-6;

  TrainCase(const Settings& settings, const KernelContext& context);

  void prepare(Data data);  // draws inputs and targets

  const MlpShape& shape() const { return shape_; }
  MlpPrecision precision() const { return precision_; }
  const std::string& limit() const { return limit_; }  // "fp32", "bf16"
  std::size_t batch() const { return batch_; }
  std::uint64_t seed() const { return seed_; }
  const Buffer<float>& inputs() const { return inputs_; }    // [batch, first width]
  const Buffer<float>& targets() const { return targets_; }  // [batch, last width]
  double row_weight() const;                                 // of each squared error: all ranks' rows count alike

  // Of the last step: its gradients, the parameters before it, its loss, and adamw_error() of its update.
  std::vector<Verdict> judge(std::span<const float> gradients, std::span<const float> before, double loss,
                             double update_error) const;
  Facts facts() const;

 private:
  double tolerance() const;

  const Ranks& ranks_;
  std::uint64_t seed_;
  std::size_t batch_;
  std::string limit_;
  MlpPrecision precision_;
  MlpShape shape_;
  Buffer<float> inputs_, targets_;
};

// Name, parameters and memory; make: the device's.
KernelEntry train_entry(const std::string& where);

}  // namespace tandem::kernels
