#include "tests/faulty_heat.hpp"

#include <algorithm>

#include "harness/pipeline/device_setting.hpp"
#include "pipelines/heat/learner.hpp"
#include "pipelines/heat/problem.hpp"
#include "pipelines/heat/simulation.hpp"
#include "tests/faulty_toy.hpp"

namespace tandem::pipelines {
namespace {

constexpr HeatSize kSmall = {"small", {16, 16, 4}, {1e-7, 0.02},         {12, 12, 4}, {0.1, 0.1}, 0.20,
                             0.08,    2,           {384, 192, 3000, 64}, 8,           100};

// So few and small that a device of the host's memory trains them in a second; too little for any skill.
constexpr HeatSize kTiny = {"tiny", {8, 8, 4}, {1e-7, 0.02},      {4, 4, 4}, {0.1, 0.1}, 0.9,
                            0.9,    2,         {96, 64, 200, 32}, 4,         50};
constexpr std::size_t kTinyWidth = 16;

constexpr HeatSize stopped_early(HeatSize size) {
  size.truth = {0.3, 0.5};
  return size;
}
constexpr HeatSize kLoose = stopped_early(kSmall);

class LearnerWrapper : public Learner {
 public:
  explicit LearnerWrapper(std::uint64_t seed) : seed_(seed), inner_(make_heat_learner(kSmall, seed)) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override { inner_->prepare(mine, ranks); }
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    return inner_->learn(step, mine, batch, ranks);
  }
  std::unique_ptr<Model> model() const override { return inner_->model(); }
  std::vector<std::byte> save() const override { return inner_->save(); }
  void load(std::span<const std::byte> bytes) override { inner_->load(bytes); }

 protected:
  std::uint64_t seed_;
  std::unique_ptr<Learner> inner_;
};

// Trains honestly; what is saved and asked has a quarter of its bytes' floating-point numbers negated.
class BrokenWeights : public LearnerWrapper {
 public:
  using LearnerWrapper::LearnerWrapper;
  std::vector<std::byte> save() const override {
    std::vector<std::byte> bytes = inner_->save();
    for (std::size_t at = bytes.size() / 2 / 4 * 4 + 3; at < bytes.size() * 3 / 4; at += 4)
      bytes[at] ^= std::byte{0x80};  // the sign of a little-endian number
    return bytes;
  }
  std::unique_ptr<Model> model() const override {
    const auto broken = make_heat_learner(kSmall, seed_);
    broken->load(save());
    return broken->model();
  }
};

using Spoil = void (*)(std::span<float> theta);

// Every prediction is spoiled, for the optimiser as for the judge.
class SpoiledModel : public Model {
 public:
  SpoiledModel(std::unique_ptr<Model> inner, Spoil spoil) : inner_(std::move(inner)), spoil_(spoil) {}
  Fields predict(std::span<const Case> cases) const override {
    Fields fields = inner_->predict(cases);
    for (std::size_t i = 0; i < fields.rows; ++i) spoil_(fields.row(i));
    return fields;
  }
  Fields vjp(std::span<const Case> cases, const Seed& seed) const override {
    return inner_->vjp(cases, [&](std::size_t row, std::span<const float> prediction, std::span<float> cotangent) {
      std::vector<float> spoiled(prediction.begin(), prediction.end());
      spoil_(spoiled);
      seed(row, spoiled, cotangent);
    });
  }

 private:
  std::unique_ptr<Model> inner_;
  Spoil spoil_;
};

class SpoiledPredictions : public LearnerWrapper {
 public:
  SpoiledPredictions(std::uint64_t seed, Spoil spoil) : LearnerWrapper(seed), spoil_(spoil) {}
  std::unique_ptr<Model> model() const override { return std::make_unique<SpoiledModel>(inner_->model(), spoil_); }

 private:
  Spoil spoil_;
};

void rescale(std::span<float> theta) {
  for (float& value : theta) value *= 1.1f;
}

void heat_spot(std::span<float> theta) {
  *std::max_element(theta.begin() + static_cast<std::ptrdiff_t>(kSmall.mesh.chip_begin()), theta.end()) += 15;
}

std::unique_ptr<Learner> mean_learner() {
  for (const Rival& rival : HeatProblem(kSmall).rivals())
    if (rival.name == "mean") return rival.make();
  throw Error(Exit::failed, "heat has no rival \"mean\"");
}

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

PipelineEntry learning(const std::string& name, const std::string& summary,
                       const std::function<std::unique_ptr<Learner>(std::uint64_t seed)>& learner) {
  return variant(name, summary, [learner](Pipeline& pipeline, int) { pipeline.learner = learner; });
}

}  // namespace

PipelineEntry heat_small() {
  return variant("heat_small", "heat on a small mesh", [](Pipeline&, int) {});
}

PipelineEntry heat_guarded() {
  return {"heat_guarded",
          "test-only: heat on a tiny mesh, its network or its simulations on a device",
          {device_parameter(simulate_on), device_parameter(train_on)},
          [](const Settings& settings, int threads) -> Pipeline {
            return {std::make_unique<HeatProblem>(kTiny),
                    std::make_unique<HeatSimulation>(kTiny, threads, HeatFormat::fp64, settings.text(simulate_on)),
                    [device = settings.text(train_on)](std::uint64_t seed) {
                      return make_heat_learner(kTiny, seed, kTinyWidth, HeatFormat::fp32, HeatFormat::fp32, device);
                    }};
          },
          [](const Settings& settings) {
            check_device(settings, simulate_on);
            check_device(settings, train_on);
            return 1e8;
          },
          {}};
}

PipelineEntry heat_broken_weights() {
  return learning("heat_broken_weights", "heat with weights broken after training",
                  [](std::uint64_t seed) { return std::make_unique<BrokenWeights>(seed); });
}

PipelineEntry heat_mean() {  // fitted once; a rival is deaf to training
  return learning("heat_mean", "heat with the mean for a network", [](std::uint64_t) { return mean_learner(); });
}

PipelineEntry heat_unconverged() {
  return variant("heat_unconverged", "heat with a solver that stops early", [](Pipeline& pipeline, int threads) {
    pipeline.simulation = std::make_unique<HeatSimulation>(kLoose, threads);
  });
}

PipelineEntry heat_perturbed() {
  return variant("heat_perturbed", "heat with perturbed simulated fields", [](Pipeline& pipeline, int) {
    pipeline.simulation = std::make_unique<Perturbed>(std::move(pipeline.simulation));
  });
}

PipelineEntry heat_rescaled() {
  return learning("heat_rescaled", "heat with predictions a tenth too warm",
                  [](std::uint64_t seed) { return std::make_unique<SpoiledPredictions>(seed, rescale); });
}

PipelineEntry heat_hot_spot() {
  return learning("heat_hot_spot", "heat with predictions too warm at one node",
                  [](std::uint64_t seed) { return std::make_unique<SpoiledPredictions>(seed, heat_spot); });
}

}  // namespace tandem::pipelines
