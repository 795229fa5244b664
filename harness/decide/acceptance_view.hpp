// The record of a verdict (schema tandem-acceptance/1) for people and for programs. All read the record and nothing
// else.
#pragma once

#include <string>

#include "harness/base/json.hpp"
#include "harness/decide/junit.hpp"

namespace tandem {

// The verdict first, then why, what was required, each criterion, and the evidence.
std::string acceptance_text(const Json& record, bool colour, int width);

// TANDEM-CHECK lines of requirements and criteria, then the TANDEM-ACCEPT line (docs/method.md, section 6).
std::string acceptance_lines(const Json& record);

// A case for each requirement and criterion. What is undecided is an error; what is soft is skipped and never fails.
JunitSuite acceptance_junit(const Json& record);

// To print and sign: lines for both signatures, root and digests on it.
// `records`: the result directory as the page sees it (records_beside).
std::string acceptance_page(const Json& record, const std::string& records = "");

}  // namespace tandem
