// A comparison as one self-contained page: verdicts, ratio plots, scores, machines side by side, rooflines over one
// another, arms and figures side by side.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

// `records`: the directory of each result as the page sees it (records_beside); none: no links to records.
std::string comparison_page(const Json& comparison, const std::vector<std::string>& records = {});

}  // namespace tandem
