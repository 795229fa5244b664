// The toy pipeline with something wrong in its simulation: what a run must survive.
#pragma once

#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

// Passes everything on to another simulation; a fault overrides what it spoils.
class SimulationWrapper : public Simulation {
 public:
  explicit SimulationWrapper(std::unique_ptr<Simulation> inner) : inner_(std::move(inner)) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    return inner_->simulate(cases, fidelity);
  }
  std::span<const float> outputs(const Sample& sample) const override { return inner_->outputs(sample); }
  double invariant(const Case& problem_case, std::span<const float> outputs) const override {
    return inner_->invariant(problem_case, outputs);
  }
  std::unique_ptr<Model> coarse_model() const override { return inner_->coarse_model(); }

 protected:
  std::unique_ptr<Simulation> inner_;
};

// how = "check" (a failed check), "foreign" (an exception that is not ours, on the rank of case 1 only), "signal" (a
// segmentation fault), "exit" (an early end that calls itself a success).
PipelineEntry toy_crash();
PipelineEntry toy_slow();      // sleeps `seconds` in the training simulations
PipelineEntry toy_nan();       // one training sample holds a NaN
PipelineEntry toy_unsteady();  // one training sample differs from process to process
PipelineEntry toy_late();      // loading its network takes 200 ms

}  // namespace tandem::pipelines
