// The molecules pipeline's network: an ensemble of perceptrons from 254 ones and zeros to the standardised score,
// trained with AdamW under a cosine rate; loss = squared error. It predicts the mean of the ensemble.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/learning/row_training.hpp"
#include "pipelines/molecules/features.hpp"
#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

inline kernels::MlpRecipe molecule_training(std::size_t steps) {
  return {.nets = 4, .hidden = {128, 128}, .rate = 1e-3, .warm_up = 20, .decay = 0.02, .steps = steps};
}

class MoleculeLearner : public Learner {
 public:
  // `device` trains: cpu, gpu, guarded. Throws Unsupported where there is no such device.
  MoleculeLearner(kernels::MlpRecipe training, std::uint64_t seed, const std::string& device = "cpu")
      : training_(std::move(training)), seed_(seed), device_(kernels::device_training(device)) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  Work work() const override;

 private:
  void make_network();
  std::uint32_t row(const Sample& sample);  // its number in the training

  kernels::MlpRecipe training_;
  std::uint64_t seed_;
  kernels::MakeDeviceTraining* device_;
  KnownScores known_;
  double mean_ = 0, spread_ = 1;  // of the known scores
  std::unique_ptr<kernels::RowTraining> network_;
  std::map<std::size_t, std::uint32_t> rows_;  // of the samples seen, by index
  std::vector<std::uint32_t> drawn_;           // of a batch
};

}  // namespace tandem::pipelines
