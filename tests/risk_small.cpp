#include "tests/risk_small.hpp"

#include "pipelines/risk/learner.hpp"
#include "pipelines/risk/problem.hpp"
#include "pipelines/risk/simulation.hpp"
#include "tests/faulty_toy.hpp"

namespace tandem::pipelines {
namespace {

// Simulates at -r what is asked for at r.
class WrongDrift : public SimulationWrapper {
 public:
  using SimulationWrapper::SimulationWrapper;
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    std::vector<Case> wrong(cases.begin(), cases.end());
    for (Case& one : wrong) one.parameters[2 * risk_small_size.assets] *= -1;
    return SimulationWrapper::simulate(wrong, fidelity);
  }
};

PipelineEntry risk_variant(const std::string& name, const std::string& summary,
                           const std::function<void(Pipeline&)>& spoil) {
  return {name,
          "test-only: " + summary,
          {},
          [spoil](const Settings&, int threads) {
            Pipeline pipeline = {std::make_unique<RiskProblem>(risk_small_size),
                                 std::make_unique<RiskSimulation>(risk_small_size, threads),
                                 [](std::uint64_t seed) { return make_risk_learner(risk_small_size, seed); }};
            spoil(pipeline);
            return pipeline;
          },
          [](const Settings&) { return 1e8; },
          {}};
}

}  // namespace

PipelineEntry risk_small() {
  return risk_variant("risk_small", "risk with two assets", [](Pipeline&) {});
}

PipelineEntry risk_drift() {
  return risk_variant("risk_drift", "risk with the wrong sign of the drift", [](Pipeline& pipeline) {
    pipeline.simulation = std::make_unique<WrongDrift>(std::move(pipeline.simulation));
  });
}

PipelineEntry risk_mean() {
  return risk_variant("risk_mean", "risk with the mean for a network", [](Pipeline& pipeline) {
    pipeline.learner = [](std::uint64_t) {
      for (const Rival& rival : RiskProblem(risk_small_size).rivals())
        if (rival.name == "mean") return rival.make();
      throw Error(Exit::failed, "risk has no rival \"mean\"");
    };
  });
}

}  // namespace tandem::pipelines
