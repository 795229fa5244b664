#include "tests/faulty_toy.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <thread>

#include <unistd.h>

#include "tests/toy_pipeline.hpp"

namespace tandem::pipelines {
namespace {

class Crashing : public SimulationWrapper {
 public:
  Crashing(std::unique_ptr<Simulation> inner, std::string how)
      : SimulationWrapper(std::move(inner)), how_(std::move(how)) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    check(how_ != "check", "toy_crash: the solver broke down at case {}", cases[0].index);
    if (how_ == "signal") {
      std::signal(SIGSEGV, SIG_DFL);  // a sanitizer or MPI would turn it into something else
      std::raise(SIGSEGV);
    }
    if (how_ == "exit") std::_Exit(0);
    for (const Case& one : cases)
      if (how_ == "foreign" && one.index == 1) throw std::length_error("toy_crash: a vector grew too long");
    return SimulationWrapper::simulate(cases, fidelity);
  }

 private:
  std::string how_;
};

class Slow : public SimulationWrapper {
 public:
  // A test makes a slower program of this one by its environment.
  Slow(std::unique_ptr<Simulation> inner, double seconds) : SimulationWrapper(std::move(inner)), seconds_(seconds) {
    if (const char* times = std::getenv("TANDEM_TEST_SLOWER")) seconds_ *= std::atof(times);
  }
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    if (fidelity == Fidelity::train) std::this_thread::sleep_for(std::chrono::duration<double>(seconds_));
    return SimulationWrapper::simulate(cases, fidelity);
  }

 private:
  double seconds_;
};

class NotANumber : public SimulationWrapper {
 public:
  using SimulationWrapper::SimulationWrapper;
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    std::vector<Sample> samples = SimulationWrapper::simulate(cases, fidelity);
    for (Sample& sample : samples)
      if (fidelity == Fidelity::train && sample.index == 1)
        sample.arrays.at("labels").values[0] = std::numeric_limits<float>::quiet_NaN();
    return samples;
  }
};

class Unsteady : public SimulationWrapper {
 public:
  using SimulationWrapper::SimulationWrapper;
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    std::vector<Sample> samples = SimulationWrapper::simulate(cases, fidelity);
    for (Sample& sample : samples)
      if (sample.index == 1) sample.arrays.at("jacobians").values[0] += static_cast<float>(::getpid());
    return samples;
  }
};

class Late : public Learner {
 public:
  explicit Late(std::unique_ptr<Learner> inner) : inner_(std::move(inner)) {}
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override { inner_->prepare(mine, ranks); }
  double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    return inner_->learn(step, mine, batch, ranks);
  }
  std::unique_ptr<Model> model() const override { return inner_->model(); }
  std::vector<std::byte> save() const override { return inner_->save(); }
  void load(std::span<const std::byte> bytes) override {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    inner_->load(bytes);
  }

 private:
  std::unique_ptr<Learner> inner_;
};

// The toy under another name, with one more setting, its simulation wrapped.
template <typename Wrap>
PipelineEntry variant(const std::string& name, const std::string& summary, std::vector<Parameter> more,
                      const Wrap& wrap) {
  PipelineEntry entry = toy();
  const auto make = entry.make;
  entry.name = name;
  entry.summary = "test-only: " + summary;
  entry.parameters.insert(entry.parameters.end(), more.begin(), more.end());
  entry.make = [make, wrap](const Settings& settings, int threads) {
    Pipeline pipeline = make(settings, threads);
    pipeline.simulation = wrap(std::move(pipeline.simulation), settings);
    return pipeline;
  };
  return entry;
}

}  // namespace

PipelineEntry toy_crash() {
  return variant("toy_crash", "a simulation that breaks down", {{"how", "check", "check, foreign, signal or exit"}},
                 [](std::unique_ptr<Simulation> inner, const Settings& settings) {
                   return std::make_unique<Crashing>(std::move(inner), settings.text("how"));
                 });
}

PipelineEntry toy_slow() {
  return variant("toy_slow", "a simulation that sleeps", {{"seconds", "60", "of sleep"}},
                 [](std::unique_ptr<Simulation> inner, const Settings& settings) {
                   return std::make_unique<Slow>(std::move(inner), settings.number("seconds"));
                 });
}

PipelineEntry toy_nan() {
  return variant("toy_nan", "a simulation that gives a NaN", {},
                 [](std::unique_ptr<Simulation> inner, const Settings&) {
                   return std::make_unique<NotANumber>(std::move(inner));
                 });
}

PipelineEntry toy_unsteady() {
  return variant(
      "toy_unsteady", "a simulation that is another one in each process", {},
      [](std::unique_ptr<Simulation> inner, const Settings&) { return std::make_unique<Unsteady>(std::move(inner)); });
}

PipelineEntry toy_late() {
  PipelineEntry entry = variant("toy_late", "a network that is late to load", {},
                                [](std::unique_ptr<Simulation> inner, const Settings&) { return inner; });
  const auto make = entry.make;
  entry.make = [make](const Settings& settings, int threads) {
    Pipeline pipeline = make(settings, threads);
    const auto learner = pipeline.learner;
    pipeline.learner = [learner](std::uint64_t seed) { return std::make_unique<Late>(learner(seed)); };
    return pipeline;
  };
  return entry;
}

}  // namespace tandem::pipelines
