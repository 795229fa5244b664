// K11: the geometric mean over pipelines of reference / own, of the time and, where both are metered at one scope, of
// the energy of the integrated arm (in memory, fixed design, full precision). A part that is missing or has no figure
// means no score.
#pragma once

#include <vector>

#include "harness/decide/evidence.hpp"

namespace tandem {

// {"value", "reason", "status", "launches", "components": [{"name", "reference", "own", "unit", "launches", "ratio",
// "reason"}]}, the status the worst and the launches the fewest of the components; `figure`: "ttis" or
// "energy_to_solution". The components are those of the reference.
// `label` names the own result in reasons.
Json score_of(const std::vector<Evidence>& reference, const std::vector<Evidence>& own, const std::string& figure,
              const std::string& label);

}  // namespace tandem
