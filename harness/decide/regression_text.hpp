// A judged history (harness/decide/regression.hpp) as text: verdict first, then each alarm with its evidence, then the
// series; and the lines that programs read.
#pragma once

#include <string>

#include "harness/base/json.hpp"

namespace tandem {

std::string regression_text(const Json& document, bool colour, int width = 100);

// TANDEM-ALARM, one line each, and TANDEM-REGRESS (docs/method.md, section 6).
std::string regression_contract(const Json& document);

}  // namespace tandem
