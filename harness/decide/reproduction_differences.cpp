// What may differ between a published figure and a measured one.
#include <cstdlib>

#include <fmt/ranges.h>

#include "harness/decide/reproduction.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

int months(const std::string& date) {  // of YYYY or YYYY-MM...; a year alone counts as its middle
  return std::atoi(date.c_str()) * 12 + (date.size() >= 7 ? std::atoi(date.c_str() + 5) : 6);
}

std::string of_date(const PublishedFigure& figure, const Json& document) {
  const std::string measured = document.at("run").at("started").get<std::string>().substr(0, 7);
  return fmt::format("date: published {}, measured {}: {} months between them, in which systems and software change",
                     figure.date, measured, std::abs(months(measured) - months(figure.date)));
}

std::string of_scale(const PublishedFigure& figure, const Json& entry, const Json& document) {
  std::vector<std::string> told;
  const auto tell = [&](const std::optional<std::int64_t>& count, const char* what) {
    if (count)
      told.push_back(fmt::format("{} {}{}", format_number(static_cast<double>(*count)), what, *count == 1 ? "" : "s"));
  };
  tell(figure.nodes, "node");
  tell(figure.devices, "accelerator");
  tell(figure.cores, "core");
  tell(figure.ranks, "rank");
  return fmt::format(
      "scale: published on {}; measured on {} rank{} x {} thread{} of a machine with {} cores{}",
      told.empty() ? "a number of nodes that this table does not know" : fmt::format("{}", fmt::join(told, ", ")),
      entry.at("ranks").dump(), entry.at("ranks") == 1 ? "" : "s", entry.at("threads").dump(),
      entry.at("threads") == 1 ? "" : "s", format_number(number_or(document.at("machine"), "cores", 0)),
      figure.cores && *figure.cores > 100000 ? "; lists count the units of accelerators as cores" : "");
}

// Settings of the case that makes the metric, and what is told of the published run.
void of_settings(const PublishedFigure& figure, const Metric& metric, const Json& entry,
                 std::vector<std::string>& all) {
  const Json& settings = entry.at("settings");
  for (const auto& [key, values] : metric.settings) {
    const std::string here = text_or_empty(settings, key);
    if (key == "name" || here.empty() || here == values.front()) continue;
    all.push_back(fmt::format("setting: {} = {} here, {} would be comparable", key, here, values.front()));
  }
  std::string rest = figure.settings;
  while (!rest.empty()) {
    const std::string word = rest.substr(0, rest.find(' '));
    rest = word.size() == rest.size() ? "" : rest.substr(word.size() + 1);
    const std::string key = word.substr(0, word.find('=')), here = text_or_empty(settings, key);
    if (here != word.substr(word.find('=') + 1))
      all.push_back(fmt::format("setting: published with {}, here {} = {}", word, key, here.empty() ? "-" : here));
  }
}

std::string of_precision(const Metric& metric, const Json& entry) {
  std::string here = text_or_empty(entry.at("settings"), "precision");
  const Json& notes = member(member(entry, "facts"), "notes");
  if (const std::string factors = text_or_empty(notes, "factors"); !factors.empty()) here = factors;
  if (metric.precision == "none" || here == metric.precision) return "";
  return fmt::format("precision: {} by the metric{}", metric.precision, here.empty() ? "" : ", here " + here);
}

std::string of_status(const Json& entry) {
  std::vector<std::string> reasons;
  for (const Json& reason : entry.at("reasons")) reasons.push_back(reason.at("reason").get<std::string>());
  return fmt::format("status: {} here{}{}", entry.at("status").get<std::string>(), reasons.empty() ? "" : ": ",
                     fmt::join(reasons, "; "));
}

}  // namespace

std::vector<std::string> differences_between(const PublishedFigure& figure, const Metric& metric, const Json& entry,
                                             const Json& document) {
  std::vector<std::string> all;
  if (figure.evidence != "found") all.push_back("evidence: " + figure.evidence_text());
  if (figure.part) all.emplace_back("partial system: the published figure is of a part of the system");
  all.push_back(of_scale(figure, entry, document));
  of_settings(figure, metric, entry, all);
  if (!metric.rules.empty() && figure.date < metric.rules_until) all.push_back("rules: " + metric.rules);
  if (const std::string precision = of_precision(metric, entry); !precision.empty()) all.push_back(precision);
  all.push_back(of_date(figure, document));
  all.push_back(of_status(entry));
  for (const std::string& difference : metric.differs) all.push_back("method: " + difference);
  return all;
}

}  // namespace tandem
