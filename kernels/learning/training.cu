// Training on a device from rows that stay there (device_training.hpp). Of a step the numbers of the rows and the
// factors of AdamW go to the device and the loss comes back; gradients of several ranks go from device to device, or
// through the host where there is no library that can (device_allreduce.hpp). On one rank the rest of a step is
// recorded and replayed.
#include <algorithm>
#include <vector>

#include "harness/device/gpu_graph.hpp"
#include "harness/device/routine.hpp"
#include "kernels/learning/device_mlp.hpp"
#include "kernels/learning/device_training.hpp"
#include "kernels/network/device_allreduce.hpp"

namespace tandem::GPU_VENDOR {
namespace {

using namespace tandem::kernels;

constexpr unsigned threads = 128;

constexpr std::uint32_t none = 0xffffffff;  // in the place of a row's number

// to[i] = factor * rows[numbers[i]], or zeros.
template <typename T>
GPU_KERNEL void gather(const float* rows, const std::uint32_t* numbers, T* to, float factor, std::size_t width,
                       std::size_t count) {
  const std::size_t i = grid_index(), row = i / width;
  if (row >= count) return;
  put(to[i], numbers[row] == none ? 0.0f : factor * rows[numbers[row] * width + i % width]);
}

// Rows of a fixed width, one after another.
class Table {
 public:
  explicit Table(std::size_t width) : width_(width) {}

  std::size_t width() const { return width_; }
  std::size_t rows() const { return used_ / width_; }
  const float* data() const { return memory_.data(); }

  // True: the rows lie somewhere else now.
  bool append(std::span<const float> values) {
    const bool grows = used_ + values.size() > memory_.size();
    if (grows) {
      DeviceBuffer<float> larger(std::max(2 * memory_.size(), used_ + std::max(values.size(), 16 * width_)));
      if (used_ > 0) start_copy(larger.data(), memory_.data(), used_ * sizeof(float));
      finish();
      memory_ = std::move(larger);
    }
    copy_in(memory_.data() + used_, values.data(), values.size_bytes());
    used_ += values.size();
    return grows;
  }

 private:
  std::size_t width_, used_ = 0;
  DeviceBuffer<float> memory_;
};

template <typename T>
class Training final : public DeviceTraining {
 public:
  Training(const DeviceTrainingPlan& plan, const Ranks& ranks)
      : device_(choose_device(ranks)),
        adamw_(plan.adamw),
        batch_(plan.batch),
        rows_(mlp_rows_for(plan.batch)),
        mlp_(plan.start.shape(), rows_),
        inputs_(plan.start.shape().layers.front()),
        targets_(plan.start.shape().layers.back()),
        numbers_(rows_),
        factors_(1),
        own_numbers_(rows_),
        own_factors_(1),
        own_loss_(1) {
    check(plan.output_weights.size() == targets_.width(), "{} weights of {} outputs", plan.output_weights.size(),
          targets_.width());
    mlp_.set_parameters(plan.start);
    copy_in(mlp_.output_weights(), plan.output_weights.data(), plan.output_weights.size_bytes());
    moved_.to_device +=
        mlp_.parameters() * sizeof(float) + mlp_.rounded().size() * 2 + plan.output_weights.size_bytes();
  }

  Fault add(const TrainingRows& rows) noexcept override {
    return caught([&] {
      const std::size_t count = rows.weights.size();
      check(rows.inputs.size() == count * inputs_.width() && rows.targets.size() == count * targets_.width(),
            "{} inputs and {} targets of {} rows", rows.inputs.size(), rows.targets.size(), count);
      const bool moved_inputs = inputs_.append(rows.inputs), moved_targets = targets_.append(rows.targets);
      if (weights_.append(rows.weights) || moved_inputs || moved_targets) graph_.reset();
      moved_.to_device += rows.inputs.size_bytes() + rows.targets.size_bytes() + rows.weights.size_bytes();
    });
  }

  Fault step(const DrawnRows& drawn, double rate, std::size_t step, const Ranks& ranks,
             double& loss) noexcept override {
    return caught([&] {
      prepare_sum(ranks);
      bring(drawn, adamw_factors(adamw_, rate, step));
      if (graph_) {
        graph_->replay();
      } else {
        start_step();
        if (!sum_ && recordable_) record();
      }
      start_copy_out(own_loss_.data(), mlp_.loss(), sizeof(float));
      finish();
      moved_.to_host += sizeof(float);
      loss = static_cast<double>(own_loss_[0]);
    });
  }

