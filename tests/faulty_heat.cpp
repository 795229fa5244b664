#include "tests/faulty_heat.hpp"

#include <algorithm>
#include <cstring>

#include "pipelines/heat/learner.hpp"
#include "pipelines/heat/problem.hpp"
#include "pipelines/heat/simulation.hpp"
#include "tests/faulty_toy.hpp"

namespace tandem::pipelines {
namespace {

constexpr HeatSize kSmall = {"small", {16, 16, 4}, {1e-7, 0.02}, {16, 16, 4}, {0.1, 0.1}, 0.25, {256, 128, 1500, 64},
                             4,       100};
constexpr HeatSize kLoose = {"small", {16, 16, 4},          {0.3, 0.5}, {16, 16, 4}, {0.1, 0.1},
                             0.25,    {256, 128, 1500, 64}, 4,          100};

// Trains honestly; what is saved and asked has a quarter of its bytes' floating-point numbers negated.
class BrokenWeights : public Learner {
 public:
  explicit BrokenWeights(std::uint64_t seed) : seed_(seed), inner_(make_heat_learner(kSmall, seed)) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override { inner_->prepare(mine, ranks); }
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    return inner_->learn(step, mine, batch, ranks);
  }
  std::vector<std::byte> save() const override {
    std::vector<std::byte> bytes = inner_->save();
    for (std::size_t at = bytes.size() / 2 / 4 * 4 + 3; at < bytes.size() * 3 / 4; at += 4)
      bytes[at] ^= std::byte{0x80};  // the sign of a little-endian number
    return bytes;
  }
  std::unique_ptr<Model> model() const override {
    broken_ = make_heat_learner(kSmall, seed_);
    broken_->load(save());
    return broken_->model();
  }
  void load(std::span<const std::byte> bytes) override { inner_->load(bytes); }

 private:
  std::uint64_t seed_;
  std::unique_ptr<Learner> inner_;
  mutable std::unique_ptr<Learner> broken_;
};

std::unique_ptr<Learner> mean_learner() {
  for (const Rival& rival : HeatProblem(kSmall).rivals())
    if (rival.name == "mean") return rival.make();
  throw Error(Exit::failed, "heat has no rival \"mean\"");
}

// The mean as the pipeline's own learner: fitted once, deaf to training.
class MeanOnly : public Learner {
 public:
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override { inner_->prepare(mine, ranks); }
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override { return inner_->model(); }
  std::vector<std::byte> save() const override { return inner_->save(); }
  void load(std::span<const std::byte> bytes) override { inner_->load(bytes); }

 private:
  std::unique_ptr<Learner> inner_ = mean_learner();
};

class Perturbed : public SimulationWrapper {
 public:
  using SimulationWrapper::SimulationWrapper;
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    std::vector<Sample> samples = SimulationWrapper::simulate(cases, fidelity);
    for (Sample& sample : samples) {
      std::vector<float>& theta = sample.arrays.at("theta").values;
      for (std::size_t node = 0; node < theta.size(); node += 100) theta[node] *= 1.01f;
    }
    return samples;
  }
};

PipelineEntry variant(const std::string& name, const std::string& summary,
                      const std::function<void(Pipeline&, int threads)>& spoil) {
  return {name,
          "test-only: " + summary,
          {},
          [spoil](const Settings&, int threads) {
            Pipeline pipeline = {std::make_unique<HeatProblem>(kSmall),
                                 std::make_unique<HeatSimulation>(kSmall, threads),
                                 [](std::uint64_t seed) { return make_heat_learner(kSmall, seed); }};
            spoil(pipeline, threads);
            return pipeline;
          },
          [](const Settings&) { return 1e8; },
          {}};
}

}  // namespace

PipelineEntry heat_small() {
  return variant("heat_small", "heat on a small mesh", [](Pipeline&, int) {});
}

PipelineEntry heat_broken_weights() {
  return variant("heat_broken_weights", "heat with weights broken after training", [](Pipeline& pipeline, int) {
    pipeline.learner = [](std::uint64_t seed) { return std::make_unique<BrokenWeights>(seed); };
  });
}

PipelineEntry heat_mean() {
  return variant("heat_mean", "heat with the mean for a network", [](Pipeline& pipeline, int) {
    pipeline.learner = [](std::uint64_t) { return std::make_unique<MeanOnly>(); };
  });
}

PipelineEntry heat_unconverged() {
  return variant("heat_unconverged", "heat with a solver that stops early", [](Pipeline& pipeline, int threads) {
    pipeline.simulation = std::make_unique<HeatSimulation>(kLoose, threads);
  });
}

PipelineEntry heat_perturbed() {
  return variant("heat_perturbed", "heat with perturbed fields", [](Pipeline& pipeline, int) {
    pipeline.simulation = std::make_unique<Perturbed>(std::move(pipeline.simulation));
  });
}

}  // namespace tandem::pipelines
