// A sealed result in the formats of tools that people have. All read the document and nothing else, and none holds a
// figure of a case that is INVALID, FAILED or SKIPPED.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

// Google Benchmark's JSON (--benchmark_format=json, schema version 1), as its tools/compare.py reads it: of kernels and
// of pipelines' arms one entry a launch, with the launch's time in ns, and from two launches on their median. Tandem
// takes no CPU times: "cpu_time" repeats the wall time. A case without figure has "error_occurred" and no times.
std::string feed_gbench(const Json& document, const std::string& root);

// JUnit XML: one test case a check, and one a case for its status: FAILED an error, INVALID a failure.
std::string feed_junit(const Json& document, const std::string& root);

// OpenMetrics 1.0 text: figures by unit (tandem_figure_seconds{fom="..."}), their intervals and launches, checks, the
// status of every case, the run.
std::string feed_openmetrics(const Json& document, const std::string& root);

// RFC 4180: a line a figure of merit, in SI; empty fields are what was not measured, with the reason beside them.
std::string feed_csv(const Json& document, const std::string& root);

}  // namespace tandem
