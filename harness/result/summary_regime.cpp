// The summary of the regime map: a line a point, where S_c passes its levels, and what that says of the claim.
#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

Cell number_cell(const Json& figure, const char* shape) {
  const Json& value = member(figure, "value");
  return {value.is_number() ? fmt::format(fmt::runtime(shape), value.get<double>()) : "-", Style::plain, true};
}

Cell interval_cell(const Json& figure) {
  const Json& ci = member(figure, "ci95");
  return {ci.is_array() ? fmt::format("[{:.2f}, {:.2f}]", ci.at(0).get<double>(), ci.at(1).get<double>()) : "",
          Style::plain, true};
}

std::string point_title(const Json& point) {
  Json named = point;
  named["name"] = text_or_empty(point, "pipeline");
  std::set<std::string> usual;
  if (text_or_empty(point.at("settings"), "fidelity") == "train") usual.insert("fidelity");
  return case_title(named, usual);
}

void point_row(TextTable& table, const Json& point) {
  const std::string status = text_or_empty(point, "status");
  const bool told = has_no_figure(point) || status == "UNSTABLE" || status == "SKIPPED";
  const Json& rate = member(member(point, "simulated_byte_rate"), "value");
  table.row({{point_title(point)},
             number_cell(point.at("flops_per_byte"), "{:.3g}"),
             {rate.is_number() ? format_quantity(rate, "B/s") : "-", Style::plain, true},
             number_cell(point.at("speedup"), "{:.2f}"),
             interval_cell(point.at("speedup")),
             number_cell(point.at("speedup_without_startup"), "{:.2f}"),
             {told ? status : "", status_style(status)}});
}

}  // namespace

std::string regime_summary(const Json& map, const Screen& screen) {
  TextTable table;
  table.row({{"regime map", Style::bold},
             {"flop/B", Style::bold, true},
             {"simulated", Style::bold, true},
             {"S_c", Style::bold, true},
             {"CI95", Style::bold, true},
             {"no start-up", Style::bold, true},
             {"", Style::bold}});
  for (const Json& point : map.at("points")) point_row(table, point);
  std::string text = table.text(screen.width, screen.colour);
  text += wrapped(text_or_empty(map, "text"), screen.width, 2);
  for (const Json& sweep : map.at("sweeps")) text += wrapped(text_or_empty(sweep, "text"), screen.width, 2);
  return text + wrapped(text_or_empty(map.at("claim"), "text"), screen.width, 2);
}

}  // namespace tandem
