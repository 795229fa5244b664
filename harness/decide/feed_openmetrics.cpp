// https://github.com/prometheus/OpenMetrics, specification 1.0: a family's lines stand together behind its TYPE, a unit
// is the end of its name, a label value escapes \, " and line feeds, the text ends with # EOF. All are
// gauges, so that readers of the older Prometheus text format (node_exporter's textfile collector) take it too.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include <fmt/ranges.h>

#include "harness/decide/feed_cases.hpp"
#include "harness/decide/feeds.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? "\\n" : std::string(1, c);
  }
  return text;
}

std::string metric_number(const Json& value) {
  if (value.is_string()) return "+Inf";
  const double x = value.get<double>();
  return std::isinf(x) ? (x > 0 ? "+Inf" : "-Inf") : fmt::format("{}", x);
}

std::string sample(const std::string& name, const Labels& labels, const std::string& value) {
  std::vector<std::string> all;
  for (const auto& [key, text] : labels) all.push_back(fmt::format("{}=\"{}\"", key, escaped(text)));
  return fmt::format("{}{{{}}} {}\n", name, fmt::join(all, ","), value);
}

std::string family(const std::string& name, const char* type, const std::string& unit, const std::string& help) {
  return fmt::format("# TYPE {0} {1}\n{2}# HELP {0} {3}\n", name, type,
                     unit.empty() ? "" : fmt::format("# UNIT {} {}\n", name, unit), help);
}

// A unit as the end of a metric's name.
std::string unit_word(const std::string& unit) {
  static const std::map<std::string, std::string> known = {{"s", "seconds"},
                                                           {"B", "bytes"},
                                                           {"B/s", "bytes_per_second"},
                                                           {"flop/s", "flops_per_second"},
                                                           {"flop", "flops"},
                                                           {"J", "joules"},
                                                           {"W", "watts"},
                                                           {"1", "ratio"},
                                                           {"1/kWh", "per_kilowatt_hour"},
                                                           {"1/s", "hertz"}};
  if (const auto found = known.find(unit); found != known.end()) return found->second;
  std::string word;
  for (const char c : unit) word += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return word.empty() ? "ratio" : word;
}

struct Figures {
  std::string values, low, high;
};

std::string metrics_of(const Json& document) {
  std::map<std::string, Figures> by_unit;
  std::string launches;
  for (const Json& fom : document.at("foms")) {
    const std::string name = fom.at("name"), unit = unit_word(text_or_empty(fom, "unit"));
    const Labels labels = {{"fom", name}, {"status", text_or_empty(fom, "status")}};
    if (fom.at("value").is_null()) continue;
    Figures& figures = by_unit[unit];
    figures.values += sample("tandem_figure_" + unit, labels, metric_number(fom.at("value")));
    launches += sample("tandem_figure_launches", {{"fom", name}}, metric_number(fom.at("launches")));
    const Json& ci = fom.at("ci95");
    if (!ci.is_array()) continue;
    figures.low += sample("tandem_figure_ci95_low_" + unit, {{"fom", name}}, metric_number(ci.at(0)));
    figures.high += sample("tandem_figure_ci95_high_" + unit, {{"fom", name}}, metric_number(ci.at(1)));
  }
  std::string text;
  for (const auto& [unit, figures] : by_unit) {
    text += family("tandem_figure_" + unit, "gauge", unit, "Figures of merit; those without a value are left out.") +
            figures.values;
    if (figures.low.empty()) continue;
    text += family("tandem_figure_ci95_low_" + unit, "gauge", unit, "Lower ends of 95 % intervals over launches.") +
            figures.low;
    text += family("tandem_figure_ci95_high_" + unit, "gauge", unit, "Upper ends of 95 % intervals over launches.") +
            figures.high;
  }
  if (!launches.empty())
    text += family("tandem_figure_launches", "gauge", "", "Launches behind each figure.") + launches;
  return text;
}

std::string checks_of(const Json& document) {
  if (document.at("checks").empty()) return "";
  std::string text = family("tandem_check_passed", "gauge", "", "Whether a check holds (1) or not (0).");
  for (const Json& check : document.at("checks"))
    text += sample("tandem_check_passed", {{"check", check.at("name").get<std::string>()}},
                   check.at("pass").get<bool>() ? "1" : "0");
  return text;
}

std::string states_of(const Json& document) {
  constexpr std::array states = {"VALID-CLOSED", "VALID-OPEN", "UNOFFICIAL", "UNSTABLE",
                                 "INVALID",      "FAILED",     "SKIPPED"};
  const std::vector<FeedCase> cases = feed_cases(document);
  if (cases.empty()) return "";
  std::string text = family("tandem_case_status", "gauge", "", "Which status each case and arm has (1).");
  for (const FeedCase& one : cases)
    for (const char* state : states)
      text += sample("tandem_case_status", {{"case", one.name}, {"status", state}}, one.status == state ? "1" : "0");
  return text;
}

}  // namespace

std::string feed_openmetrics(const Json& document, const std::string& root) {
  const Json &run = document.at("run"), &program = document.at("tandem");
  Labels labels;
  for (const char* key : {"status", "class", "config", "started"}) labels.emplace_back(key, text_or_empty(run, key));
  for (const char* key : {"version", "commit"}) labels.emplace_back(key, text_or_empty(program, key));
  labels.emplace_back("root", root);
  labels.emplace_back("cpu", text_or_empty(document.at("machine"), "cpu"));
  return family("tandem_run_info", "gauge", "", "The run behind all figures.") +
         sample("tandem_run_info", labels, "1") + metrics_of(document) + checks_of(document) + states_of(document) +
         "# EOF\n";
}

}  // namespace tandem
