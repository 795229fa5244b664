// A published figure beside what a sealed result measured of the same thing, with everything that may differ between
// the two. A ratio never stands alone: it comes with that list, and there is none of figures that only resemble each
// other.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/decide/published.hpp"

namespace tandem {

// The record "tandem-reproduction/1" (results/schema/reproduction-1.schema.json). Every case of the result that
// measures the metric is one entry of "measured"; of an INVALID or FAILED one there is neither figure nor ratio, but
// the reason. `program`: who writes the record. Errors (exit code 2): the result has no such case; nothing measures the
// metric.
Json reproduction_of(const PublishedFigure& figure, const Metric& metric, const Json& document, const std::string& root,
                     const Json& program);

// What may differ between the published figure and `entry`, a kernel or pipeline of the document: a sentence each.
std::vector<std::string> differences_between(const PublishedFigure& figure, const Metric& metric, const Json& entry,
                                             const Json& document);

std::string reproduction_text(const Json& record, std::size_t width, bool colour);  // for a terminal

}  // namespace tandem
