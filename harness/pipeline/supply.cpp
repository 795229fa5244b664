#include "harness/pipeline/supply.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem {

Supply::Supply(Handover& handover, const Ranks& training, std::size_t samples, Recorder& recorder)
    : handover_(handover),
      next_(static_cast<std::size_t>(training.rank())),
      step_(static_cast<std::size_t>(training.size())),
      recorder_(recorder),
      by_index_(samples, nullptr) {}

bool Supply::has(std::size_t ready) {
  while (next_ < by_index_.size() && by_index_[next_] != nullptr) next_ += step_;
  return next_ >= std::min(ready, by_index_.size());
}

void Supply::take() {
  recorder_.enter("hand over", State::transition);
  for (Sample& sample : handover_.take()) {
    const std::size_t index = sample.index;
    check(index < by_index_.size(), "sample {} was handed over, the schedule has {}", index, by_index_.size());
    samples_.push_back(std::move(sample));
    by_index_[index] = &samples_.back();
  }
}

void Supply::wait_and_take() {
  if (!handover_.pending()) {
    recorder_.enter("wait", State::waiting);
    while (!handover_.pending()) std::this_thread::yield();
  }
  take();
}

void Supply::need(std::size_t ready, const std::string& phase) {
  bool left = false;
  if (!has(by_index_.size()) && handover_.pending()) {
    take();
    left = true;
  }
  while (!has(ready)) {
    check(handover_.pending() || handover_.open(), "sample {} was not handed over: the simulating side left it out",
          next_);
    wait_and_take();
    left = true;
  }
  if (left || phase != phase_) recorder_.enter(phase);
  phase_ = phase;
}

void Supply::drain() {
  while (handover_.open()) wait_and_take();
  phase_.clear();
}

std::vector<const Sample*> Supply::below(std::size_t index) const {
  std::vector<const Sample*> found;
  for (std::size_t i = 0; i < std::min(index, by_index_.size()); ++i)
    if (by_index_[i] != nullptr) found.push_back(by_index_[i]);
  return found;
}

std::size_t Supply::bytes() const {
  std::size_t sum = 0;
  for (const Sample& sample : samples_) sum += sample.bytes();
  return sum;
}

std::size_t Supply::pairs() const { return samples_.empty() ? 1 : samples_.front().pairs; }

}  // namespace tandem
