// The summary of a precision balance: one small table of cells, and the cheapest that passes in words.
#include <map>

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

std::string mark_of(const Json& balance, std::size_t index) {
  const Json& cell = balance.at("cells")[index];
  if (cell.at("status") == "SKIPPED") return "unsupported";
  if (!cell.at("pass").get<bool>()) return "FAILS";
  std::string mark = cell.at("front").get<bool>() ? "front" : "";
  if (balance.at("cheapest") == index) mark = "cheapest, " + mark;
  return mark;
}

Style style_of(const Json& cell) {
  if (cell.at("status") == "SKIPPED") return Style::dim;
  return !cell.at("pass").get<bool>() ? Style::bad : cell.at("front").get<bool>() ? Style::good : Style::plain;
}

Cell figure(const Json& measured, const char* unit) {
  const Json& value = measured.at("value");
  return {value.is_null() ? "-" : format_quantity(value, unit), Style::plain, true};
}

// What fails or is unsupported, each reason once with the number of its cells.
std::string reasons(const Json& cells, const Screen& screen) {
  std::map<std::string, int> counts;
  for (const Json& cell : cells)
    if (const std::string reason = text_or_empty(cell, "reason"); !reason.empty()) ++counts[reason];
  std::string text;
  for (const auto& [reason, count] : counts)
    text += wrapped(fmt::format("{} cell{}: {}", count, count == 1 ? "" : "s", reason), screen.width, 2);
  return text;
}

}  // namespace

std::string precision_summary(const Json& balance, const Screen& screen) {
  const Json& cells = balance.at("cells");
  const bool metered = !balance.at("energy_to_solution").at("value").is_null();
  std::vector<Cell> head;
  for (const auto& [phase, format] : cells.front().at("precision").items())
    head.push_back({phase == "hand_over" ? "hand over" : phase, Style::bold});
  head.push_back({"time", Style::bold, true});
  if (metered) head.push_back({"energy", Style::bold, true});
  head.push_back({"hold-out error", Style::bold, true});
  head.push_back({""});
  TextTable table;
  table.row(std::move(head));
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::vector<Cell> row;
    for (const auto& [phase, format] : cells[i].at("precision").items()) row.push_back({format.get<std::string>()});
    row.push_back(figure(cells[i].at("ttis"), "s"));
    if (metered) row.push_back(figure(cells[i].at("energy_to_solution"), "J"));
    const Json& error = cells[i].at("error");
    row.push_back({error.is_null() ? "-" : format_percent(error.get<double>(), 3), Style::plain, true});
    row.push_back({mark_of(balance, i), style_of(cells[i])});
    table.row(std::move(row));
  }
  const std::string title =
      fmt::format("precision balance of {}, {}", case_title(balance), arm_words(balance.at("arm")));
  return painted(title, Style::bold, screen.colour) + "\n" + table.text(screen.width, screen.colour) +
         reasons(cells, screen) + wrapped(text_or_empty(balance, "text"), screen.width, 2);
}

bool is_reduced(const Json& document, const Json& pipeline) {
  for (const Json& balance : member(document, "precision_balance"))
    for (const Json& cell : balance.at("cells"))
      if (cell.at("case") == pipeline.at("case") && balance.at("settings") != pipeline.at("settings")) return true;
  return false;
}

}  // namespace tandem
