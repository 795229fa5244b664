// A result document as text: the screen that a person reads at the end of a run, and the lines that programs read
// (docs/method.md, section 6). Both read the document and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/json.hpp"

namespace tandem {

// About one screen for a quick run: machine, warnings, limits, kernels, pipelines arm by arm, claims, status. Of an
// INVALID or FAILED case no rate or time is shown.
std::string summary(const Json& document, bool colour, int width);

// The TANDEM-FOM and TANDEM-CHECK lines, one fact a line, the same in any locale.
std::string contract(const Json& document);

// The last line of a run, without a line feed; `root` is the SHA-256 of the manifest, of which 12 digits are shown.
std::string result_line(const Json& document, std::string_view root);

}  // namespace tandem
