// The heat pipeline in small (test size: a coarse mesh, so that a launch takes two seconds), honest and with one fault
// each. The honest one passes its whole gate, so that the fault is what makes the others fail.
#pragma once

#include "harness/pipeline/pipeline.hpp"

namespace tandem::pipelines {

PipelineEntry heat_small();
PipelineEntry heat_guarded();         // smaller still, with train_on; trained too briefly for its gate
PipelineEntry heat_broken_weights();  // the weights are corrupted after training
PipelineEntry heat_mean();            // the learner predicts the mean of the training fields
PipelineEntry heat_unconverged();     // the real solver, stopped early
PipelineEntry heat_perturbed();       // one node in a hundred of every simulated field is off by 1 %
PipelineEntry heat_rescaled();        // every predicted field is a tenth too warm
PipelineEntry heat_hot_spot();        // every predicted field is 15 K too warm at its hottest node

}  // namespace tandem::pipelines
