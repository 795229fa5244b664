// The phases of a pipeline as activities. Their cases and weights are those of the arms: the training stream of the
// seed, the Problem's batch, a network that has learned a little (its speed does not depend on how much).
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "harness/measure/statistics.hpp"
#include "harness/pairing/activity.hpp"
#include "harness/pipeline/stages.hpp"

namespace tandem {
namespace {

constexpr std::size_t kCases = 32;        // that inference goes round and round
constexpr std::size_t kFirstSteps = 256;  // of training, over which the loss must fall
constexpr std::size_t kTaught = 512;      // steps before a network serves
constexpr std::size_t kJudged = 8;        // predictions set against the truth
constexpr double kSamePrediction = 1e-4;  // of the largest output: batches of another size round otherwise

std::vector<Case> draw_cases(const Problem& problem, Purpose purpose, std::uint64_t seed, std::size_t count,
                             const Ranks& ranks) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < count; ++i)
    cases.push_back(problem.draw(purpose, seed,
                                 i * static_cast<std::size_t>(ranks.size()) + static_cast<std::size_t>(ranks.rank())));
  return cases;
}

double or_infinite(double value) { return std::isnan(value) ? std::numeric_limits<double>::infinity() : value; }

class Simulate final : public Activity {
 public:
  Simulate(Pipeline pipeline, const ActivityContext& context) : pipeline_(std::move(pipeline)), context_(context) {}

  std::vector<Verdict> prepare() override {
    cases_ = draw_cases(*pipeline_.problem, Purpose::training, context_.seed, 1, context_.ranks);
    step();
    return verify();
  }
  // Always the same case: cases may differ in their iterations, and a step has to be the same work.
  void step() override { samples_ = pipeline_.simulation->simulate(cases_, Fidelity::train); }
  std::vector<Verdict> verify() override {
    const Simulation& simulation = *pipeline_.simulation;
    const double violation = or_infinite(simulation.invariant(cases_[0], simulation.outputs(samples_.at(0))));
    return {{"invariant of the last simulation", context_.ranks.max(violation),
             pipeline_.problem->spec().gate.truth_invariant}};
  }

 private:
  Pipeline pipeline_;
  ActivityContext context_;
  std::vector<Case> cases_;
  std::vector<Sample> samples_;
};

// The learner on the first N_0 samples of the schedule, in batches of the Problem's size.
class Teacher {
 public:
  Teacher(const Pipeline& pipeline, const ActivityContext& context)
      : context_(context), schedule_(pipeline.problem->spec().schedule) {
    schedule_.samples = schedule_.prepare_from;
    std::vector<Case> cases;
    for (const std::size_t i : context.ranks.share(schedule_.samples))
      cases.push_back(pipeline.problem->draw(Purpose::training, context.seed, i));
    samples_ = pipeline.simulation->simulate(cases, Fidelity::train);
    by_index_.assign(schedule_.samples, nullptr);
    for (const Sample& sample : samples_) {
      by_index_.at(sample.index) = &sample;
      first_.push_back(&sample);
      pairs_ = sample.pairs;
    }
    pairs_ = static_cast<std::size_t>(context.ranks.max(static_cast<double>(pairs_)));
    learner_ = pipeline.learner(context.seed);
    learner_->prepare(first_, context.ranks);
  }
  double step() {
    const double loss = learner_->learn(next_, draw_batch(schedule_, next_, context_.seed, by_index_, pairs_),
                                        schedule_.batch, context_.ranks);
    next_ = (next_ + 1) % schedule_.batches;
    return loss;
  }
  const Learner& learner() const { return *learner_; }
  const std::vector<const Sample*>& samples() const { return first_; }
  std::size_t steps() const { return schedule_.batches; }

 private:
  ActivityContext context_;
  Schedule schedule_;
  std::vector<Sample> samples_;
  std::vector<const Sample*> by_index_, first_;
  std::size_t pairs_ = 1, next_ = 0;
  std::unique_ptr<Learner> learner_;
};

class Train final : public Activity {
 public:
  Train(Pipeline pipeline, const ActivityContext& context) : pipeline_(std::move(pipeline)), context_(context) {}

  std::vector<Verdict> prepare() override {
    teacher_.emplace(pipeline_, context_);
    const std::size_t steps = std::min(kFirstSteps, teacher_->steps());
    const std::size_t first = std::clamp<std::size_t>(steps / 4, 1, losses_.size());
    first_ = 0;
    for (std::size_t i = 0; i < first; ++i) first_ += teacher_->step() / static_cast<double>(first);
    for (std::size_t i = first; i < steps; ++i) step();
    return verify();
  }
  void step() override {
    losses_[count_ % losses_.size()] = teacher_->step();
    ++count_;
  }
  std::vector<Verdict> verify() override {
    const std::size_t n = std::min(count_, losses_.size());
    const double mean = std::accumulate(losses_.begin(), losses_.begin() + static_cast<std::ptrdiff_t>(n), 0.0) /
                        static_cast<double>(n);
    return {{"loss of the last steps / of the first", or_infinite(mean / first_), 1}};
  }

