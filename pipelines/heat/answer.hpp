// The design of modules and their reliability, through a Model alone: the same code for a network and a coarse solver.
#pragma once

#include <functional>

#include "pipelines/heat/problem.hpp"

namespace tandem::pipelines {

// Designs for scenarios: 4 starts each, all in one call of Model::vjp per step, by the method of moving asymptotes
// (Svanberg 1987) under the one constraint peak <= 53 K (heat_peak_limit). Returns the best design of each, as full
// parameters.
std::vector<Case> heat_designs(const Model& model, const HeatMesh& mesh, std::span<const Case> scenarios);

struct HeatReliability {
  double peak = 0, p95 = 0, above = 0;  // K of the nominal design, K, fraction of the samples above 62 K
};

// A sample of the manufactured design: `deviates` are 12 standard normals. Standard deviations: positions 0.1 mm,
// powers 3 %, t_cu 5 %, h 5 %, k_b 5 %; clipped to the parameters' ranges.
Case heat_manufactured(const Case& design, std::span<const double> deviates);

HeatReliability heat_reliability(const Model& model, const HeatMesh& mesh, const Case& design, std::size_t samples,
                                 const std::function<Case(std::size_t)>& deviates);

}  // namespace tandem::pipelines
