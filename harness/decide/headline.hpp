// The figures of merit that a comparison decides on, fixed by the plan before anything is measured: at most 20, because
// they share one error of 5 % (docs/method.md, section 6).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

inline constexpr std::size_t most_headlines = 20;

// Names of the figures that a plan.json promises, those of pipelines first (time, then energy), in the plan's order.
std::vector<std::string> promised_figures(const Json& plan);

// Those that the globs of the plan's "headline" choose; without one the first 20. Errors (exit code 2): more than 20.
std::vector<std::string> headline_of(const Json& plan);

// Before anything is measured: the same, and a glob that no figure matches is an error too.
void check_headline(const Json& plan);

}  // namespace tandem
