#include "pipelines/heat/learner.hpp"

#include <algorithm>

#include "pipelines/heat/features.hpp"

namespace tandem::pipelines {
namespace {

class HeatMap : public FieldMap {
 public:
  explicit HeatMap(std::size_t nodes) : nodes_(nodes) {}
  std::string pipeline() const override { return "heat"; }
  std::string array() const override { return "theta"; }
  std::size_t parameters() const override { return heat_parameters.size(); }
  std::size_t inputs() const override { return heat_inputs; }
  std::size_t values() const override { return nodes_; }
  ReducedInputs of(std::span<const double> parameters) const override {
    const HeatFeatures features = heat_features(parameters);
    return {{features.values.begin(), features.values.end()}, features.scale};
  }
  std::vector<double> vjp(std::span<const double> parameters, std::span<const double> weights,
                          double scale_weight) const override {
    const auto gradient = heat_features_vjp(parameters, weights, scale_weight);
    return {gradient.begin(), gradient.end()};
  }

 private:
  std::size_t nodes_;
};

kernels::MlpPrecision precision_of(HeatFormat format) {
  return format == HeatFormat::bf16 ? kernels::MlpPrecision::bf16 : kernels::MlpPrecision::fp32;
}

}  // namespace

std::shared_ptr<const FieldMap> heat_map(std::size_t nodes) { return std::make_shared<HeatMap>(nodes); }

std::unique_ptr<Learner> make_heat_learner(const HeatSize& size, std::uint64_t seed, std::size_t width,
                                           HeatFormat train, HeatFormat infer, const std::string& device) {
  ReducedTraining training;
  std::fill(training.hidden.begin(), training.hidden.end(), width);
  training.train = precision_of(train);
  training.infer = precision_of(infer);
  training.steps = size.schedule.batches;
  training.device = device;
  return std::make_unique<ReducedLearner>(heat_map(size.mesh.nodes()), training, seed);
}

std::vector<Rival> heat_rivals(const HeatSize& size) { return reduced_rivals(heat_map(size.mesh.nodes())); }

}  // namespace tandem::pipelines
