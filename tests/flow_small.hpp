// The flow pipeline in small (32 x 16 cells, a narrow range of Reynolds numbers: a launch takes about a second), honest
// and with one fault each. The honest one passes its whole gate, so that the fault is what makes the others fail.
#pragma once

#include "pipelines/flow/size.hpp"

namespace tandem::pipelines {

inline constexpr FlowSize flow_small_size = {
    "small", {16, 0.1, 2e-3}, {16, 0.1, 1e-2}, 0.30, {256, 128, 1600, 32}, 4, 19, false, 3, 96, 0.8};

// So few and small that a device of the host's memory simulates them in a second; too few for any skill.
inline constexpr FlowSize flow_tiny_size = {
    "tiny", {12, 0.1, 2e-3}, {12, 0.1, 1e-2}, 0.9, {24, 16, 100, 8}, 4, 19, false, 3, 16, 2};

PipelineEntry flow_small();
PipelineEntry flow_guarded();   // smaller still, with simulate_on
PipelineEntry flow_unsteady();  // flows that are stopped at the first look
PipelineEntry flow_mean();      // the learner predicts the mean of the training fields

}  // namespace tandem::pipelines
