// Derives the result document from a directory's records: every verdict, statistic, KPI and status, by the rules of
// docs/method.md. Pure: the same records give the same document, so `verify` derives again and compares.
#pragma once

#include <string>
#include <vector>

#include "harness/result/records.hpp"

namespace tandem {

Json derive(const Records& records);

// Kernel cases (index into the plan's cases) whose rate lies above 1.05 of their limit and were not measured again yet,
// or not to the end.
std::vector<std::size_t> above_limit(const Records& records, const Json& document);

// The Chrome trace of the pipelines' first launches (chrome://tracing, Perfetto).
Json chrome_trace(const Json& document);

}  // namespace tandem
