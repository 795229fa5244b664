#include "harness/pipeline/steered.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/base/digest.hpp"
#include "harness/base/holdout_seed.hpp"
#include "harness/pipeline/early_model.hpp"
#include "harness/pipeline/gate.hpp"
#include "harness/pipeline/supply.hpp"

namespace tandem {
namespace {

class Growth {
 public:
  Growth(const Stage& stage, const Growing& growing, Handover& handover)
      : stage_(stage), growing_(growing), handover_(handover), split_(growing.split.ranks() > 0) {
    if (steering().samples.empty())
      throw Unsupported(fmt::format("{} has no growing design", problem().spec().version));
    check(!split_ || growing.replay.simulated.empty(), "a run over a split of the ranks is replayed in memory");
    const bool first = stage.ranks.rank() < growing.split.simulating;
    simulates_ = !split_ || first;
    if (split_) group_ = std::make_unique<Ranks>(stage.ranks, first ? 0 : 1);
    if (!split_ || !first)
      supply_ = std::make_unique<Supply>(handover, group(), steering().samples.back(), stage.recorder);
    if (growing.design == "steered" && (split_ || !growing.replay.early.empty()))
      early_ = std::make_unique<EarlyModel>(stage, growing);
    if (growing.design != "steered_rival") return;
    for (const Rival& rival : problem().rivals())
      if (rival.name == steering().rival) rival_ = rival.make;
    if (!rival_) throw Unsupported(fmt::format("{} names no rival to steer", problem().spec().version));
  }

  Grown run() {
    Grown grown;
    std::size_t trained_on = 0;
    for (std::size_t round = 0; !grown.met && trained_on < last(); ++round) {
      const std::size_t count = std::max(simulated_, steering().samples[round]);
      if (early_) early_->begin(round);
      while (simulates_ && simulated_ < count) simulate(count, grown.learner.get());
      std::unique_ptr<Learner> learner = supply_ ? train(count) : nullptr;
      if (simulates_) go_on(round, grown.learner.get());
      if (split_) learner = shared(std::move(learner));
      grown.learner = std::move(learner);
      grown.met = judge(*grown.learner, round, trained_on, count);
      trained_on = count;
    }
    finish();
    return grown;
  }

 private:
  const Problem& problem() const { return *stage_.pipeline.problem; }
  const Steering& steering() const { return problem().spec().steering; }
  const Ranks& group() const { return split_ ? *group_ : stage_.ranks; }  // of ranks that do the same as this one
  std::size_t last() const { return steering().samples.back(); }

  // Over a split until the training of this round is done; in memory as far as is replayed.
  void go_on(std::size_t round, const Learner* learner) {
    const std::vector<std::size_t>& replayed = growing_.replay.simulated;
    const std::size_t most = split_ ? last() : round < replayed.size() ? replayed[round] : 0;
    while (simulated_ < most && !training_is_done()) {
      simulate(most, learner);
      if (early_) early_->look();
    }
    cases_.resize(simulated_);  // a newer model proposes again
    while (!replaced_.empty() && replaced_.back() >= simulated_) replaced_.pop_back();
    if (!split_) return;
    stage_.recorder.enter("hand over", State::transition);
    handover_.close();
    stage_.recorder.enter("wait", State::waiting);  // for a training, where there is nothing left to simulate
    handover_.reopen();
    if (early_) early_->settle();
  }

  // Every simulating rank must stop after the same case.
  bool training_is_done() { return split_ && group().max(handover_.wanted() ? 0 : 1) > 0; }

  // Some cases more, below `end`; where none is left, those that come next.
  void simulate(std::size_t end, const Learner* learner) {
    if (simulated_ == cases_.size()) return extend(learner);
    const std::size_t block = split_ ? kSmallBlock * static_cast<std::size_t>(group().size()) : last();
    simulate_to(std::min({simulated_ + block, end, cases_.size()}));
  }

  // Cases up to the Problem's next number, the same on every rank that simulates.
  void extend(const Learner* learner) {
    const std::vector<std::size_t>& ends = steering().samples;
    const std::size_t first = cases_.size(), count = *std::upper_bound(ends.begin(), ends.end(), first) - first;
    std::vector<Case> cases;
    if (early_)
      if (const Learner* newer = early_->newest(first, group())) learner = newer;
    if (learner != nullptr && growing_.design != "fixed_until_gate") {
      stage_.recorder.enter("propose");
      cases = problem().propose(*learner->model(), stage_.seed, cases_, count, group());
      const std::vector<std::size_t> replaced = admit(cases, cases_, count, stage_.seed, problem());
      replaced_.insert(replaced_.end(), replaced.begin(), replaced.end());
    } else {
      for (std::size_t i = 0; i < count; ++i)
        cases.push_back(problem().draw(Purpose::training, stage_.seed, first + i));
    }
    cases_.insert(cases_.end(), cases.begin(), cases.end());
  }

  // This rank's share of the next cases, those below `end`.
  void simulate_to(std::size_t end) {
    stage_.recorder.enter("simulate");
    std::vector<Case> mine;
    for (; simulated_ < end; ++simulated_)
      if (simulated_ % static_cast<std::size_t>(group().size()) == static_cast<std::size_t>(group().rank()))
        mine.push_back(cases_[simulated_]);
    worst_ = std::max(worst_, simulate_drawn(stage_, handover_, mine));
  }

