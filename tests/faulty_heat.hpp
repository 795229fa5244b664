// The heat pipeline in small (test size: a coarse mesh, few samples), honest and with one fault each. The honest one
// passes its gate, so that a fault is the only reason for the others to fail.
#pragma once

#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

PipelineEntry heat_small();
PipelineEntry heat_broken_weights();  // the weights are corrupted after training
PipelineEntry heat_mean();            // the learner predicts the mean of the training fields
PipelineEntry heat_unconverged();     // the real solver, stopped early
PipelineEntry heat_perturbed();       // one node in a hundred of every simulated field is off by 1 %

}  // namespace tandem::pipelines
