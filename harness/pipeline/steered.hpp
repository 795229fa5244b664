// Growing designs (docs/method.md section 4): simulate a round, train fresh weights on all samples so far, judge by the
// Problem's criterion on fresh cases, until it is met or the Problem's last round is over.
//   steered           each round but the first is simulated where the network proposes
//   steered_rival     the same with the Problem's cheap competitor in the network's place
//   fixed_until_gate  each round takes the next points of the fixed design
// All begin with the same samples. In memory every rank simulates, then trains: the same bits again in every run. Over
// a split of the ranks nobody who simulates waits for a training: while it goes on, they simulate what the newest model
// proposes (before there is one: further points of the fixed design), up to the Problem's last number of samples. The
// newest is the model of the training under way once half of its steps are taken, or as soon as it can be asked where
// no other is finished. The next round trains on all that was simulated by then, at least its own number. How much that
// is depends on the machine; a run is known by its records, and ranks that replay them get the same weights bit for
// bit.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/stages.hpp"

namespace tandem {

// What a run over a split left to chance, by its records.
struct Replay {
  std::vector<std::size_t> simulated;  // "round": at the end of each round
  // "early_proposal": steps that a round's model had taken, by the round and the first case that it proposed.
  std::map<std::pair<std::size_t, std::size_t>, std::size_t> early;
};

struct Growing {
  std::string design;
  std::string config_digest;  // enters the seeds of the judging cases
  Split split;                // 0 + 0: in memory
  Replay replay = {};         // in memory
};

struct Grown {
  std::unique_ptr<Learner> learner;  // of the last round, on every rank
  bool met = false;                  // its criterion
};

// Records every round. `handover`: memory, or that of the split. Unsupported if the Problem has no such design.
Grown grow(const Stage& stage, const Growing& growing, Handover& handover);

// What is not finite, or is among `known` or its own predecessors, is replaced by the fixed design's point of the same
// index; purpose and index are set. Returns the indices of those replaced. `count` cases are demanded.
std::vector<std::size_t> admit(std::vector<Case>& proposed, std::span<const Case> known, std::size_t count,
                               std::uint64_t seed, const Problem& problem);

}  // namespace tandem
