#include "tests/stalling_toy.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

#include "tests/faulty_toy.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem::pipelines {
namespace {

// Called at the begin of each phase.
class Stall {
 public:
  explicit Stall(std::string phase) : phase_(std::move(phase)) {}
  void operator()(const char* phase) const {
    if (phase_ != phase) return;
    std::ofstream("stalled.part") << getpid() << std::endl;
    std::filesystem::rename("stalled.part", "stalled");  // a reader sees the whole number
    std::this_thread::sleep_for(std::chrono::minutes(10));
  }

 private:
  std::string phase_;
};

class StallingSimulation : public SimulationWrapper {
 public:
  StallingSimulation(std::unique_ptr<Simulation> inner, Stall stall)
      : SimulationWrapper(std::move(inner)), stall_(std::move(stall)) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    if (fidelity == Fidelity::train) stall_("simulate");
    return SimulationWrapper::simulate(cases, fidelity);
  }

 private:
  Stall stall_;
};

class StallingLearner : public Learner {
 public:
  StallingLearner(std::unique_ptr<Learner> inner, Stall stall) : inner_(std::move(inner)), stall_(std::move(stall)) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override { inner_->prepare(mine, ranks); }
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    stall_("train");
    return inner_->learn(step, mine, batch, ranks);
  }
  std::unique_ptr<Model> model() const override { return inner_->model(); }
  std::vector<std::byte> save() const override {
    stall_("hand_over");
    return inner_->save();
  }
  void load(std::span<const std::byte> bytes) override { inner_->load(bytes); }

 private:
  std::unique_ptr<Learner> inner_;
  Stall stall_;
};

class StallingProblem : public ToyProblem {
 public:
  explicit StallingProblem(Stall stall) : stall_(std::move(stall)) {}
  std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) const override {
    stall_("answer");
    return ToyProblem::answer(model, seed, count, ranks);
  }
  std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                             const Ranks& ranks) const override {
    stall_("validate");
    return ToyProblem::judge(answers, seed, simulation, ranks);
  }

 private:
  Stall stall_;
};

}  // namespace

PipelineEntry toy_stall() {
  PipelineEntry entry = toy();
  const auto make = entry.make;
  entry.name = "toy_stall";
  entry.summary = "test-only: stops in a phase";
  entry.parameters.push_back({"phase", "train", "simulate, train, hand_over, answer or validate"});
  entry.make = [make](const Settings& settings, int threads) {
    const Stall stall(settings.text("phase"));
    Pipeline pipeline = make(settings, threads);
    pipeline.problem = std::make_unique<StallingProblem>(stall);
    pipeline.simulation = std::make_unique<StallingSimulation>(std::move(pipeline.simulation), stall);
    pipeline.learner = [inner = pipeline.learner, stall](std::uint64_t seed) {
      return std::make_unique<StallingLearner>(inner(seed), stall);
    };
    return pipeline;
  };
  return entry;
}

}  // namespace tandem::pipelines
