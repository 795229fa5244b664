// What an interrupted run has, and what must be as it was for it to go on.
#pragma once

#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

// Where the machine.json of a run and the one of now differ in program, machine or libraries: "program: tandem 0.1.0
// (1a2b) then, tandem 0.1.0 (3c4d) now". Launches from both sides would not be launches of one case.
std::vector<std::string> changes_since(const Json& then, const Json& now);

// The parts of a run that was interrupted. The times of all parts lie on one axis, on which a part begins where the one
// before ended: the pause between them takes no time. The clock itself may have started anew since (a reboot).
struct Past {
  std::vector<std::string> done;  // ids of launches
  std::string plan;               // its digest; "" = not even that was written
  double end = 0;                 // seconds on the axis
  Json open = nullptr;            // the "part" line of a part that nobody closed (a crash, a power cut)
};
Past past_of(const std::vector<Json>& ledger);

}  // namespace tandem
