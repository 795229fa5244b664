// The terminal's view of a reproduction: both figures, then what may differ, then where it comes from.
#include <fmt/format.h>

#include "harness/decide/reproduction.hpp"
#include "harness/result/format.hpp"
#include "harness/result/text_table.hpp"

namespace tandem {
namespace {

std::string figure_text(const Json& one, const std::string& unit) {
  std::string text = format_quantity(one.at("value"), unit);
  if (const Json& ci = one.at("ci95"); ci.is_array())
    text += fmt::format(", CI95 [{}, {}]", format_quantity(ci.at(0), unit), format_quantity(ci.at(1), unit));
  const int launches = one.at("launches");
  return text + fmt::format(", {} launch{}{}", launches, launches == 1 ? "" : "es",
                            one.at("ci95").is_null() ? " (no interval below 6)" : "");
}

std::string ratio_text(const Json& one, const std::string& unit) {
  const double ratio = one.at("ratio").at("value");
  const std::string times = ratio < 0.01 ? fmt::format("{:.2e}", ratio) : format_number(ratio);
  std::string text = fmt::format("{} of the published {}", times, unit == "s" ? "time" : "figure");
  if (const Json& cores = one.at("per_core"); cores.is_object()) {
    text += fmt::format("; per core {} here", format_quantity(cores.at("measured"), unit));
    if (cores.at("published").is_number())
      text += fmt::format(", {} published", format_quantity(cores.at("published"), unit));
  }
  return text;
}

std::string measured_text(const Json& one, const std::string& unit, std::size_t width, bool colour) {
  const std::string status = one.at("status");
  const bool none = !one.at("value").is_number();
  const Style style = none ? Style::bad : status.starts_with("VALID") ? Style::good : Style::warn;
  std::string text = wrapped("measured   " + one.at("case").get<std::string>(), width, 11);
  if (none) {
    text += wrapped(fmt::format("           {}, no figure: {}", status, text_or_empty(one, "reason")), width, 11);
  } else {
    text += wrapped("           " + figure_text(one, unit), width, 11);
    if (one.at("ratio").at("value").is_number())
      text += wrapped("           = " + ratio_text(one, unit), width, 11);
    else
      text += wrapped("           no ratio: " + text_or_empty(one.at("ratio"), "reason"), width, 11);
  }
  text += "           " + painted(status, style, colour) + "\nwhat may differ\n";
  for (const Json& difference : one.at("differs")) text += wrapped("  - " + difference.get<std::string>(), width, 4);
  return text;
}

}  // namespace

std::string reproduction_text(const Json& record, std::size_t width, bool colour) {
  const Json& published = record.at("published");
  const std::string unit = published.at("si_unit");
  std::string text =
      wrapped(fmt::format("published  {}, {}: {} ({}){}", text_or_empty(published, "system"),
                          text_or_empty(published, "title"), text_or_empty(published, "text"),
                          text_or_empty(published, "date"), published.at("verified").get<bool>() ? "" : ", UNVERIFIED"),
              width, 11);
  for (const Json& one : record.at("measured")) text += measured_text(one, unit, width, colour);
  const std::string source = text_or_empty(published, "source"), note = text_or_empty(published, "note");
  text += wrapped("source     " + (source.empty() ? "none" : source), width, 11);
  if (!note.empty()) text += wrapped("note       " + note, width, 11);
  const Json& result = record.at("result");
  return text + wrapped(fmt::format("result     root {}, config {}, {}", text_or_empty(result, "root").substr(0, 12),
                                    text_or_empty(result, "config").substr(0, 12), text_or_empty(result, "cpu")),
                        width, 11);
}

}  // namespace tandem
