#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "harness/decide/acceptance_view.hpp"
#include "harness/result/format.hpp"
#include "harness/result/text_table.hpp"

namespace tandem {
namespace {

std::string upper(std::string word) {
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word;
}

Style style_of_outcome(const std::string& outcome) {
  if (outcome == "pass" || outcome == "ACCEPTED") return Style::good;
  return outcome == "undecided" || outcome == "UNDECIDED" ? Style::warn : Style::bad;
}

struct Page {
  bool colour;
  std::size_t width;
  std::string text;

  void heading(const std::string& title) { text += "\n" + painted(title, Style::bold, colour) + "\n"; }
  void item(const std::string& line, std::size_t indent, std::size_t hang = 0) {
    text += wrapped(std::string(indent, ' ') + line, width, indent + hang);
  }
  // "  UNDECIDED  ": as wide as the longest word.
  void outcome(const std::string& word, const std::string& line) {
    const std::string shown = fmt::format("  {:<9}  ", upper(word));
    const std::string lines = wrapped(shown + line, width, shown.size());
    text += "  " + painted(upper(word), style_of_outcome(word), colour) + lines.substr(2 + word.size());
  }
};

std::string counted(const Json& record, const char* kind) {
  std::size_t met = 0, all = 0;
  for (const Json& one : record.at("criteria")) {
    if (one.at("kind") != kind) continue;
    ++all;
    met += one.at("outcome") == "pass" ? 1 : 0;
  }
  return fmt::format("{} of {} {} criteri{} pass", met, all, kind, all == 1 ? "on" : "a");
}

std::string limit_of(const Json& one) {
  const std::string unit = one.at("unit");
  std::string text =
      fmt::format("{} {}", one.at("direction").get<std::string>(), format_quantity(one.at("limit"), unit));
  if (one.at("tolerance") != 0)
    text += fmt::format(" ({} {} {})", format_quantity(one.at("target"), unit),
                        one.at("direction") == "at least" ? "less" : "and", format_percent(one.at("tolerance"), 3));
  return text;
}

std::string measured_of(const Json& one) {
  const std::string unit = one.at("unit");
  std::string text = one.at("value").is_null() ? "no value" : "measured " + format_quantity(one.at("value"), unit);
  if (const Json& ci = one.at("ci95"); ci.is_array())
    text += fmt::format(", 95 % interval {} to {}", format_quantity(ci.at(0), unit), format_quantity(ci.at(1), unit));
  const std::size_t launches = one.at("launches");
  return text +
         fmt::format(", {} launch{}, {}", launches, launches == 1 ? "" : "es", one.at("status").get<std::string>());
}

void criterion(Page& page, const Json& one) {
  page.outcome(one.at("outcome"),
               fmt::format("{}: {}", one.at("kind").get<std::string>(), one.at("fom").get<std::string>()));
  page.item(measured_of(one), 13);
  std::string line = fmt::format("must be {}, proof = {}", limit_of(one), one.at("proof").get<std::string>());
  if (one.at("margin").is_number()) line += fmt::format("; margin {:+.2f} %", 100 * one.at("margin").get<double>());
  page.item(line, 13);
  page.item(one.at("reason"), 13);
}

std::string program(const Json& tandem) {
  return fmt::format("tandem {} ({}{})", text_or_empty(tandem, "version"),
                     text_or_empty(tandem, "commit").substr(0, 12),
                     tandem.value("dirty", false) ? ", uncommitted changes" : "");
}

void evidence(Page& page, const Json& record) {
  const Json &result = record.at("result"), &specification = record.at("specification");
  const Json& machine = result.at("machine");
  const auto fact = [&](const char* name, const std::string& value) {
    page.item(fmt::format("{:<15}{}", name, value), 2, 15);
  };
  fact("directory", result.at("folder"));
  fact("root", result.at("root"));
  fact("specification", specification.at("file"));
  fact("its SHA-256", specification.at("sha256"));
  fact("plan", result.at("configuration"));
  fact("machine", fmt::format("{}, {} cores, host {}", text_or_empty(machine, "cpu"), machine.at("cores").dump(),
                              text_or_empty(machine, "host").substr(0, 12)));
  fact("measured", fmt::format("{} by {}", text_or_empty(result, "started"), program(result.at("tandem"))));
  fact("judged", fmt::format("{} by {}", record.at("made").get<std::string>(), program(record.at("tandem"))));
  if (const Json& revalidation = record.at("revalidation"); revalidation.is_object())
    fact("revalidated",
         fmt::format("{}, nonce {}", text_or_empty(revalidation, "started"), text_or_empty(revalidation, "nonce")));
}

}  // namespace

std::string acceptance_text(const Json& record, bool colour, int width) {
  Page page{colour, static_cast<std::size_t>(std::max(width, 60)), ""};
  const std::string verdict = record.at("verdict");
  page.text = painted(verdict, style_of_outcome(verdict), colour) + "   " + record.at("lot").get<std::string>() + "\n";
  for (const char* side : {"buyer", "vendor"})
    if (const std::string name = record.at(side); !name.empty()) page.item(fmt::format("{:<8}{}", side, name), 2);
  page.item(fmt::format("{}; {}", counted(record, "hard"), counted(record, "soft")), 2);
  if (!record.at("why").empty()) page.heading("Why");
  for (const Json& why : record.at("why")) page.item("- " + why.get<std::string>(), 2, 2);
  page.heading("Required of the result");
  for (const Json& one : record.at("requirements")) {
    page.outcome(one.at("outcome"),
                 fmt::format("{}: {}; found {}", one.at("name").get<std::string>(),
                             one.at("required").get<std::string>(), one.at("found").get<std::string>()));
    if (one.at("reason").is_string()) page.item(one.at("reason"), 13);
  }
  page.heading("Criteria");
  for (const Json& one : record.at("criteria")) criterion(page, one);
  page.heading("Evidence");
  evidence(page, record);
  return page.text;
}

}  // namespace tandem
