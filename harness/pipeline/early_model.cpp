#include "harness/pipeline/early_model.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tandem {
namespace {

constexpr std::size_t kParts = 16;  // of the training: after each but the last the model is told

}  // namespace

EarlyModel::EarlyModel(const Stage& stage, const Growing& growing) : stage_(stage), growing_(growing) {
  if (growing.split.ranks() > 0) latest_ = std::make_unique<Latest>(stage.ranks, growing.split.simulating, 0);
}

void EarlyModel::begin(std::size_t round) {
  round_ = round;
  learner_.reset();
  image_.clear();
  images_.clear();
}

void EarlyModel::tell(std::size_t steps, const Learner& learner) {
  if (latest_) latest_->push();
  const std::size_t batches = stage_.pipeline.problem->spec().schedule.batches;
  const std::size_t from = round_ == 0 ? 0 : batches / 2;
  if (steps % std::max<std::size_t>(1, batches / kParts) != 0 || steps < from || steps >= batches) return;
  if (latest_ && stage_.ranks.rank() != growing_.split.simulating) return;
  std::vector<std::byte> image(sizeof steps);
  std::memcpy(image.data(), &steps, sizeof steps);
  const std::vector<std::byte> weights = learner.save();
  image.insert(image.end(), weights.begin(), weights.end());
  if (latest_)
    latest_->post(std::move(image));
  else
    images_[steps] = std::move(image);
}

void EarlyModel::look() {
  if (!latest_ || !stage_.ranks.root()) return;
  if (std::vector<std::byte> image = latest_->newest(); !image.empty()) image_ = std::move(image);
}

const Learner* EarlyModel::newest(std::size_t first, const Ranks& simulating) {
  std::vector<std::byte> image = std::exchange(image_, {});
  if (latest_) share(image, simulating, 0);
  if (const auto steps = growing_.replay.early.find({round_, first}); steps != growing_.replay.early.end())
    image = images_.at(steps->second);
  if (!image.empty()) {
    std::memcpy(&steps_, image.data(), sizeof steps_);
    learner_ = stage_.pipeline.learner(stage_.seed);
    learner_->load(std::span(image).subspan(sizeof steps_));
  }
  if (learner_ && stage_.ranks.root())
    stage_.recorder.write({{"record", "early_proposal"}, {"round", round_}, {"first", first}, {"step", steps_}});
  return learner_.get();
}

void EarlyModel::settle() {
  if (latest_) latest_->settle();
}

}  // namespace tandem
