// The flow pipeline's network and its rivals: reduced models of velocities and forces.
#pragma once

#include "pipelines/flow/size.hpp"
#include "pipelines/reduced/learner.hpp"
#include "pipelines/reduced/rivals.hpp"

namespace tandem::pipelines {

// Inputs: the 9 parameters on -1..1 of their ranges, and what a designer would look at: heights of the first element's
// trailing edge and of the second one's leading edge, the gap between them and its height. Fields are not scaled;
// outside the domain the scale is NaN, and so is what a model predicts. Errors are relative to the deviation from the
// empty duct.
std::shared_ptr<const FieldMap> flow_map(const FlowSize& size);

std::unique_ptr<Learner> make_flow_learner(const FlowSize& size, std::uint64_t seed, const std::string& device = "cpu");
std::vector<Rival> flow_rivals(const FlowSize& size);

// ||(u, v) - (u, v) of the empty duct|| over the cells.
double flow_deviation(const FlowMesh& mesh, std::span<const float> outputs);

}  // namespace tandem::pipelines
