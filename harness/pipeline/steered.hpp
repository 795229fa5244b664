// Growing designs (docs/method.md section 4): simulate a round, train fresh weights on all samples so far, judge by the
// Problem's criterion on fresh cases, until it is met or the Problem's last round is over.
//   steered           each round but the first is simulated where the network proposes
//   steered_rival     the same with the Problem's cheap competitor in the network's place
//   fixed_until_gate  each round takes the next points of the fixed design
// All begin with the same samples. Every rank is in one state at a time: simulate, train, propose, validate (phases).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/pipeline/stages.hpp"

namespace tandem {

struct Grown {
  std::unique_ptr<Learner> learner;  // of the last round
  bool met = false;                  // its criterion
};

// Records every round. Unsupported if the Problem has no such design.
Grown grow(const Stage& stage, const std::string& design, const std::string& config_digest);

// What is not finite, or is among `known` or its own predecessors, is replaced by the fixed design's point of the same
// index; purpose and index are set. Returns how many were replaced. `count` cases are demanded.
std::size_t admit(std::vector<Case>& proposed, std::span<const Case> known, std::size_t count, std::uint64_t seed,
                  const Problem& problem);

}  // namespace tandem
