#include "harness/pipeline/regime.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/base/digest.hpp"
#include "harness/pipeline/supply.hpp"

namespace tandem {
namespace {

// Everything of another Problem but how much is simulated and trained. Answers and gate are not asked for.
class Swept : public Problem {
 public:
  Swept(std::unique_ptr<Problem> inner, ProblemSpec spec) : inner_(std::move(inner)), spec_(std::move(spec)) {}
  const ProblemSpec& spec() const override { return spec_; }
  Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const override {
    return inner_->draw(purpose, seed, index);
  }
  double error(const Case& one, std::span<const float> truth, std::span<const float> prediction) const override {
    return inner_->error(one, truth, prediction);
  }
  std::vector<Answer> answer(const Model&, std::uint64_t, std::size_t, const Ranks&) const override { return {}; }
  std::vector<Verdict> judge(std::span<const Answer>, std::uint64_t, const Simulation&, const Ranks&) const override {
    return {};
  }
  std::vector<Rival> rivals() const override { return {}; }

 private:
  std::unique_ptr<Problem> inner_;
  ProblemSpec spec_;
};

// Its training samples come from the coarse method.
class Coarse : public Simulation {
 public:
  explicit Coarse(std::unique_ptr<Simulation> inner) : inner_(std::move(inner)) {}
  std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const override {
    return inner_->simulate(cases, fidelity == Fidelity::train ? Fidelity::coarse : fidelity);
  }
  std::span<const float> outputs(const Sample& sample) const override { return inner_->outputs(sample); }
  double invariant(const Case& one, std::span<const float> outputs) const override {
    return inner_->invariant(one, outputs);
  }
  std::unique_ptr<Model> coarse_model() const override { return inner_->coarse_model(); }

 private:
  std::unique_ptr<Simulation> inner_;
};

std::size_t count_of(const Settings& settings, const char* key, std::size_t fallback) {
  if (settings.text(key) == "auto") return fallback;
  const std::int64_t count = settings.integer(key);
  check_usage(count >= 1, "{} = {}: at least 1", key, count);
  return static_cast<std::size_t>(count);
}

// What was done, for the comparison of the arms and the place of the point on the map.
void record_work(const Stage& stage, const std::string& digest, double flops, double wrong) {
  stage.recorder.enter("wait", State::waiting);
  const double all = stage.ranks.sum(flops), numbers = stage.ranks.sum(wrong);
  if (!stage.ranks.root()) return;
  stage.recorder.write({{"record", "work"}, {"sha256", digest}, {"flops", all}});
  stage.recorder.verdict({"values of the consumer that are no number", numbers, 0});
}

double not_finite(std::span<const double> values) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); }));
}

// All ranks' values, of each in the order of its samples.
std::string digest_of(const Stage& stage, std::span<const double> values) {
  stage.recorder.enter("wait", State::waiting);
  const std::vector<double> all = stage.ranks.gather(values);
  return sha256(std::as_bytes(std::span(all)));
}

class Train final : public Consumer {
 public:
  bool early() const override { return false; }
  void take(const Stage& stage, Handover& handover) override { trained_ = train(stage, handover); }
  void finish(const Stage& stage) override {
    const std::vector<std::byte> bytes = trained_.network->save();
    // A loss that is no number stands in the record of train().
    record_work(stage, sha256(std::span<const std::byte>(bytes)), trained_.network->work().flops, 0);
  }

 private:
  Trained trained_;
};

// The basis comes from the first samples of the schedule; nothing is learnt.
class Infer final : public Consumer {
 public:
  bool early() const override { return false; }
  void take(const Stage& stage, Handover& handover) override {
    const Problem& problem = *stage.pipeline.problem;
    const Schedule& schedule = problem.spec().schedule;
    Supply supply(handover, stage.ranks, schedule.samples, stage.recorder);
    supply.need(schedule.samples, "infer");
    const auto learner = stage.pipeline.learner(stage.seed);
    learner->prepare(supply.below(schedule.prepare_from), stage.ranks);
    const auto model = learner->model();
    const auto samples = supply.below(schedule.samples);
    for (std::size_t at = 0; at < samples.size(); at += kBlock) {
      const auto block = std::span(samples).subspan(at, std::min(kBlock, samples.size() - at));
      std::vector<Case> cases;
      for (const Sample* sample : block) cases.push_back(problem.draw(Purpose::training, stage.seed, sample->index));
      const Fields predicted = model->predict(cases);
      for (std::size_t i = 0; i < block.size(); ++i)
        errors_.push_back(problem.error(cases[i], stage.pipeline.simulation->outputs(*block[i]), predicted.row(i)));
    }
    flops_ = learner->work().flops + model->flops() * static_cast<double>(samples.size());
    stage.recorder.write({{"record", "useful"}, {"bytes", supply.bytes()}});
  }
  void finish(const Stage& stage) override {
    record_work(stage, digest_of(stage, errors_), flops_, not_finite(errors_));
  }

 private:
  std::vector<double> errors_;  // of the samples, in order
  double flops_ = 0;
};

