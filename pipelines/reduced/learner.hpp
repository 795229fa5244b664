// The network of a reduced model: an ensemble of perceptrons from the inputs of a case to POD coefficients, trained
// with AdamW under a cosine rate; loss = squared coefficient error over the squared norm of the field.
#pragma once

#include <map>

#include "kernels/learning/row_training.hpp"
#include "pipelines/reduced/surrogate.hpp"

namespace tandem::pipelines {

struct ReducedTraining : kernels::MlpRecipe {
  ReducedTraining() : MlpRecipe{4, {128, 128, 128}, 2e-3, 200, 0.1} {}
  std::size_t modes = 64;
  // Of the products, fp32 or bf16; sums, weights and the optimiser are fp32.
  kernels::MlpPrecision train = kernels::MlpPrecision::fp32;
  kernels::MlpPrecision infer = kernels::MlpPrecision::fp32;
  std::string device = "cpu";  // that trains: cpu, gpu, guarded
};

class ReducedLearner : public Learner {
 public:
  // Throws Unsupported where oneDNN only emulates the products of these formats.
  ReducedLearner(std::shared_ptr<const FieldMap> map, ReducedTraining training, std::uint64_t seed);
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override;
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override;
  std::unique_ptr<Model> model() const override;
  std::vector<std::byte> save() const override;
  void load(std::span<const std::byte> bytes) override;
  Work work() const override;

 private:
  std::uint32_t row(const Sample& sample);  // its number in the training
  void make_network();

  const FieldMap& map() const { return basis_.map(); }

  ReducedTraining training_;
  std::uint64_t seed_;
  ReducedBasis basis_;
  std::vector<float> spread_;  // of each coefficient: the network's outputs are coefficients over it
  std::unique_ptr<kernels::RowTraining> network_;
  std::map<std::size_t, std::uint32_t> known_;  // the rows of the samples seen, by index
  std::vector<std::uint32_t> rows_;             // of a batch
  double flops_ = 0;  // 2 a product's term: of the Gram matrix, the basis, projections; the network's besides
};

}  // namespace tandem::pipelines
