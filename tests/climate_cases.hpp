// The climate pipeline in small, its cases and its training samples, made once.
#pragma once

#include <vector>

#include "pipelines/climate/problem.hpp"
#include "pipelines/climate/simulation.hpp"
#include "tests/small_climate.hpp"

namespace tandem::pipelines {

inline const ClimateProblem& problem() {
  static const ClimateProblem one(small_climate);
  return one;
}

inline std::vector<Case> draw(Purpose purpose, std::uint64_t seed, std::size_t count) {
  std::vector<Case> cases;
  for (std::size_t i = 0; i < count; ++i) cases.push_back(problem().draw(purpose, seed, i));
  return cases;
}

inline const std::vector<Sample>& training() {
  static const std::vector<Sample> all =
      ClimateSimulation(small_climate, 2).simulate(draw(Purpose::training, 1, 48), Fidelity::train);
  return all;
}

inline std::vector<const Sample*> pointers(const std::vector<Sample>& all) {
  std::vector<const Sample*> result;
  result.reserve(all.size());
  for (const Sample& sample : all) result.push_back(&sample);
  return result;
}

}  // namespace tandem::pipelines