class Monitor final : public Consumer {
 public:
  bool early() const override { return true; }
  void take(const Stage& stage, Handover& handover) override {
    while (handover.pending()) {
      stage.recorder.enter("hand over", State::transition);
      const std::vector<Sample> samples = handover.take();
      stage.recorder.enter("monitor");
      std::vector<const Array*> arrays;
      for (const Sample& sample : samples) {
        bytes_ += sample.bytes();
        for (const auto& [name, array] : sample.arrays) arrays.push_back(&array);
      }
      const std::size_t first = moments_.size();
      moments_.resize(first + arrays.size());
      const auto count = static_cast<std::ptrdiff_t>(arrays.size());
#pragma omp parallel for schedule(dynamic, 1)
      for (std::ptrdiff_t i = 0; i < count; ++i)
        moments_[first + static_cast<std::size_t>(i)] = moments(arrays[static_cast<std::size_t>(i)]->values);
      stage.recorder.enter("hand over", State::transition);
    }
  }
  void finish(const Stage& stage) override {
    stage.recorder.write({{"record", "useful"}, {"bytes", bytes_}});
    std::vector<double> all;
    for (const auto& one : moments_) all.insert(all.end(), one.begin(), one.end());
    record_work(stage, digest_of(stage, all), monitor_flops * static_cast<double>(bytes_) / sizeof(float),
                not_finite(all));
  }

 private:
  // Mean, root mean square, smallest, largest.
  static std::array<double, 4> moments(std::span<const float> values) {
    double sum = 0, squares = 0;
    float low = std::numeric_limits<float>::infinity(), high = -low;
#pragma omp simd reduction(+ : sum, squares) reduction(min : low) reduction(max : high)
    for (std::size_t i = 0; i < values.size(); ++i) {  // NOLINT(modernize-loop-convert): OpenMP wants an index
      const auto value = static_cast<double>(values[i]);
      sum += value;
      squares += value * value;
      low = std::min(low, values[i]);
      high = std::max(high, values[i]);
    }
    const auto count = static_cast<double>(values.size());
    return {sum / count, std::sqrt(squares / count), static_cast<double>(low), static_cast<double>(high)};
  }

  std::vector<std::array<double, 4>> moments_;  // of each sample's arrays, in order
  std::size_t bytes_ = 0;
};

ProblemSpec swept_spec(ProblemSpec spec, const Settings& settings) {
  spec.version += "-regime";
  spec.provisional = "";  // no gate judges by its numbers
  spec.schedule.samples = count_of(settings, "samples", spec.schedule.samples);
  spec.schedule.prepare_from = std::min(spec.schedule.prepare_from, spec.schedule.samples);
  spec.schedule.batches = count_of(settings, "steps", spec.schedule.batches);
  // The coarse method is judged as a prediction is: its fields come from another mesh.
  if (settings.text("fidelity") == "coarse") spec.gate.truth_invariant = spec.gate.invariant;
  return spec;
}

void one_of(const Settings& settings, const char* key, const std::vector<std::string>& known) {
  const std::string& value = settings.text(key);
  check_usage(std::find(known.begin(), known.end(), value) != known.end(), "{} = \"{}\" is not one of {}", key, value,
              fmt::join(known, ", "));
}

}  // namespace

std::vector<Parameter> regime_parameters(const PipelineEntry& entry) {
  std::vector<Parameter> parameters = entry.parameters;
  parameters.push_back({"fidelity", "train", "what makes the samples: train, or the coarse method: coarse"});
  parameters.push_back({"consumer", "train", "what takes them: train, infer or monitor"});
  parameters.push_back({"samples", "auto", "how many; auto: those of the Problem", false});
  parameters.push_back({"steps", "auto", "of training; auto: those of the Problem", false});
  return parameters;
}

void check_regime(const PipelineEntry& entry, const Settings& settings) {
  entry.memory(settings);  // refuses values that make no sense
  one_of(settings, "fidelity", {"train", "coarse"});
  one_of(settings, "consumer", {"train", "infer", "monitor"});
  count_of(settings, "samples", 1);
  count_of(settings, "steps", 1);
  check_usage(settings.text("steps") == "auto" || settings.text("consumer") == "train",
              "steps = {} with consumer = \"{}\": only training takes steps", settings.text("steps"),
              settings.text("consumer"));
}

Pipeline regime_pipeline(const PipelineEntry& entry, const Settings& settings, int threads) {
  Pipeline pipeline = entry.make(settings, threads);
  ProblemSpec spec = swept_spec(pipeline.problem->spec(), settings);
  pipeline.problem = std::make_unique<Swept>(std::move(pipeline.problem), std::move(spec));
  if (settings.text("fidelity") == "coarse")
    pipeline.simulation = std::make_unique<Coarse>(std::move(pipeline.simulation));
  return pipeline;
}

double regime_memory(const PipelineEntry& entry, const Settings& settings) {
  const auto whole = static_cast<double>(entry.make(settings, 1).problem->spec().schedule.samples);
  return entry.memory(settings) * static_cast<double>(count_of(settings, "samples", static_cast<std::size_t>(whole))) /
         whole;
}

std::unique_ptr<Consumer> make_consumer(const std::string& name) {
  if (name == "train") return std::make_unique<Train>();
  if (name == "infer") return std::make_unique<Infer>();
  check(name == "monitor", "\"{}\" is no consumer", name);
  return std::make_unique<Monitor>();
}

}  // namespace tandem
