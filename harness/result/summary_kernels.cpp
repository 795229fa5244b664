// The summary's table of kernels: figure, share of the measured limit, spread, verification.
#include <algorithm>

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

// The half-width of the 95 % interval over launches; of the interval within the one launch where there is no other.
std::string spread(const Json& kernel) {
  const Json& ci = member(kernel, "ci95");
  const double value = number_or(kernel, "value", 0);
  if (ci.is_array() && value > 0)
    return fmt::format("CI +-{}", format_percent((ci[1].get<double>() - ci[0].get<double>()) / 2 / value));
  const double half = number_or(member(kernel, "statistics"), "half_width", -1);
  return half < 0 ? "-" : "+-" + format_percent(half);
}

std::string of_limit(const Json& kernel) {
  const Json& limit = member(kernel, "of_limit");
  if (!limit.is_object()) return "-";
  return fmt::format("{:>5} {}", format_percent(number_or(limit, "fraction", 0)), text_or_empty(limit, "name"));
}

// The verdict nearest to its limit.
Cell verified(const Json& kernel) {
  double worst = 0;
  for (const Json& verdict : kernel.at("verdicts")) {
    const double value = number_or(verdict, "value", 0), limit = number_or(verdict, "limit", 0);
    if (!verdict.at("pass").get<bool>())
      return {fmt::format("failed: {} {} > {}", text_or_empty(verdict, "check"),
                          verdict.at("value").is_number() ? format_number(value) : "nan", format_number(limit)),
              Style::bad, false, true};
    if (limit > 0) worst = std::max(worst, value / limit);
  }
  if (kernel.at("verdicts").empty()) return {"not verified", Style::bad};
  if (worst == 0) return {"exact"};
  return {worst < 0.01 ? "<0.01 of bound" : fmt::format("{:.2f} of bound", worst)};
}

// A status that asks for attention; its reasons stand at the end of the summary.
Cell note(const Json& kernel) {
  const std::string status = text_or_empty(kernel, "status");
  if (status == "UNOFFICIAL" || status.starts_with("VALID")) return {};
  return {status, status_style(status)};
}

}  // namespace

std::string kernels_summary(const Json& kernels, const Screen& screen) {
  TextTable table;
  table.row({{"kernel", Style::bold},
             {"figure", Style::bold, true},
             {"of limit", Style::bold},
             {"spread", Style::bold, true},
             {"verified", Style::bold},
             {"", Style::bold}});
  for (const Json& kernel : kernels) {
    const Cell title{case_title(kernel)};
    const std::string skipped = text_or_empty(kernel, "skipped");
    if (!skipped.empty()) {
      table.row({title, {"skipped: " + skipped, Style::dim, false, true}});
    } else if (has_no_figure(kernel)) {
      Cell why = verified(kernel);
      if (why.style != Style::bad)
        why.text = kernel.at("reasons").empty() ? "" : text_or_empty(kernel.at("reasons")[0], "reason");
      why.span = true;
      const std::string status = text_or_empty(kernel, "status");
      table.row({title, {status, status_style(status), true}, why});
    } else {
      table.row({title,
                 {format_quantity(kernel.at("value"), text_or_empty(kernel, "unit")), Style::plain, true},
                 {of_limit(kernel)},
                 {spread(kernel), Style::plain, true},
                 verified(kernel),
                 note(kernel)});
    }
  }
  return table.text(screen.width, screen.colour);
}

}  // namespace tandem
