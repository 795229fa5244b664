// A comparison for people and for scripts; all read the document "tandem-comparison/1" and nothing else.
#pragma once

#include <cstddef>
#include <string>

#include "harness/base/json.hpp"

namespace tandem {

// Verdicts first, then the headline figures, exploratory ratios, what was not compared, scores, and where the results'
// settings differ. Lines of at most `width` characters.
std::string comparison_text(const Json& comparison, bool colour, std::size_t width = 100);

// The same in full as Markdown: values of both sides, and every setting.
std::string comparison_markdown(const Json& comparison);

// TANDEM-COMPARE lines of the headline figures, TANDEM-FOM lines of the scores.
std::string comparison_contract(const Json& comparison);

// What texts and pages say alike.
std::string counts_line(const Json& pair);        // "1 FASTER, 0 SLOWER, ... of 6 headline figures"
std::string family_line(const Json& comparison);  // how the headline was chosen
std::string delta_line(const Json& comparison, const Json& pair);
std::string ratio_text(const Json& row);     // "1.104"
std::string interval_text(const Json& row);  // "[1.09, 1.12]" or "-"
std::string launches_text(const Json& row);  // "10, 12"
std::string verdict_text(const Json& row);   // "SLOWER", "INCONCLUSIVE (3 launches)"
std::string p_text(const Json& value);       // "0.0022", "< 0.0001", "-"

}  // namespace tandem
