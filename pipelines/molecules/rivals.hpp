// Cheap competitors of the network on the same samples, fitted in fp64: the mean, and ridge regressions on ones and
// zeros: linear, linear with each scaffold's own weights, and with all pairs of sites. The ridge is chosen by
// leave-one-out on the training samples.
#pragma once

#include <vector>

#include "pipelines/molecules/features.hpp"
#include "pipelines/molecules/size.hpp"

namespace tandem::pipelines {

class MoleculeRival : public Learner {
 public:
  explicit MoleculeRival(FeatureKind kind) : kind_(kind) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;

 private:
  FeatureKind kind_;
  KnownScores known_;
  std::vector<double> weights_;  // of the features, the mean last; empty before prepare
};

std::vector<Rival> molecule_rivals();

}  // namespace tandem::pipelines
