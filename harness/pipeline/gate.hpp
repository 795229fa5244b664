// The quality gate (method.md section 4): fresh hold-out cases drawn from the digest of the frozen weights, one Wilks
// plan, the invariant, the rivals' errors for the skill test, and the Problem's own judgement of its answers. This is
// the measuring half: it records errors; the verdicts are derived from the records (result/derive), so that anyone can
// derive them again.
#pragma once

#include <string>
#include <vector>

#include "harness/pipeline/stages.hpp"

namespace tandem {

struct GateModel {
  std::string name;  // "" = the arm's own model, else a rival
  const Model* model;
};

void run_gate(const Stage& stage, const std::vector<GateModel>& models, const std::vector<Answer>& answers,
              std::uint64_t holdout, const std::vector<Slice>& slices);

// The hold-out alone: errors and invariants of the models on the cases of this seed.
void run_holdout(const Stage& stage, const std::vector<GateModel>& models, std::uint64_t holdout,
                 const std::vector<Slice>& slices);

}  // namespace tandem
