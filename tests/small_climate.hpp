// Climate in small, so that a launch takes part of a second: honest and with one fault each. So few samples do not pass
// the whole gate; the honest one passes every check that the faults fail.
#pragma once

#include "pipelines/climate/size.hpp"

namespace tandem::pipelines {

inline constexpr ClimateSize small_climate = {"small", 32, 24, {24, 24, 8}, 6.0, {48, 24, 200, 32}, 4, 24, 16};

PipelineEntry climate_small();
PipelineEntry climate_mean();    // the learner predicts the mean of the training curves
PipelineEntry climate_faulty();  // every fourth curve is not a number, and the simulation gains energy

}  // namespace tandem::pipelines
