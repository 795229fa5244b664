// The training side of a handover: the samples that lie on this rank, as they come. train() asks for those of a step
// before it takes the step; waiting for them and taking them are states of their own.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "harness/measure/recorder.hpp"
#include "harness/pipeline/handover.hpp"

namespace tandem {

class Supply {
 public:
  // `samples`: of the schedule, over all ranks that train.
  Supply(Handover& handover, const Ranks& training, std::size_t samples, Recorder& recorder);

  // On return this rank's samples below `ready` are here and its state is `phase` again. Takes what else has come.
  void need(std::size_t ready, const std::string& phase);
  // Takes what still comes until the simulating side has closed, so that no queue holds it up.
  void drain();

  const std::vector<const Sample*>& by_index() const { return by_index_; }  // nullptr: of another rank, or to come
  std::vector<const Sample*> below(std::size_t index) const;                // of this rank, in order
  std::size_t bytes() const;
  std::size_t pairs() const;  // a sample, 1 if this rank has none

 private:
  bool has(std::size_t ready);
  void take();
  void wait_and_take();

  Handover& handover_;
  std::size_t next_, step_;  // the first sample of this rank that is missing; its samples lie `step_` apart
  Recorder& recorder_;
  std::string phase_;
  std::deque<Sample> samples_;  // addresses stay
  std::vector<const Sample*> by_index_;
};

}  // namespace tandem
