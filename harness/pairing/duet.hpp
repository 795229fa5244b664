// Two groups of ranks of one job on disjoint cores of one host: the lower half of the ranks is side 0, the upper half
// side 1. Nobody spins while a window is open: who has no part in it sleeps until its end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/measure/recorder.hpp"
#include "harness/pairing/activity.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// Sleeps until shortly before `seconds` of the steady clock and spins for the rest, for a sleeper wakes late.
void wait_until(double seconds);

class Duet {
 public:
  // Pins every rank to `threads` cores of its own. Unsupported where the ranks are odd, on several hosts, or more than
  // the cores.
  Duet(const Ranks& world, int threads);

  int side() const { return side_; }
  bool leads() const { return group_->root(); }  // its side's first rank: it writes the records of the side
  const Ranks& group() const { return *group_; }
  const Ranks& world() const { return world_; }

  // A moment a little ahead, the same for all ranks. Collective.
  double begin_window() const;
  // What side 0's first rank found, on every rank. Collective.
  double agreed(double value) const;
  // Why some rank cannot go on, on every rank: the reason of the first that has one, "" where none has. Collective.
  std::string reason_of_any(const std::string& mine) const;
  // One verdict: the processors that both sides may use, now. Collective. And what each rank may use, into its records.
  Verdict apart(Recorder& recorder) const;

 private:
  const Ranks& world_;
  int side_;
  std::unique_ptr<Ranks> group_;
};

// Ends of the samples of an activity, in seconds after the window's begin; a sample is `batch` steps.
struct Beats {
  std::size_t batch = 1;
  std::vector<double> ends;  // the slowest rank's of the group
};

// Steps that one sample needs to last a millisecond; collective over the group.
std::size_t batch_of(Activity& activity, const Ranks& group);
// Runs samples from `begin` on while go_on(now) holds on the group's first rank, at least one. Collective over it.
Beats beat(Activity& activity, std::size_t batch, double begin, const std::function<bool(double)>& go_on,
           const Ranks& group);

}  // namespace tandem
