// Energies of launches from the meters' readings in power.csv, so that they follow from the record like all else.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/meter/energy_recorder.hpp"

namespace tandem {

// One part of a run (it has several when it was interrupted): between two parts the counters may have started anew.
struct PowerPart {
  double begin = 0;                 // seconds on the ledger's axis of time
  std::size_t nodes = 1;            // whose meters these are
  std::vector<EnergyTrace> traces;  // of the meters that this part's line in the ledger describes
};

// `parts`: the ledger's lines of kind "part". Rows of no part or of a meter that its part does not name are left out;
// a row that is none is an Error(Exit::invalid).
std::vector<PowerPart> read_power(const std::filesystem::path& csv, const std::vector<Json>& parts);

// The part that something which began at `begin` belongs to; nullptr: there is none.
const PowerPart* part_of(const std::vector<PowerPart>& parts, double begin);

// Levels of docs/method.md section 5: "E0" unmetered (no scope), "E2" components, "E3" whole node, "E4" with network.
std::string energy_level(const std::string& scope);

// The "energy" of a launch, {"joules", "error", "scope", "reason"}, by the readings. A launch that had none while it
// ran keeps its reason; one whose readings are missing now is null with that reason. Readings that give another energy
// than the ledger's are a problem.
Json energy_of_launch(const Json& launch, const std::vector<PowerPart>& parts, std::vector<std::string>& problems);

}  // namespace tandem
