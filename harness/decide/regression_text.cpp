#include "harness/decide/regression_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/text_table.hpp"

namespace tandem {
namespace {

constexpr std::size_t most_series = 30, most_changes = 8;

std::string plural(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// "2026-11-22T031500Z-..." -> "2026-11-22 03:15"
std::string date_of(const Json& name) {
  const std::string text = name;
  return text.substr(0, 10) + " " + text.substr(11, 2) + ":" + text.substr(13, 2);
}

std::size_t count_of(const Json& document, const char* state) {
  return static_cast<std::size_t>(std::count_if(document.at("alarms").begin(), document.at("alarms").end(),
                                                [&](const Json& alarm) { return alarm.at("state") == state; }));
}

std::string meaning(const Json& document) {
  const std::string verdict = document.at("verdict");
  const std::size_t confirmed = count_of(document, "confirmed");
  if (verdict == "REGRESSION")
    return plural(confirmed, "alarm stands by itself or was confirmed", "alarms stand by themselves or were confirmed");
  if (verdict == "SUSPECT") {
    if (count_of(document, "suspect") == 0) return "the program is not slower, but the machine or its system is";
    return "a night is dearer than it should be, or has no figure; nothing is confirmed yet";
  }
  if (verdict == "OK") return "nothing became dearer";
  return "too few nights to judge any series yet: 11 are needed";
}

Style style_of_night(const std::string& word) {
  if (word == "REGRESSION" || word == "confirmed") return Style::bad;
  if (word == "OK" || word == "improvement" || word == "cleared") return Style::good;
  return Style::warn;
}

std::string heading(const Json& alarm) {
  const std::string state = alarm.at("state"), kind = alarm.at("kind");
  if (state == "improvement") return "better";
  if (state == "cleared") return "cleared";
  return state == "confirmed" ? "REGRESSION" : state == "machine" ? "MACHINE" : "SUSPECT";
}

std::string between(const Json& alarm) {
  const std::string from = alarm.at("commits")[0], to = alarm.at("commits")[1];
  std::string text =
      fmt::format("since the night of {} (before: {}), ", date_of(alarm.at("since")), date_of(alarm.at("before")));
  text += from == to ? fmt::format("both by commit {}", from) : fmt::format("commits {} to {}", from, to);
  if (from == to && alarm.at("changed").empty()) return text + "; nothing that is recorded of the machine changed";
  return text;
}

std::string changes_text(const Json& alarm) {
  std::string text;
  std::size_t shown = 0;
  for (const Json& change : alarm.at("changed")) {
    if (change.get<std::string>().starts_with("commit: ")) continue;
    if (++shown > most_changes) continue;
    text += (text.empty() ? "" : "; ") + change.get<std::string>();
  }
  if (shown > most_changes) text += fmt::format("; and {} more", shown - most_changes);
  return text;
}

std::string rerun_text(const Json& rerun) {
  const Json& ci = rerun.at("ci95");
  return fmt::format(
      "run again in turn: {}, new / good = {:.3f} {}, {} against {} launches, p = {:.2g}",
      rerun.at("verdict").get<std::string>(), rerun.at("ratio").get<double>(),
      ci.is_null() ? "(no interval)" : fmt::format("[{:.3f}, {:.3f}]", ci.at(0).get<double>(), ci.at(1).get<double>()),
      rerun.at("launches")[0].dump(), rerun.at("launches")[1].dump(), rerun.at("p").get<double>());
}

std::string alarm_text(const Json& alarm, bool colour, std::size_t width) {
  const std::string head = heading(alarm);
  std::string text =
      painted(head, style_of_night(alarm.at("state")), colour) + " " + alarm.at("fom").get<std::string>() + "\n";
  const auto line = [&](const std::string& words) { text += "  " + wrapped(words, width - 2, 4); };
  const Json& p = alarm.at("p");
  line(fmt::format("{}: {}{}", alarm.at("kind").get<std::string>(), alarm.at("text").get<std::string>(),
                   p.is_null() ? "" : fmt::format(", p <= {:.2g}", p.get<double>())));
  line(between(alarm));
  if (const std::string changes = changes_text(alarm); !changes.empty()) line("also changed: " + changes);
  if (!alarm.at("rerun").is_null()) line(rerun_text(alarm.at("rerun")));
  return text;
}

// The newest night against its segment, the largest first.
std::string series_table(const Json& document, bool colour, std::size_t width) {
  std::vector<const Json*> order;
  for (const Json& series : document.at("series")) order.push_back(&series);
  const auto ratio = [](const Json* series) {
    const Json& tonight = series->at("tonight");
    return tonight.is_null() ? 0.0 : tonight.at("ratio").get<double>();
  };
  std::stable_sort(order.begin(), order.end(), [&](const Json* a, const Json* b) { return ratio(a) > ratio(b); });
  TextTable table;
  table.row({{"series", Style::bold},
             {"nights", Style::bold, true},
             {"steps", Style::bold, true},
             {"tonight / segment", Style::bold, true},
             {"z", Style::bold, true}});
  for (std::size_t i = 0; i < std::min(order.size(), most_series); ++i) {
    const Json& series = *order[i];
    const Json& tonight = series.at("tonight");
    const auto number = [&](const char* key, const char* format) {
      if (tonight.is_null()) return std::string("-");
      const Json& value = tonight.at(key);
      return value.is_string() ? value.get<std::string>() : fmt::format(fmt::runtime(format), value.get<double>());
    };
    table.row({{series.at("fom").get<std::string>()},
               {series.at("nights").dump(), Style::plain, true},
               {std::to_string(series.at("steps").size()), Style::plain, true},
               {number("ratio", "{:.3f}"), Style::plain, true},
               {number("z", "{:+.1f}"), Style::plain, true}});
  }
  std::string text = table.text(width, colour);
  if (order.size() > most_series) text += fmt::format("and {} series more: on the page\n", order.size() - most_series);
  return text;
}

std::string number(const Json& value, const char* format) {
  if (value.is_null()) return "null";
  return value.is_string() ? value.get<std::string>() : fmt::format(fmt::runtime(format), value.get<double>());
}

}  // namespace

std::string regression_text(const Json& document, bool colour, int columns) {
  const auto width = static_cast<std::size_t>(columns);
  const std::string verdict = document.at("verdict");
  const Json& newest = document.at("nights").back();
  std::string text = painted(verdict, style_of_night(verdict), colour) + ": " + meaning(document) + "\n";
  text += wrapped(
      fmt::format("newest night {}, commit {}, class {}, {}; {} read of {}, {}; delta {:.1f} % (kernels), "
                  "{:.1f} % (pipelines)",
                  newest.at("name").get<std::string>(), newest.at("commit").get<std::string>(),
                  newest.at("class").get<std::string>(), newest.at("status").get<std::string>(),
                  plural(document.at("history").at("read"), "night", "nights"),
                  document.at("history").at("nights").dump(), plural(document.at("series").size(), "series", "series"),
                  100 * std::expm1(document.at("delta").at("kernel").get<double>()),
                  100 * std::expm1(document.at("delta").at("pipeline").get<double>())),
      width, 2);
  for (const char* state : {"confirmed", "suspect", "machine", "cleared", "improvement"})
    for (const Json& alarm : document.at("alarms"))
      if (alarm.at("state") == state) text += "\n" + alarm_text(alarm, colour, width);
  text += "\n" + series_table(document, colour, width);
  for (const Json& boundary : document.at("boundaries"))
    text += wrapped(fmt::format("boundary: {} start anew with the night of {}: {}",
                                plural(boundary.at("series"), "series", "series"), date_of(boundary.at("name")),
                                boundary.at("why").get<std::string>()),
                    width, 2);
  for (const Json& note : document.at("notes")) text += wrapped("note: " + note.get<std::string>(), width, 2);
  return text;
}

std::string regression_contract(const Json& document) {
  std::string text;
  for (const Json& alarm : document.at("alarms")) {
    const Json& ci = alarm.at("ci95");
    std::string kind = alarm.at("kind");
    std::replace(kind.begin(), kind.end(), ' ', '-');
    text += fmt::format(
        "TANDEM-ALARM v1 {} kind={} state={} since={} ratio={} ci95={} p={} z={}\n", alarm.at("fom").get<std::string>(),
        kind, alarm.at("state").get<std::string>(), alarm.at("since").get<std::string>(),
        number(alarm.at("ratio"), "{:.9e}"),
        ci.is_null() ? "null" : fmt::format("[{:.9e},{:.9e}]", ci.at(0).get<double>(), ci.at(1).get<double>()),
        number(alarm.at("p"), "{:.3g}"), number(alarm.at("z"), "{:.3g}"));
  }
  const std::string root = document.at("nights").back().at("root");
  text += fmt::format("TANDEM-REGRESS v1 verdict={} nights={} series={} alarms={} root={}\n",
                      document.at("verdict").get<std::string>(), document.at("history").at("read").dump(),
                      document.at("series").size(),
                      document.at("alarms").size() - count_of(document, "improvement") - count_of(document, "cleared"),
                      root.substr(0, 12));
  return text;
}

}  // namespace tandem
