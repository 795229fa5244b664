#include "harness/pipeline/steered.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/base/digest.hpp"
#include "harness/pipeline/gate.hpp"

namespace tandem {
namespace {

class Growth {
 public:
  Growth(const Stage& stage, std::string design, std::string config_digest)
      : stage_(stage), design_(std::move(design)), config_digest_(std::move(config_digest)) {
    if (steering().samples.empty())
      throw Unsupported(fmt::format("{} has no growing design", problem().spec().version));
    if (design_ != "steered_rival") return;
    for (const Rival& rival : problem().rivals())
      if (rival.name == steering().rival) rival_ = rival.make;
    if (!rival_) throw Unsupported(fmt::format("{} names no rival to steer", problem().spec().version));
  }

  Grown run() {
    Grown grown;
    for (std::size_t round = 0; round < steering().samples.size() && !grown.met; ++round) {
      const std::size_t replaced = extend(grown.learner.get(), steering().samples[round]);
      grown.learner = train();
      grown.met = judge(*grown.learner, round, replaced);
    }
    finish();
    return grown;
  }

 private:
  const Problem& problem() const { return *stage_.pipeline.problem; }
  const Steering& steering() const { return problem().spec().steering; }

  // Simulates this rank's share of the cases up to `wanted`.
  std::size_t extend(const Learner* learner, std::size_t wanted) {
    std::vector<Case> cases;
    std::size_t replaced = 0;
    const std::size_t first = cases_.size(), count = wanted - first;
    if (learner != nullptr && design_ != "fixed_until_gate") {
      stage_.recorder.enter("propose");
      cases = problem().propose(*learner->model(), stage_.seed, cases_, count, stage_.ranks);
      replaced = admit(cases, cases_, count, stage_.seed, problem());
    } else {
      for (std::size_t i = 0; i < count; ++i)
        cases.push_back(problem().draw(Purpose::training, stage_.seed, first + i));
    }
    simulate(cases);
    cases_.insert(cases_.end(), cases.begin(), cases.end());
    return replaced;
  }

  void simulate(const std::vector<Case>& cases) {
    stage_.recorder.enter("simulate");
    const Simulation& simulation = *stage_.pipeline.simulation;
    std::vector<Case> mine;
    for (const std::size_t i : stage_.ranks.share(cases.size())) mine.push_back(cases[i]);
    std::vector<Sample> samples = simulation.simulate(mine, Fidelity::train);
    stage_.recorder.enter("validate");
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double violation = simulation.invariant(mine[i], simulation.outputs(samples[i]));
      worst_ = std::max(worst_, std::isnan(violation) ? std::numeric_limits<double>::infinity() : violation);
    }
    stage_.recorder.enter("hand over", State::transition);
    for (Sample& sample : samples) samples_.push_back(std::make_unique<Sample>(std::move(sample)));
  }

  // Fresh weights on all samples: every batch draws from all of them.
  std::unique_ptr<Learner> train() {
    stage_.recorder.enter("train");
    const std::size_t count = cases_.size();
    std::vector<const Sample*> mine, by_index(count, nullptr);
    std::size_t pairs = 1;
    for (const auto& sample : samples_) {
      mine.push_back(by_index.at(sample->index) = sample.get());
      pairs = sample->pairs;
    }
    pairs = static_cast<std::size_t>(stage_.ranks.max(static_cast<double>(pairs)));
    auto learner = rival_ ? rival_() : stage_.pipeline.learner(stage_.seed);
    learner->prepare(mine, stage_.ranks);
    if (rival_) return learner;
    Schedule schedule = problem().spec().schedule;
    schedule.samples = schedule.prepare_from = count;
    for (std::size_t step = 0; step < schedule.batches; ++step)
      learner->learn(step, draw_batch(schedule, step, stage_.seed, by_index, pairs), schedule.batch, stage_.ranks);
    return learner;
  }

  // The judging cases follow from the weights, as those of the hold-out do.
  bool judge(const Learner& learner, std::size_t round, std::size_t replaced) {
    stage_.recorder.enter("validate");
    const std::vector<std::byte> bytes = learner.save();
    const std::string digest = sha256(std::span<const std::byte>(bytes));
    const std::uint64_t seed = holdout_seed(digest, config_digest_);
    const auto verdicts = problem().criterion(*learner.model(), seed, *stage_.pipeline.simulation, stage_.ranks);
    Json judged = Json::array();
    for (const Verdict& verdict : verdicts)
      judged.push_back({{"check", verdict.check}, {"value", number(verdict.value)}, {"limit", number(verdict.limit)}});
    if (stage_.ranks.root())
      stage_.recorder.write({{"record", "round"},
                             {"round", round},
                             {"samples", cases_.size()},
                             {"replaced", replaced},
                             {"weights", digest},
                             {"judging_seed", seed},
                             {"verdicts", judged}});
    return all_pass(verdicts);
  }

  void finish() {
    stage_.recorder.enter("wait", State::waiting);
    worst_ = stage_.ranks.max(worst_);
    std::size_t useful = 0;
    for (const auto& sample : samples_) useful += sample->bytes();
    stage_.recorder.write({{"record", "useful"}, {"bytes", useful}});
    if (stage_.ranks.root()) stage_.recorder.write({{"record", "training_invariant"}, {"value", number(worst_)}});
  }

  const Stage& stage_;
  std::string design_, config_digest_;
  std::function<std::unique_ptr<Learner>()> rival_;
  std::vector<Case> cases_;                       // of all ranks, by index
  std::vector<std::unique_ptr<Sample>> samples_;  // of this rank; their places stay
  double worst_ = 0;                              // violation of the invariant
};

bool same(const Array& a, const Array& b) { return a.shape == b.shape && a.values == b.values; }

bool same(const Case& a, const Case& b) {
  return a.parameters == b.parameters && a.snapshot.size() == b.snapshot.size() &&
         std::equal(a.snapshot.begin(), a.snapshot.end(), b.snapshot.begin(),
                    [](const auto& x, const auto& y) { return x.first == y.first && same(x.second, y.second); });
}

bool finite(const Case& one) {
  const auto is_finite = [](auto value) { return std::isfinite(value); };
  return std::all_of(one.parameters.begin(), one.parameters.end(), is_finite) &&
         std::all_of(one.snapshot.begin(), one.snapshot.end(), [&](const auto& array) {
           return std::all_of(array.second.values.begin(), array.second.values.end(), is_finite);
         });
}

}  // namespace

std::size_t admit(std::vector<Case>& proposed, std::span<const Case> known, std::size_t count, std::uint64_t seed,
                  const Problem& problem) {
  check(proposed.size() == count, "{}: {} cases were proposed, expected {}", problem.spec().version, proposed.size(),
        count);
  std::size_t replaced = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Case& one = proposed[i];
    const auto is_this = [&](const Case& other) { return same(other, one); };
    const auto here = proposed.begin() + static_cast<std::ptrdiff_t>(i);
    if (!finite(one) || std::any_of(known.begin(), known.end(), is_this) ||
        std::any_of(proposed.begin(), here, is_this)) {
      one = problem.draw(Purpose::training, seed, known.size() + i);
      ++replaced;
    }
    one.purpose = Purpose::training;
    one.index = known.size() + i;
  }
  return replaced;
}

Grown grow(const Stage& stage, const std::string& design, const std::string& config_digest) {
  return Growth(stage, design, config_digest).run();
}

}  // namespace tandem
