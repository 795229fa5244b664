// The toy pipeline stopped in one of its phases, so that a test can end its worker there.
#pragma once

#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

// In `phase` (simulate, train, hand_over, answer or validate) the worker writes its process id into the file "stalled"
// of the folder that it runs in, and sleeps for ten minutes.
PipelineEntry toy_stall();

}  // namespace tandem::pipelines
