// The summary of a pairing: the transition's curve, the interference matrix, the latencies of serving.
#include <algorithm>

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

std::string value(const Json& figure) { return format_measured(figure, text_or_empty(figure, "unit")); }

std::string ratio(const Json& figure) {
  const Json& value = member(figure, "value");
  return value.is_number() ? fmt::format("{:.2f}", value.get<double>()) : "-";
}

void change_row(TextTable& table, const std::string& label, const Json& way) {
  const std::string steps = format_number(number_or(way, "warm_up_steps", 0));
  table.row({{label},
             {"latency " + value(way.at("latency"))},
             {fmt::format("warm-up {} in {}{} steps", value(way.at("warm_up")),
                          way.at("settled").get<bool>() ? "the first " : "more than ", steps)}});
}

std::string transition(const Json& pairing, const Screen& screen) {
  const Json& found = pairing.at("transition");
  const std::string from = pairing.at("activities")[0], to = pairing.at("activities")[1];
  TextTable table;
  change_row(table, from + " -> " + to, found.at("forth"));
  change_row(table, to + " -> " + from, found.at("back"));
  TextTable curve;
  std::vector<Cell> periods = {{"period"}}, efficiencies = {{"efficiency"}};
  for (const Json& point : found.at("curve")) {
    periods.push_back({format_quantity(point.at("period"), "s"), Style::plain, true});
    efficiencies.push_back({format_percent(number_or(point, "efficiency", 0)), Style::plain, true});
  }
  curve.row(periods);
  curve.row(efficiencies);
  return table.text(screen.width, screen.colour) + curve.text(screen.width, screen.colour) +
         wrapped("half-efficiency period: " + value(found.at("half_efficiency_period")), screen.width, 2);
}

std::string interference(const Json& pairing, const Screen& screen) {
  const Json &names = pairing.at("activities"), &found = pairing.at("interference");
  TextTable table;
  std::vector<Cell> head = {{"slowdown of / beside", Style::bold}};
  for (std::size_t j = 0; j < names.size(); ++j) head.push_back({fmt::format("{}", j + 1), Style::bold, true});
  table.row(head);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::vector<Cell> row = {{fmt::format("{} {}", i + 1, names[i].get<std::string>())}};
    for (const Json& cell : found.at("slowdown")[i]) row.push_back({ratio(cell), Style::plain, true});
    table.row(row);
  }
  std::string text = table.text(screen.width, screen.colour);
  std::vector<std::string> turns;
  std::size_t known = 0;
  for (const Json& pair : found.at("pairs")) {
    if (pair.at("value").is_number()) ++known;
    if (pair.at("better") == "in turns")
      turns.push_back(
          fmt::format("{} with {} ({})", text_or_empty(pair, "first"), text_or_empty(pair, "second"), ratio(pair)));
  }
  text += wrapped(fmt::format("side by side beats taking turns (1/M_ij + 1/M_ji > 1) in {} of {} pairs{}{}",
                              known - turns.size(), known, turns.empty() ? "" : "; not so: ", fmt::join(turns, ", ")),
                  screen.width, 2);
  return text;
}

std::string serving(const Json& pairing, const Screen& screen) {
  const Json& found = pairing.at("serving");
  std::string text = fmt::format("capacity {} requests\n", value(found.at("capacity")));
  TextTable table;
  table.row({{"load", Style::bold, true},
             {"p50", Style::bold, true},
             {"p95", Style::bold, true},
             {"p99", Style::bold, true},
             {"p99 alone", Style::bold, true},
             {"neighbour slower by", Style::bold, true},
             {"", Style::bold}});
  for (const Json& point : found.at("loads")) {
    const Json &beside = point.at("beside"), &alone = point.at("alone");
    const auto cell = [](const Json& side, const char* key) -> Cell {
      const Json& figure = member(side, key);
      return {figure.is_object() && figure.at("value").is_number() ? value(figure) : "-", Style::plain, true};
    };
    const bool behind = beside.is_object() && beside.at("keeps_up") == false;
    table.row({{format_number(number_or(point, "load", 0)), Style::plain, true},
               cell(beside, "p50"),
               cell(beside, "p95"),
               cell(beside, "p99"),
               cell(alone, "p99"),
               {ratio(point.at("slowdown")), Style::plain, true},
               {behind ? "falls behind" : "", Style::warn}});
  }
  return text + table.text(screen.width, screen.colour);
}

}  // namespace

std::string pairing_summary(const Json& pairing, const Screen& screen) {
  const std::string name = text_or_empty(pairing, "name"), status = text_or_empty(pairing, "status");
  const std::string skipped = text_or_empty(pairing, "skipped");
  std::string text =
      fmt::format("{}   {}\n", painted(clipped(case_title(pairing), screen.width - 15), Style::bold, screen.colour),
                  painted(status, status_style(status), screen.colour));
  if (!skipped.empty()) return text + wrapped("skipped: " + skipped, screen.width, 2);
  if (has_no_figure(pairing)) {
    for (const Json& reason : pairing.at("reasons"))
      if (text_or_empty(reason, "status") == status) text += wrapped(text_or_empty(reason, "reason"), screen.width, 2);
    return text;
  }
  if (name == "transition") return text + transition(pairing, screen);
  return text + (name == "serving" ? serving(pairing, screen) : interference(pairing, screen));
}

}  // namespace tandem
