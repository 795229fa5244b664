// results/published/metrics.toml: what published figures measure, and the case of Tandem that measures the same.
#pragma once

#include <string_view>
#include <vector>

#include "harness/decide/published.hpp"

namespace tandem {

// Errors (exit code 2) name file, line and the nearest known word.
std::vector<Metric> parse_metrics(std::string_view toml);

}  // namespace tandem
