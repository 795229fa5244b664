#include "tests/small_climate.hpp"

#include <cmath>

#include "pipelines/climate/learner.hpp"
#include "pipelines/climate/problem.hpp"
#include "pipelines/climate/simulation.hpp"

namespace tandem::pipelines {
namespace {

PipelineEntry variant(const std::string& name, const std::string& summary, kernels::ShallowWaterPhysics physics,
                      const std::function<std::unique_ptr<Learner>(std::uint64_t)>& learner) {
  return {name,
          "test-only: " + summary,
          {},
          [physics, learner](const Settings&, int threads) {
            return Pipeline{std::make_unique<ClimateProblem>(small_climate),
                            std::make_unique<ClimateSimulation>(small_climate, threads, physics), learner};
          },
          [](const Settings&) { return 1e8; },
          {}};
}

std::unique_ptr<Learner> honest(std::uint64_t seed) { return make_climate_learner(small_climate, seed); }

class Holed : public Model {
 public:
  explicit Holed(std::unique_ptr<Model> inner) : inner_(std::move(inner)) {}
  Fields predict(std::span<const Case> cases) const override {
    Fields fields = inner_->predict(cases);
    for (std::size_t i = 0; i < cases.size(); ++i)
      if (cases[i].index % 4 == 0) fields.row(i)[7] = NAN;
    return fields;
  }

 private:
  std::unique_ptr<Model> inner_;
};

class HoledLearner : public ClimateLearner {
 public:
  using ClimateLearner::ClimateLearner;
  std::unique_ptr<Model> model() const override { return std::make_unique<Holed>(ClimateLearner::model()); }
};

}  // namespace

PipelineEntry climate_small() { return variant("climate_small", "climate on a small grid", climate_physics, honest); }

PipelineEntry climate_mean() {
  return variant("climate_mean", "climate with the mean for a network", climate_physics,
                 [](std::uint64_t) { return ClimateProblem(small_climate).rivals().at(0).make(); });
}

PipelineEntry climate_faulty() {
  kernels::ShallowWaterPhysics physics = climate_physics;
  physics.viscosity = -1e5;
  return variant("climate_faulty", "climate with a simulation that gains energy and curves that are not numbers",
                 physics, [](std::uint64_t seed) {
                   ClimateTraining training;
                   training.hidden = {small_climate.width, small_climate.width};
                   training.steps = small_climate.schedule.batches;
                   return std::make_unique<HoledLearner>(small_climate.grid(), training, seed);
                 });
}

}  // namespace tandem::pipelines