 private:
  Pipeline pipeline_;
  ActivityContext context_;
  std::optional<Teacher> teacher_;
  double first_ = 0;                // mean loss of the first steps: that of a single batch is mostly noise
  std::array<double, 8> losses_{};  // of the last steps
  std::size_t count_ = 0;
};

class Infer final : public Activity {
 public:
  Infer(Pipeline pipeline, std::size_t batch, const ActivityContext& context)
      : pipeline_(std::move(pipeline)), batch_(batch), context_(context) {}

  std::vector<Verdict> prepare() override {
    Teacher teacher(pipeline_, context_);
    for (std::size_t i = 0; i < std::min(kTaught, teacher.steps()); ++i) teacher.step();
    model_ = teacher.learner().model();
    const std::size_t count = (std::max(kCases, batch_) + batch_ - 1) / batch_ * batch_;
    cases_ = draw_cases(*pipeline_.problem, Purpose::holdout, context_.seed, count, context_.ranks);
    expected_ = model_->predict(cases_);
    step();
    std::vector<Verdict> verdicts = verify();
    judge(teacher, verdicts);
    return verdicts;
  }
  void step() override {
    last_ = next_;
    next_ = (next_ + batch_) % cases_.size();
    outputs_ = model_->predict(std::span(cases_).subspan(last_, batch_));
  }
  std::vector<Verdict> verify() override {
    double worst = 0;
    for (std::size_t i = 0; i < batch_; ++i) {
      const auto expected = std::as_const(expected_).row(last_ + i), row = std::as_const(outputs_).row(i);
      double largest = std::numeric_limits<double>::min();
      for (const float value : expected) largest = std::max(largest, std::abs(static_cast<double>(value)));
      for (std::size_t k = 0; k < row.size(); ++k)
        worst = std::max(
            worst, or_infinite(std::abs(static_cast<double>(row[k]) - static_cast<double>(expected[k])) / largest));
    }
    return {{"last prediction against the judged one", context_.ranks.max(worst), kSamePrediction}};
  }

 private:
  // What serves must have learned something: its median error against the truth is below that of the training mean.
  void judge(const Teacher& teacher, std::vector<Verdict>& verdicts) const {
    for (const Rival& rival : pipeline_.problem->rivals()) {
      if (rival.name != "mean" || pipeline_.problem->spec().gate.cases == 0) continue;
      const auto mean = rival.make();
      mean->prepare(teacher.samples(), context_.ranks);
      const auto cases = std::span(cases_).first(std::min(kJudged, cases_.size()));
      const Fields rivals = mean->model()->predict(cases);
      const auto truths = pipeline_.simulation->simulate(cases, Fidelity::truth);
      std::vector<double> own, trivial;
      for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto truth = pipeline_.simulation->outputs(truths[i]);
        own.push_back(pipeline_.problem->error(cases[i], truth, expected_.row(i)));
        trivial.push_back(pipeline_.problem->error(cases[i], truth, rivals.row(i)));
      }
      const auto finite = [](double error) { return std::isfinite(error); };
      const bool judged =
          std::all_of(own.begin(), own.end(), finite) && std::all_of(trivial.begin(), trivial.end(), finite);
      const double ratio = judged ? median(own) / median(trivial) : std::numeric_limits<double>::infinity();
      verdicts.push_back({"median error / the training mean's", context_.ranks.max(or_infinite(ratio)), 1});
    }
  }

  Pipeline pipeline_;
  std::size_t batch_;
  ActivityContext context_;
  std::unique_ptr<Model> model_;
  std::vector<Case> cases_;
  Fields expected_, outputs_;  // of all cases, judged; of the last step
  std::size_t last_ = 0, next_ = 0;
};

}  // namespace

std::unique_ptr<Activity> make_phase(const ActivityChoice& choice, const ActivityContext& context) {
  Pipeline pipeline = choice.pipeline->make(choice.settings, context.threads);
  if (choice.phase == "simulate") return std::make_unique<Simulate>(std::move(pipeline), context);
  if (choice.phase == "train") return std::make_unique<Train>(std::move(pipeline), context);
  const auto batch = static_cast<std::size_t>(choice.settings.integer("batch"));
  return std::make_unique<Infer>(std::move(pipeline), batch, context);
}

}  // namespace tandem
