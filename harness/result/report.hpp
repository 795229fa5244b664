// A result document as one self-contained HTML page: it loads nothing, reads without colour, and prints on A4. The
// page draws itself from the embedded document (harness/result/report/*.js); without scripts the plain summary shows.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

// `records`: the result directory as the page sees it (records_beside); "" = the page lies in it.
std::string html_report(const Json& document, const std::string& records = "");

}  // namespace tandem
