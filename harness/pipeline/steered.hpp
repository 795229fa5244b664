// Growing designs (docs/method.md section 4): simulate a round, train fresh weights on all samples so far, judge by the
// Problem's criterion on fresh cases, until it is met or the Problem's last round is over.
//   steered           each round but the first is simulated where the network proposes
//   steered_rival     the same with the Problem's cheap competitor in the network's place
//   fixed_until_gate  each round takes the next points of the fixed design
// All begin with the same samples. In memory every rank simulates, then trains. Over a split of the ranks a round is
// simulated while the one before is trained on, so that it is proposed by a model that is one round older (lag 1).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/pipeline/handover.hpp"
#include "harness/pipeline/stages.hpp"

namespace tandem {

struct Growing {
  std::string design;
  std::string config_digest;  // enters the seeds of the judging cases
  Split split;                // 0 + 0: in memory
  std::size_t lag = 0;        // a split needs 1; the weights depend on the lag and not on the split
};

struct Grown {
  std::unique_ptr<Learner> learner;  // of the last round, on every rank
  bool met = false;                  // its criterion
};

// Records every round. `handover`: memory, or that of the split. Unsupported if the Problem has no such design.
Grown grow(const Stage& stage, const Growing& growing, Handover& handover);

// What is not finite, or is among `known` or its own predecessors, is replaced by the fixed design's point of the same
// index; purpose and index are set. Returns how many were replaced. `count` cases are demanded.
std::size_t admit(std::vector<Case>& proposed, std::span<const Case> known, std::size_t count, std::uint64_t seed,
                  const Problem& problem);

}  // namespace tandem
