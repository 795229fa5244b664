#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/decide/comparison_text.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '`' || c == '<' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string line(const std::vector<std::string>& cells) { return fmt::format("| {} |\n", fmt::join(cells, " | ")); }

std::string head(const std::vector<std::string>& titles) {
  return "\n" + line(titles) + line(std::vector<std::string>(titles.size(), "---"));
}

std::string side(const Json& value, const std::string& unit) {
  return format_quantity(value.at("value"), unit) + (value.at("status") == "UNSTABLE" ? " (UNSTABLE)" : "");
}

std::string rows(const Json& pair, const char* list) {
  const bool verdicts = std::string_view(list) == "headline";
  if (pair.at(list).empty()) return verdicts ? "\nNone of the headline figures could be compared.\n" : "\nNone.\n";
  std::vector<std::string> titles = {"figure", pair.at("a"), pair.at("b"), "ratio", "95 % CI", "n"};
  if (verdicts) titles.insert(titles.end(), {"p (Holm)", "verdict"});
  std::string text = head(titles);
  for (const Json& row : pair.at(list)) {
    const std::string unit = row.at("unit"), note = text_or_empty(row, "note");
    const std::string title = escaped(row.at("title").get<std::string>());
    std::vector<std::string> cells = {
        note.starts_with("no verdict") ? fmt::format("{} ({})", title, escaped(note)) : title,
        side(row.at("a"), unit),
        side(row.at("b"), unit),
        ratio_text(row),
        interval_text(row),
        launches_text(row)};
    if (verdicts) {
      cells.push_back(p_text(row.at("p_holm")));
      cells.push_back("**" + escaped(verdict_text(row)) + "**");
    }
    text += line(cells);
  }
  return text;
}

std::string pair_text(const Json& comparison, const Json& pair) {
  const std::string a = pair.at("a"), b = pair.at("b");
  std::string text = fmt::format("\n## {} against {}\n\n**{}**\n\n", b, a, escaped(counts_line(pair)));
  text += fmt::format(
      "A ratio of 1.1 says that {} is 1.1 times as fast as {}, or as frugal with energy (Hodges-Lehmann over launches, "
      "exact Mann-Whitney interval). {} {}\n",
      b, a, delta_line(comparison, pair), family_line(comparison));
  text += rows(pair, "headline") + "\n### Exploratory: no verdict may rest on these\n" + rows(pair, "exploratory");
  if (pair.at("refused").empty()) return text;
  text += "\n### Not compared\n" + head({"figure", "why"});
  for (const Json& one : pair.at("refused"))
    text += line({escaped(one.at("title").get<std::string>()), escaped(one.at("reason").get<std::string>())});
  return text;
}

std::string scores(const Json& comparison) {
  const Json& all = comparison.at("scores");
  std::string text = fmt::format(
      "\n## Score against {}\n\nGeometric mean over pipelines of reference / own; a missing part means no score.\n",
      escaped(all.at("reference").at("folder").get<std::string>()));
  text += head({"result", "of", "score", "parts: reference / own"});
  for (const Json& one : all.at("of")) {
    if (one.at("label") == all.at("reference").at("label")) continue;
    for (const char* what : {"time", "energy"}) {
      const Json& score = one.at(what);
      std::vector<std::string> parts;
      for (const Json& part : score.at("components")) {
        const std::string unit = part.at("unit");
        parts.push_back(fmt::format("{}: {} / {} = {}", escaped(part.at("name").get<std::string>()),
                                    format_quantity(part.at("reference"), unit), format_quantity(part.at("own"), unit),
                                    format_quantity(part.at("ratio"), "1")));
      }
      text += line({one.at("label"), what,
                    score.at("value").is_null() ? "none: " + escaped(score.at("reason").get<std::string>())
                                                : fmt::format("{:.3f}", score.at("value").get<double>()),
                    fmt::format("{}", fmt::join(parts, "; "))});
    }
  }
  return text;
}

std::vector<std::string> with_labels(const Json& comparison, std::vector<std::string> titles) {
  for (const Json& result : comparison.at("results")) titles.push_back(result.at("label"));
  return titles;
}

std::string settings(const Json& comparison) {
  std::string text = "\n## Machines and configurations\n\nWhat differs is in bold.\n";
  text += head(with_labels(comparison, {"", ""}));
  for (const Json& row : comparison.at("settings")) {
    const bool differs = row.at("differs");
    std::vector<std::string> cells = {row.at("group"), escaped(row.at("name").get<std::string>())};
    for (const Json& value : row.at("values")) {
      const std::string shown = escaped(value.get<std::string>());
      cells.push_back(differs ? "**" + shown + "**" : shown);
    }
    text += line(cells);
  }
  return text;
}

std::string figures(const Json& comparison, const char* list, const std::string& title) {
  if (comparison.at(list).empty()) return "";
  std::string text = "\n## " + title + "\n" + head(with_labels(comparison, {"figure"}));
  for (const Json& row : comparison.at(list)) {
    std::vector<std::string> cells = {escaped(row.at("name").get<std::string>())};
    for (const Json& value : row.at("values"))
      cells.push_back(value.is_null() ? "-" : format_quantity(value.at("value"), row.at("unit").get<std::string>()));
    text += line(cells);
  }
  return text;
}

}  // namespace

std::string comparison_markdown(const Json& comparison) {
  std::string text = "# Comparison of results\n";
  text += head({"", "result", "machine", "class", "launches", "status", "root"});
  for (const Json& result : comparison.at("results"))
    text += line({result.at("label"), escaped(result.at("folder").get<std::string>()),
                  escaped(result.at("cpu").get<std::string>()) + ", " + result.at("cores").dump() + " cores",
                  result.at("class"), result.at("launches").dump(), result.at("status"),
                  "`" + result.at("root").get<std::string>().substr(0, 12) + "`"});
  for (const Json& pair : comparison.at("comparisons")) text += pair_text(comparison, pair);
  text += scores(comparison) + settings(comparison);
  text += figures(comparison, "limits", "Limits that the machines showed");
  text += figures(comparison, "figures", "Other figures side by side");
  return text;
}

}  // namespace tandem
