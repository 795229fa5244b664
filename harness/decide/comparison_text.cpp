#include "harness/decide/comparison_text.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/check.hpp"
#include "harness/decide/finding.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/result/format.hpp"
#include "harness/result/summary.hpp"
#include "harness/result/text_table.hpp"

namespace tandem {

std::string counts_line(const Json& pair) {
  std::vector<std::string> parts;
  for (const auto& [word, count] : pair.at("counts").items()) parts.push_back(fmt::format("{} {}", count.dump(), word));
  const std::size_t all = pair.at("headline").size();
  return fmt::format("{} of {} headline figure{}", fmt::join(parts, ", "), all, all == 1 ? "" : "s");
}

std::string family_line(const Json& comparison) {
  const Json& headline = comparison.at("headline");
  return headline.at("named").get<bool>()
             ? "Headline: the figures that A's plan names."
             : "Headline: the first 20 figures of A's plan, pipelines before kernels; it names none itself.";
}

namespace {

// The largest of the rows' shifts that the noise guard would speak of.
std::string shift_words(const Json& pair) {
  double slower = 0, faster = 0;
  for (const Json& row : pair.at("headline")) {
    const Json& shift = member(row, "machine_shift");  // comparisons of before it was told have none
    if (shift.is_null()) continue;
    slower = std::min(slower, shift.at(0).get<double>());
    faster = std::max(faster, shift.at(1).get<double>());
  }
  std::string words;
  const auto add = [&](double change, const char* word) {
    if (std::abs(change) <= kShiftTold) return;
    words += fmt::format("{}{:.1f} % {}", words.empty() ? "" : " and ", 100 * std::abs(std::expm1(change)), word);
  };
  add(faster, "faster");
  add(slower, "slower");
  if (words.empty()) return "";
  return fmt::format(" The machine itself, by its canaries, was up to {} in {}: that is not {}'s doing.", words,
                     pair.at("b").get<std::string>(), pair.at("b").get<std::string>());
}

}  // namespace

std::string delta_line(const Json& comparison, const Json& pair) {
  const auto percent = [&](const char* kind) { return 100 * std::expm1(pair.at("delta").at(kind).get<double>()); };
  std::string missing;
  for (const Json& result : comparison.at("results"))
    if (result.at("aa").is_null() && (result.at("label") == pair.at("a") || result.at("label") == pair.at("b")))
      missing += (missing.empty() ? "" : ", ") + result.at("label").get<std::string>();
  return fmt::format("Differences below {:.1f} % (kernels) and {:.1f} % (pipelines) decide nothing{}.{}",
                     percent("kernel"), percent("pipeline"),
                     missing.empty()
                         ? ""
                         : fmt::format("; what {} differs from itself is not known: --aa FILE, by tandem aa", missing),
                     shift_words(pair));
}

std::string ratio_text(const Json& row) { return fmt::format("{:.3f}", row.at("ratio").get<double>()); }

std::string interval_text(const Json& row) {
  const Json& ci = row.at("ci95");
  return ci.is_null() ? "-" : fmt::format("[{:.3f}, {:.3f}]", ci.at(0).get<double>(), ci.at(1).get<double>());
}

std::string launches_text(const Json& row) {
  return fmt::format("{}, {}", row.at("a").at("launches").dump(), row.at("b").at("launches").dump());
}

std::string verdict_text(const Json& row) {
  const auto launches =
      std::min(row.at("a").at("launches").get<std::size_t>(), row.at("b").at("launches").get<std::size_t>());
  std::string verdict = row.at("verdict");
  if (launches >= least_launches) return verdict;
  return fmt::format("{} ({} launch{})", verdict, launches, launches == 1 ? "" : "es");
}

std::string p_text(const Json& value) {
  if (!value.is_number()) return "-";
  const double p = value;
  return p < 1e-4 ? "< 0.0001" : fmt::format("{:.4f}", p);
}

namespace {

struct Screen {
  std::size_t width;
  bool colour;
};

Style style_of(const std::string& verdict) {
  if (verdict == "FASTER") return Style::good;
  if (verdict == "SLOWER") return Style::bad;
  return verdict == "INCONCLUSIVE" ? Style::warn : Style::plain;
}

Cell head(const char* text, bool right = false) { return {text, Style::bold, right}; }
Cell right(const std::string& text) { return {text, Style::plain, true}; }

// Of the figures on each side, how many a noise guard marked.
std::string unstable_line(const Json& pair, const Screen& screen) {
  const Json& rows = pair.at("headline");
  const auto unstable = [&](const char* side) {
    return std::count_if(rows.begin(), rows.end(),
                         [&](const Json& row) { return row.at(side).at("status") == "UNSTABLE"; });
  };
  if (unstable("a") + unstable("b") == 0) return "";
  return wrapped(
      fmt::format("UNSTABLE by a noise guard, as their reports say: {} of these figures in {}, {} in {}", unstable("a"),
                  pair.at("a").get<std::string>(), unstable("b"), pair.at("b").get<std::string>()),
      screen.width, 2);
}

std::string headline_table(const Json& pair, const Screen& screen) {
  if (pair.at("headline").empty()) return "";
  TextTable table;
  table.row({head("headline figure"), head("ratio", true), head("95 % CI", true), head("n", true),
             head("p (Holm)", true), head("verdict")});
  for (const Json& row : pair.at("headline")) {
    const std::string verdict = row.at("verdict");
    table.row({{row.at("title")},
               right(ratio_text(row)),
               right(interval_text(row)),
               right(launches_text(row)),
               right(p_text(row.at("p_holm"))),
               {verdict_text(row), style_of(verdict)}});
  }
  return "\n" + table.text(screen.width, screen.colour) + unstable_line(pair, screen);
}

std::string exploratory_table(const Json& pair, const Screen& screen) {
  if (pair.at("exploratory").empty()) return "";
  TextTable table;
  table.row({head("exploratory, no verdict"), head(pair.at("a").get<std::string>().c_str(), true),
             head(pair.at("b").get<std::string>().c_str(), true), head("ratio", true), head("95 % CI", true),
             head("n", true)});
  for (const Json& row : pair.at("exploratory")) {
    const std::string unit = row.at("unit");
    table.row({{row.at("title")},
               right(format_quantity(row.at("a").at("value"), unit)),
               right(format_quantity(row.at("b").at("value"), unit)),
               right(ratio_text(row)),
               right(interval_text(row)),
               right(launches_text(row))});
  }
  return "\n" + table.text(screen.width, screen.colour);
}

// Reasons, each with the figures that it holds for.
std::string refused_list(const Json& pair, const Screen& screen) {
  std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
  for (const Json& one : pair.at("refused")) {
    const std::string reason = one.at("reason");
    auto known = reasons.begin();
    while (known != reasons.end() && known->first != reason) ++known;
    if (known == reasons.end()) known = reasons.insert(reasons.end(), {reason, {}});
    known->second.push_back(one.at("title"));
  }
  std::string text = reasons.empty() ? "" : "\n" + painted("not compared", Style::bold, screen.colour) + "\n";
  for (const auto& [reason, titles] : reasons) {
    constexpr std::size_t kShown = 4;
    const std::vector<std::string> shown(titles.begin(),
                                         titles.begin() + static_cast<std::ptrdiff_t>(std::min(kShown, titles.size())));
    const std::string more = titles.size() > kShown ? fmt::format("; and {} more", titles.size() - kShown) : "";
    text += wrapped(fmt::format("  {}: {}{}", reason, fmt::join(shown, "; "), more), screen.width, 4);
  }
  return text;
}

std::string scores(const Json& comparison, const Screen& screen) {
  const Json& reference = comparison.at("scores").at("reference");
  std::string text;
  for (const Json& one : comparison.at("scores").at("of")) {
    if (one.at("label") == reference.at("label")) continue;
    for (const char* what : {"time", "energy"}) {
      const Json& score = one.at(what);
      std::string line = fmt::format("score of {} against {}, {}: ", one.at("label").get<std::string>(),
                                     reference.at("folder").get<std::string>(), what);
      if (score.at("value").is_null()) {
        text += wrapped(line + "none: " + score.at("reason").get<std::string>(), screen.width, 2);
        continue;
      }
      line += fmt::format("{:.3f} = geometric mean of", score.at("value").get<double>());
      for (const Json& part : score.at("components"))
        line += fmt::format(" {:.3f} ({} / {})", part.at("ratio").get<double>(),
                            format_quantity(part.at("reference"), part.at("unit").get<std::string>()),
                            format_quantity(part.at("own"), part.at("unit").get<std::string>()));
      text += wrapped(line, screen.width, 2);
    }
  }
  return "\n" + text;
}

std::string settings_table(const Json& comparison, const Screen& screen) {
  TextTable table;
  std::vector<Cell> title = {head("where they differ")};
  for (const Json& result : comparison.at("results"))
    title.push_back(head(result.at("label").get<std::string>().c_str()));
  table.row(title);
  std::size_t same = 0, shown = 0;
  for (const Json& row : comparison.at("settings")) {
    if (!row.at("differs").get<bool>()) {
      ++same;
      continue;
    }
    std::vector<Cell> cells = {{row.at("name").get<std::string>()}};
    for (const Json& value : row.at("values")) cells.push_back({value.get<std::string>()});
    table.row(cells);
    ++shown;
  }
  return fmt::format("\n{}{} settings of machine, libraries, environment, program and plan are the same\n",
                     shown == 0 ? "" : table.text(screen.width, screen.colour), same);
}

std::string results_list(const Json& comparison, const Screen& screen) {
  std::string text;
  for (const Json& result : comparison.at("results"))
    text += wrapped(
        fmt::format("{} = {}: {}, {} cores; class {}, {} launch{}, {}, root {}", result.at("label").get<std::string>(),
                    result.at("folder").get<std::string>(), result.at("cpu").get<std::string>(),
                    result.at("cores").dump(), result.at("class").get<std::string>(), result.at("launches").dump(),
                    result.at("launches") == 1 ? "" : "es", result.at("status").get<std::string>(),
                    result.at("root").get<std::string>().substr(0, 12)),
        screen.width, 4);
  return text;
}

}  // namespace

std::string comparison_text(const Json& comparison, bool colour, std::size_t width) {
  const Screen screen{width, colour};
  std::string text = results_list(comparison, screen);
  for (const Json& pair : comparison.at("comparisons")) {
    const std::string b = pair.at("b");
    const std::string who = fmt::format("{} against {}", b, pair.at("a").get<std::string>());
    text += "\n" + painted(who, Style::bold, colour) +
            wrapped(fmt::format("{}: {}", who, counts_line(pair)), width, 2).substr(who.size());
    text += wrapped(fmt::format("A ratio of 1.1 says that {} is 1.1 times as fast, or as frugal with energy. {} {}", b,
                                delta_line(comparison, pair), family_line(comparison)),
                    width, 2);
    text += headline_table(pair, screen) + exploratory_table(pair, screen) + refused_list(pair, screen);
  }
  return text + scores(comparison, screen) + settings_table(comparison, screen);
}

std::string comparison_contract(const Json& comparison) {
  const auto number = [](const Json& value) {
    return value.is_number() ? fmt::format("{:.9e}", value.get<double>()) : std::string("null");
  };
  std::string lines;
  for (const Json& pair : comparison.at("comparisons"))
    for (const Json& row : pair.at("headline")) {
      const Json& ci = row.at("ci95");
      lines += fmt::format("TANDEM-COMPARE v1 {} of={} against={} ratio={} ci95={} p={} n={}+{} verdict={}\n",
                           row.at("name").get<std::string>(), pair.at("b").get<std::string>(),
                           pair.at("a").get<std::string>(), number(row.at("ratio")),
                           ci.is_null() ? "null" : fmt::format("[{},{}]", number(ci.at(0)), number(ci.at(1))),
                           number(row.at("p_holm")), row.at("a").at("launches").dump(),
                           row.at("b").at("launches").dump(), row.at("verdict").get<std::string>());
    }
  Json foms = Json::array();
  for (const Json& one : comparison.at("scores").at("of")) {
    if (one.at("label") == comparison.at("scores").at("reference").at("label")) continue;  // 1 by definition
    for (const char* what : {"time", "energy"}) {
      const Json& score = one.at(what);
      foms.push_back({{"name", fmt::format("score.{}.of={}", what, one.at("label").get<std::string>())},
                      {"value", score.at("value")},
                      {"unit", "1"},
                      {"ci95", nullptr},
                      {"launches", score.at("launches")},
                      {"samples", score.at("launches")},
                      {"status", score.at("status")},
                      {"reason", score.at("reason")}});
    }
  }
  return lines + contract({{"foms", foms}, {"checks", Json::array()}});
}

}  // namespace tandem
