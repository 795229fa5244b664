#include "kernels/learning/row_training.hpp"

#include <cmath>

namespace tandem::kernels {
namespace {

void append_row(std::vector<float>& to, std::span<const float> table, std::size_t row, std::size_t width) {
  const auto values = table.subspan(row * width, width);
  to.insert(to.end(), values.begin(), values.end());
}

}  // namespace

RowTraining::RowTraining(const MlpRecipe& recipe, std::size_t inputs, std::vector<float> output_weights,
                         MlpPrecision precision, MakeDeviceTraining* device)
    : recipe_(recipe),
      inputs_(inputs),
      output_weights_(std::move(output_weights)),
      make_(device),
      training_(recipe, inputs, output_weights_.size(), precision) {
  check(make_ == nullptr || std::isinf(recipe.clip), "a training on a device does not clip its gradients");
}

void RowTraining::initialise(std::uint64_t seed) { training_.mlp().initialise(seed); }

std::uint32_t RowTraining::add(std::span<const float> inputs, std::span<const float> targets, double weight) {
  check(inputs.size() == inputs_ && targets.size() == output_weights_.size(), "a row of {} inputs and {} targets",
        inputs.size(), targets.size());
  const auto rounded = static_cast<float>(weight);
  if (device_) {
    raise(device_->add({inputs, targets, std::span(&rounded, 1)}));
  } else {
    row_inputs_.insert(row_inputs_.end(), inputs.begin(), inputs.end());
    row_targets_.insert(row_targets_.end(), targets.begin(), targets.end());
    row_weights_.push_back(rounded);
  }
  return rows_++;
}

double RowTraining::step(std::size_t step, const DrawnRows& drawn, const Ranks& ranks) {
  if (make_ == nullptr) return step_here(step, drawn, ranks);
  if (!device_) {
    raise(make_({training_.mlp(), drawn.batch, output_weights_, {recipe_.decay}}, ranks, device_));
    if (rows_ > 0) raise(device_->add({row_inputs_, row_targets_, row_weights_}));
    row_inputs_ = row_targets_ = row_weights_ = {};
  }
  training_.count(drawn.rows.size());
  double loss = 0;
  raise(device_->step(drawn, recipe_.rate_of(step), step + 1, ranks, loss));
  behind_ = true;
  if (step + 1 == recipe_.steps) mlp();  // the weights come home within the training
  return loss;
}

double RowTraining::step_here(std::size_t step, const DrawnRows& drawn, const Ranks& ranks) {
  batch_inputs_.clear();
  batch_targets_.clear();
  batch_weights_.clear();
  for (const std::uint32_t row : drawn.rows) {
    append_row(batch_inputs_, row_inputs_, row, inputs_);
    append_row(batch_targets_, row_targets_, row, output_weights_.size());
    batch_weights_.push_back(row_weights_[row] / static_cast<float>(drawn.batch));
  }
  MlpPass& pass = training_.pass(drawn.rows.size());
  pass.set_inputs(batch_inputs_);
  pass.forward();
  const double loss = pass.squared_error(batch_targets_, batch_weights_, output_weights_);
  pass.backward();
  training_.step(step, drawn.rows.size(), ranks);
  return loss;
}

std::map<std::string, std::size_t> RowTraining::channels() const {
  if (!device_) return {};
  return {{"h2d", moved().to_device}, {"d2h", moved().to_host}};
}

const Mlp& RowTraining::mlp() const {
  if (behind_) {
    raise(device_->parameters(training_.mlp().parameters()));
    training_.mlp().round();
    behind_ = false;
  }
  return training_.mlp();
}

}  // namespace tandem::kernels
