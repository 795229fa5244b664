// A comparison as one self-contained page: verdicts, ratio plots, scores, machines side by side, rooflines over one
// another, arms and figures side by side.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

std::string comparison_page(const Json& comparison);

}  // namespace tandem
