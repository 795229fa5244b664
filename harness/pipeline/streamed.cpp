#include "harness/pipeline/streamed.hpp"

#include <algorithm>
#include <cstdint>
#include <thread>
#include <utility>

#include "harness/base/random.hpp"

namespace tandem {

void Reservoir::add(Sample&& sample) {
  bytes_ += sample.bytes();
  if (samples_.size() < capacity_)
    samples_.push_back(std::move(sample));
  else
    samples_[random_bits(seed_, 3000, came_) % capacity_] = std::move(sample);
  ++came_;
}

std::vector<Pair> Reservoir::draw(std::size_t step, std::size_t count) const {
  std::vector<Pair> pairs;
  for (std::size_t j = 0; j < count && !samples_.empty(); ++j) {
    const std::uint64_t bits = random_bits(seed_, 4000 + step, j);
    const Sample& sample = samples_[bits % samples_.size()];
    pairs.push_back({&sample, (bits >> 40) % sample.pairs});
  }
  return pairs;
}

void simulate_stream(const Stage& stage, Handover& handover, std::size_t block) {
  double worst = 0;
  auto next = static_cast<std::size_t>(stage.ranks.rank());
  while (handover.wanted()) {
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < block; ++i, next += static_cast<std::size_t>(stage.ranks.size()))
      indices.push_back(next);
    worst = std::max(worst, simulate_cases(stage, handover, indices));
  }
  stage.recorder.enter("hand over", State::transition);
  handover.close();
  record_invariant(stage, worst);
}

Trained train_streamed(const Stage& stage, Handover& handover) {
  const Schedule& schedule = stage.pipeline.problem->spec().schedule;
  const auto ranks = static_cast<std::size_t>(stage.ranks.size()), rank = static_cast<std::size_t>(stage.ranks.rank());
  Reservoir reservoir((schedule.samples + ranks - 1 - rank) / ranks, random_bits(stage.seed, 5000, rank));
  const auto take = [&] {
    stage.recorder.enter("hand over", State::transition);
    for (Sample& sample : handover.take()) reservoir.add(std::move(sample));
  };
  const std::size_t first = (schedule.prepare_from + ranks - 1 - rank) / ranks;  // of this rank
  while (reservoir.came() < first) {
    if (!handover.pending()) {
      stage.recorder.enter("wait", State::waiting);
      while (!handover.pending()) std::this_thread::yield();
    }
    take();
  }
  // The basis wants the first samples by their numbers; simulating ranks are not equally fast.
  std::vector<const Sample*> basis;
  for (std::size_t i = 0; i < first; ++i) {
    reservoir.samples()[i].index = i * ranks + rank;
    basis.push_back(&reservoir.samples()[i]);
  }
  stage.recorder.enter("train");
  Trained trained;
  trained.network = stage.pipeline.learner(stage.seed);
  trained.network->prepare(basis, stage.ranks);
  double loss = 0;
  for (std::size_t step = 0; step < schedule.batches; ++step) {
    if (handover.pending()) {
      take();
      stage.recorder.enter("train");
    }
    const std::size_t share = (schedule.batch + ranks - 1 - rank) / ranks;
    loss = trained.network->learn(step, reservoir.draw(step, share), schedule.batch, stage.ranks);
  }
  book_training(stage, *trained.network);
  stage.recorder.enter("hand over", State::transition);
  handover.enough();
  while (handover.open())  // what is still under way has come for nothing; its writer waits for room
    handover.take();
  std::vector<const Sample*> all;
  std::size_t number_of = rank;
  for (Sample& sample : reservoir.samples()) {
    sample.index = number_of;
    number_of += ranks;
    all.push_back(&sample);
  }
  fit_rivals(stage, all, trained);
  stage.recorder.enter("hand over", State::transition);
  stage.recorder.write({{"record", "useful"}, {"bytes", reservoir.bytes()}});
  stage.recorder.write({{"record", "streamed"}, {"samples", reservoir.came()}, {"kept", reservoir.samples().size()}});
  if (stage.ranks.root()) stage.recorder.write({{"record", "loss"}, {"value", number(loss)}});
  return trained;
}

}  // namespace tandem