  std::unique_ptr<Learner> fresh() const { return rival_ ? rival_() : stage_.pipeline.learner(stage_.seed); }

  // Fresh weights on the first `count` samples: every batch draws from all of them.
  std::unique_ptr<Learner> train(std::size_t count) {
    supply_->need(count, "train");
    stage_.recorder.enter("train");
    const auto pairs = static_cast<std::size_t>(group().max(static_cast<double>(supply_->pairs())));
    auto learner = fresh();
    learner->prepare(supply_->below(count), group());
    Schedule schedule = problem().spec().schedule;
    schedule.samples = schedule.prepare_from = count;
    for (std::size_t step = 0; !rival_ && step < schedule.batches; ++step) {
      supply_->need(count, "train");  // takes what comes meanwhile, so that no queue holds the simulation up
      learner->learn(step, draw_batch(schedule, step, stage_.seed, supply_->by_index(), pairs), schedule.batch,
                     group());
      if (early_) early_->tell(step + 1, *learner);
    }
    book_training(stage_, *learner);
    if (split_) {
      handover_.enough();
      supply_->drain();
      handover_.reopen();
      if (early_) early_->settle();
    }
    return learner;
  }

  // What the first rank that trains has learnt, and how many cases were simulated, on all ranks.
  std::unique_ptr<Learner> shared(std::unique_ptr<Learner> learner) {
    stage_.recorder.enter("wait", State::waiting);
    stage_.ranks.barrier();
    stage_.recorder.enter("hand over", State::transition);
    std::vector<std::byte> bytes = supply_ ? learner->save() : std::vector<std::byte>();
    share(bytes, stage_.ranks, growing_.split.simulating);
    stage_.ranks.broadcast(std::as_writable_bytes(std::span(&simulated_, 1)));
    if (supply_) return learner;
    learner = fresh();
    learner->load(bytes);
    return learner;
  }

  // The judging cases follow from the weights, as those of the hold-out do.
  bool judge(const Learner& learner, std::size_t round, std::size_t trained_before, std::size_t count) {
    stage_.recorder.enter("validate");
    const std::vector<std::byte> bytes = learner.save();
    const std::string digest = sha256(std::span<const std::byte>(bytes));
    const std::uint64_t seed = holdout_seed(digest, growing_.config_digest);
    const auto verdicts = problem().criterion(*learner.model(), seed, *stage_.pipeline.simulation, stage_.ranks);
    const auto replaced = std::count_if(replaced_.begin(), replaced_.end(),
                                        [&](std::size_t index) { return index >= trained_before && index < count; });
    Json judged = Json::array();
    for (const Verdict& verdict : verdicts)
      judged.push_back({{"check", verdict.check}, {"value", number(verdict.value)}, {"limit", number(verdict.limit)}});
    if (stage_.ranks.root())
      stage_.recorder.write({{"record", "round"},
                             {"round", round},
                             {"samples", count},
                             {"simulated", simulated_},
                             {"replaced", replaced},
                             {"weights", digest},
                             {"judging_seed", seed},
                             {"verdicts", judged}});
    return all_pass(verdicts);
  }

  void finish() {
    stage_.recorder.enter("wait", State::waiting);
    worst_ = stage_.ranks.max(worst_);
    if (supply_) stage_.recorder.write({{"record", "useful"}, {"bytes", supply_->bytes()}});
    if (stage_.ranks.root()) stage_.recorder.write({{"record", "training_invariant"}, {"value", number(worst_)}});
  }

  const Stage& stage_;
  const Growing& growing_;
  Handover& handover_;
  bool split_, simulates_ = true;
  std::unique_ptr<Ranks> group_;
  std::unique_ptr<Supply> supply_;  // where this rank trains
  std::unique_ptr<EarlyModel> early_;
  std::function<std::unique_ptr<Learner>()> rival_;
  std::vector<Case> cases_;            // of all ranks, by index; where this rank simulates
  std::vector<std::size_t> replaced_;  // indices of those that stand for a proposal
  std::size_t simulated_ = 0;          // of the cases, by all ranks; where this rank trains only: when last it was told
  double worst_ = 0;                   // violation of the invariant
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

std::vector<std::size_t> admit(std::vector<Case>& proposed, std::span<const Case> known, std::size_t count,
                               std::uint64_t seed, const Problem& problem) {
  check(proposed.size() == count, "{}: {} cases were proposed, expected {}", problem.spec().version, proposed.size(),
        count);
  std::vector<std::size_t> replaced;
  for (std::size_t i = 0; i < count; ++i) {
    Case& one = proposed[i];
    const auto is_this = [&](const Case& other) { return same(other, one); };
    const auto here = proposed.begin() + static_cast<std::ptrdiff_t>(i);
    if (!finite(one) || std::any_of(known.begin(), known.end(), is_this) ||
        std::any_of(proposed.begin(), here, is_this)) {
      one = problem.draw(Purpose::training, seed, known.size() + i);
      replaced.push_back(known.size() + i);
    }
    one.purpose = Purpose::training;
    one.index = known.size() + i;
  }
  return replaced;
}

Grown grow(const Stage& stage, const Growing& growing, Handover& handover) {
  return Growth(stage, growing, handover).run();
}

}  // namespace tandem
