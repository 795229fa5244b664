// A night of a history out of a sealed result.
#pragma once

#include "harness/decide/history.hpp"

namespace tandem {

// `machine`: machine.json; `root`: SHA-256 of the manifest. Figures are those with a cost of their own in each launch
// (harness/decide/evidence.hpp), with the deterministic counts of their case.
Night night_of(const Json& document, const Json& machine, const std::string& root);

}  // namespace tandem
