// K7 over the sizes of a problem: where along its cases a split breaks even with in_memory.
#pragma once

#include "harness/base/json.hpp"

namespace tandem {

// For each pipeline and split that ran in several cases which differ in one setting and in what they hand over, on the
// same ranks and threads:
// {"sweep", "points": [{"case", "bytes", "ratio", "ci95"}], "value", "ci95", "text"}. A size is what the case hands
// over, its useful bytes; between sizes ln(ratio) is taken as linear in ln(bytes).
Json size_placements_json(const Json& pipelines);

}  // namespace tandem
