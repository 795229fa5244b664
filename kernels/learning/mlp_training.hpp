// What trains perceptrons and asks them afterwards: AdamW at a rate that rises over the first steps and falls as a
// cosine, gradients summed over ranks in a fixed order, and passes by their number of rows.
#pragma once

#include <limits>
#include <map>
#include <memory>

#include "harness/base/image.hpp"
#include "harness/ranks/ranks.hpp"
#include "kernels/learning/mlp.hpp"

namespace tandem::kernels {

struct MlpRecipe {
  std::size_t nets = 1;
  std::vector<std::size_t> hidden = {};
  double rate = 0;          // the peak
  std::size_t warm_up = 0;  // steps until it is reached
  double decay = 0;
  double clip = std::numeric_limits<double>::infinity();  // largest norm of a step's gradient
  std::size_t steps = 0;                                  // of the whole training: the end of the cosine

  MlpShape shape(std::size_t inputs, std::size_t outputs) const;
  double rate_of(std::size_t step) const;  // from 0
};

// Passes over a network that outlives them, made when they are first needed.
class MlpPasses {
 public:
  MlpPasses(Mlp& mlp, MlpPass::Backward backward) : mlp_(mlp), backward_(backward) {}
  MlpPass& of(std::size_t rows);

 private:
  Mlp& mlp_;
  MlpPass::Backward backward_;
  std::map<std::size_t, std::unique_ptr<MlpPass>> by_rows_;
};

class MlpTraining {
 public:
  MlpTraining(const MlpRecipe& recipe, std::size_t inputs, std::size_t outputs,
              MlpPrecision precision = MlpPrecision::fp32);

  Mlp& mlp() { return mlp_; }
  const Mlp& mlp() const { return mlp_; }
  MlpPass& pass(std::size_t rows);  // of at least so many
  // Step `step` (from 0) from the gradients of this rank's `rows` rows; on every rank.
  void step(std::size_t step, std::size_t rows, const Ranks& ranks);
  void count(std::size_t rows);            // the operations of a step on so many, done elsewhere
  double flops() const { return flops_; }  // of all rows so far, forward and backward: 2 a product's term
  // The weights, into and out of the image of a trained model.
  void save(ImageWriter& image) const { image.put(mlp_.parameters()); }
  void load(ImageReader& image);

 private:
  MlpRecipe recipe_;
  Mlp mlp_;
  AdamW adam_;
  MlpPasses passes_;
  double flops_ = 0;
};

}  // namespace tandem::kernels
