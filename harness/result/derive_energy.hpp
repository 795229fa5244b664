// What a document says of energy beside an arm's K2 and K3; only derive*.cpp include this.
#pragma once

#include "harness/result/derive_arm.hpp"

namespace tandem {

// Adds "energy_level"; of the launch that stands for the arm "energy_scopes" (every scope that was metered, never added
// up) and "energy_by_phase"; and "energy_modelled" where the plan declares a power model.
void add_energy(const Records& records, const Arm& arm, const Judged& middle, Json& json);

// {"joules", "from_time", "from_power", "watts_separated", "watts_integrated", "pairs", "reason"}: E_B - E_I of the
// means over the blocks in which both arms pass and are metered. `unmetered`: why there is none, or "".
Json saving_split_json(const Part& part, const std::string& unmetered);

// [{"when", "seconds", "watts", "error", "scope", "reason"}], error in watts; empty where nothing was metered.
Json idle_power_json(const Records& records);

}  // namespace tandem
