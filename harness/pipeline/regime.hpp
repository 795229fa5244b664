// A point of the regime map (docs/method.md, 4.5): the coupling of a pipeline by itself. Its simulation hands samples
// over, through files between two processes or in memory, to a consumer that
//   train    takes the learner's steps,
//   infer    has an untrained network predict each sample's case and measures its error, or
//   monitor  takes mean, root mean square and extremes of every array, each block as it comes.
// No gate judges a point: what it computes must be the same in both arms bit for bit, and the simulation must hold its
// invariant.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "harness/pipeline/arms.hpp"

namespace tandem {

inline constexpr double monitor_flops = 5;  // of one value: sum, square and its sum, smallest, largest

// The settings of a point: the pipeline's own, and
//   fidelity  train | coarse  which simulation makes the samples
//   consumer  train | infer | monitor
//   samples   how many; steps  of training; "auto": as many as the Problem has
// Errors (usage) name the value.
std::vector<Parameter> regime_parameters(const PipelineEntry& entry);
void check_regime(const PipelineEntry& entry, const Settings& settings);

// The pipeline with the samples, steps and fidelity of a point; its version ends in "-regime", it has no rivals.
Pipeline regime_pipeline(const PipelineEntry& entry, const Settings& settings, int threads);
double regime_memory(const PipelineEntry& entry, const Settings& settings);  // bytes that one rank needs

std::unique_ptr<Consumer> make_consumer(const std::string& name);

}  // namespace tandem
