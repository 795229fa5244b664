// The molecules pipeline's network: an ensemble of perceptrons from 254 ones and zeros to the standardised score,
// trained with AdamW under a cosine rate; loss = squared error. It predicts the mean of the ensemble.
#pragma once

#include <map>
#include <memory>

#include "kernels/learning/mlp.hpp"
#include "pipelines/molecules/features.hpp"
#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

struct MoleculeTraining {
  std::size_t nets = 4;
  std::vector<std::size_t> hidden = {128, 128};
  double rate = 1e-3;
  std::size_t warm_up = 20;
  double decay = 0.02;
  std::size_t steps = 0;  // of the whole training: the end of the cosine
};

class MoleculeLearner : public Learner {
 public:
  MoleculeLearner(MoleculeTraining training, std::uint64_t seed);
  ~MoleculeLearner() override;
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  double flops() const override { return flops_; }

 private:
  void make_network();
  kernels::MlpPass& pass(std::size_t rows);

  MoleculeTraining training_;
  std::uint64_t seed_;
  KnownScores known_;
  std::unique_ptr<kernels::Mlp> mlp_;
  std::unique_ptr<kernels::AdamW> adam_;
  std::map<std::size_t, std::unique_ptr<kernels::MlpPass>> passes_;  // by rows
  double flops_ = 0;                                                 // 2 a product's term, forward and backward
};

}  // namespace tandem::pipelines
