// Energy by phase. A meter counts a node, not a phase: joules belong to a phase only while it is alone, that is while
// every slot is in it. What slots did at the same time in different states is not divided among them by any key.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/meter/energy_recorder.hpp"
#include "harness/result/kpi.hpp"

namespace tandem {

struct Span {
  double begin = 0, end = 0;
};

// When all `slots` are in the phase `name` at once, in order, touching spans joined. `closed`: of close_gaps, so that a
// slot is in one state at a time.
std::vector<Span> alone(const std::vector<Stay>& closed, int slots, const std::string& name);

struct PhaseEnergy {
  std::string name;
  double seconds = 0;            // in the phase, mean over slots
  double alone = 0;              // of these, with every slot in it; `joules` are those of this time
  std::optional<double> joules;  // nothing: `reason` says why
  double error = 0;              // joules, of all edges
  std::string reason;
};

// One entry a phase, in order of first appearance. `t0`: what to add to a stay's begin to be on the traces' axis of
// time. A phase with a span below the meter's resolution has no joules: a part of it would be called the whole.
std::vector<PhaseEnergy> energy_by_phase(const std::vector<Stay>& closed, int slots,
                                         std::span<const EnergyTrace> traces, const std::string& scope, double t0);

}  // namespace tandem
