// The summary's table of kernels: figure, share of the measured limit, spread, verification.
#include <algorithm>
#include <set>

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
    return fmt::format("CI +-{}", format_percent((ci.at(1).get<double>() - ci.at(0).get<double>()) / 2 / value));
  const double half = number_or(member(kernel, "statistics"), "half_width", -1);
  return half < 0 ? "-" : "+-" + format_percent(half);
}

std::string of_limit(const Json& kernel) {
  const Json& limit = member(kernel, "of_limit");
  if (!limit.is_object()) return "-";
  return fmt::format("{:>5} {}", format_percent(number_or(limit, "fraction", 0)), text_or_empty(limit, "name"));
}

// The verdict nearest to its limit, as a part of it.
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
  return {worst < 0.01 ? "<0.01" : fmt::format("{:.2f}", worst)};
}

// The speed-up, where the kernel has a rival, and a status that asks for attention; its reasons stand at the end of the
// summary.
Cell note(const Json& kernel) {
  const Json& ratio = member(kernel, "speedup");
  const std::string speedup =
      ratio.is_object() ? fmt::format("{:.2f} x {}", number_or(ratio, "value", 0), text_or_empty(ratio, "over")) : "";
  const std::string status = text_or_empty(kernel, "status");
  if (status == "UNOFFICIAL" || status.starts_with("VALID")) return {speedup};
  return {speedup.empty() ? status : speedup + ", " + status, status_style(status)};
}

// Settings that are left out of the titles of this kernel's cases: those in which they do not differ, where a title
// would be cut and thus lose what tells a row from the next.
std::set<std::string> left_out(const Json& kernels, const Json& kernel, std::size_t room) {
  std::set<std::string> shared;
  for (const auto& [key, value] : kernel.at("settings").items()) shared.insert(key);
  std::size_t cases = 0, longest = 0;
  for (const Json& other : kernels) {
    if (other.at("name") != kernel.at("name")) continue;
    ++cases;
    longest = std::max(longest, case_title(other).size());
    std::erase_if(shared, [&](const std::string& key) {
      return member(other.at("settings"), key) != kernel.at("settings").at(key);
    });
  }
  return cases > 1 && longest > room ? shared : std::set<std::string>();
}

}  // namespace

std::string kernels_summary(const Json& kernels, const Screen& screen) {
  TextTable table;
  table.row({{"kernel", Style::bold},
             {"figure", Style::bold, true},
             {"of limit", Style::bold},
             {"spread", Style::bold, true},
             {"error/bound", Style::bold},
             {"", Style::bold}});
  const std::size_t room = screen.width * 9 / 25;
  for (const Json& kernel : kernels) {
    const Cell title{case_title(kernel, left_out(kernels, kernel, room))};
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
