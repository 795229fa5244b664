// The noise guard of pipeline launches: readings of this node by the coordinator, before t0 and after t1, so that the
// guard costs the launch nothing.
#pragma once

#include <string>

#include "harness/base/arm_id.hpp"
#include "harness/base/json.hpp"
#include "harness/measure/noise.hpp"

namespace tandem {

// A reading for a launch; its canaries take as many threads as the launch, at most the processors there are, and leave
// none behind.
NoiseReading read_node_noise(const Geometry& launch);

// {"record": "noise", "checks": [{"check", "value", "limit", "unstable", "text"}]} of what one launch can tell: all
// checks but spread and trend. Where a site's launcher starts the ranks (`elsewhere`), their CPU time and their
// processors are not this node's to judge.
Json noise_record(const NoiseReading& before, const NoiseReading& after, bool elsewhere);

}  // namespace tandem
