// The risk pipeline in small (two assets, twelve steps: a launch takes a fraction of a second), honest and with one
// fault each. The honest one passes its whole gate, so that the fault is what makes the others fail.
#pragma once

#include "pipelines/risk/size.hpp"

namespace tandem::pipelines {

inline constexpr RiskSize risk_small_size = {"small",      2,  12,  2,  256,   4096, 512, 0.1, {2048, 512, 1500, 64},
                                             {48, 48, 48}, 20, 400, 40, false, 0.04};

PipelineEntry risk_small();
PipelineEntry risk_drift();  // paths that drift the wrong way
PipelineEntry risk_mean();   // the learner predicts the mean of the training prices

}  // namespace tandem::pipelines