  Fault parameters(std::span<float> to) noexcept override {
    return caught([&] {
      check(to.size() == mlp_.parameters(), "{} parameters into {}", mlp_.parameters(), to.size());
      copy_out(to.data(), mlp_.state(), to.size_bytes());
      moved_.to_host += to.size_bytes();
    });
  }

  LinkBytes moved() const noexcept override { return moved_; }
  std::string place() const override {
    return fmt::format("{}, {}{}", device_.name, mlp_.library(), sum_ ? ", " + sum_->how() : "");
  }

 private:
  void bring(const DrawnRows& drawn, const AdamWFactors& factors) {
    const std::size_t count = drawn.rows.size();
    check(drawn.batch == batch_ && count <= batch_, "{} rows of a batch of {}, not of {}", count, drawn.batch, batch_);
    for (const std::uint32_t row : drawn.rows) check(row < weights_.rows(), "row {} of {}", row, weights_.rows());
    std::copy(drawn.rows.begin(), drawn.rows.end(), own_numbers_.data());
    std::fill(own_numbers_.data() + count, own_numbers_.data() + rows_, none);
    own_factors_[0] = factors;
    start_copy_in(numbers_.data(), own_numbers_.data(), rows_ * sizeof(std::uint32_t));
    start_copy_in(factors_.data(), own_factors_.data(), sizeof factors);
    moved_.to_device += rows_ * sizeof(std::uint32_t) + sizeof factors;
  }

  void start_step() {
    start_gather(inputs_, mlp_.inputs());
    start_gather(targets_, mlp_.targets());
    start_gather(weights_, mlp_.row_weights(), 1 / static_cast<float>(batch_));
    mlp_.start_gradients();
    if (sum_) start_sum();
    mlp_.start_update(factors_.data());
  }

  // After a step that was not recorded: libraries set themselves up at their first call. Not over ranks: their rows
  // move at different steps, and a sum must be recorded or started by all of them alike.
  void record() {
    finish();
    try {
      graph_ = std::make_unique<DeviceGraph>([this] { start_step(); });
    } catch (const Unsupported&) {
      recordable_ = false;
    }
  }

  template <typename To>
  void start_gather(const Table& from, To* to, float factor = 1) {
    launch(gather<To>, blocks_for(rows_ * from.width(), threads), threads, from.data(),
           static_cast<const std::uint32_t*>(numbers_.data()), to, factor, from.width(), rows_);
  }

  void prepare_sum(const Ranks& ranks) {
    if (ranks.size() > 1 && !sum_)
      sum_ = std::make_unique<DeviceAllreduce<float>>(ranks, SumBy::any, mlp_.parameters());
  }

  void start_sum() {
    float* gradients = mlp_.gradients().device();
    sum_->start(gradients, gradients);
    if (!sum_->host_waits()) return;
    moved_.to_host += mlp_.parameters() * sizeof(float);
    moved_.to_device += mlp_.parameters() * sizeof(float);
  }

  const GpuDevice& device_;
  AdamWSettings adamw_;
  std::size_t batch_, rows_;
  DeviceMlp<T> mlp_;
  Table inputs_, targets_, weights_{1};
  DeviceBuffer<std::uint32_t> numbers_;
  DeviceBuffer<AdamWFactors> factors_;
  PinnedBuffer<std::uint32_t> own_numbers_;
  PinnedBuffer<AdamWFactors> own_factors_;
  PinnedBuffer<float> own_loss_;
  std::unique_ptr<DeviceAllreduce<float>> sum_;  // of several ranks' gradients
  std::unique_ptr<DeviceGraph> graph_;           // of a step on rows that lie where they do
  bool recordable_ = true;
  LinkBytes moved_;
};

Fault make(const DeviceTrainingPlan& plan, const Ranks& ranks, std::unique_ptr<DeviceTraining>& made) {
  return caught([&] {
    if (plan.start.precision() == MlpPrecision::bf16)
      made = std::make_unique<Training<std::uint16_t>>(plan, ranks);
    else
      made = std::make_unique<Training<float>>(plan, ranks);
  });
}

}  // namespace

Routine learning_training_routine() { return routine<MakeDeviceTraining>(device_training_routine, make); }

}  // namespace tandem::GPU_VENDOR
