#include "harness/decide/published.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <regex>

#include <fmt/ranges.h>

#include "harness/base/check.hpp"
#include "harness/decide/csv.hpp"
#include "harness/decide/published_metrics.hpp"
#include "harness/decide/units.hpp"

namespace tandem {

std::string_view published_file(std::string_view name);  // made by cmake/embed.cmake

namespace {

constexpr std::string_view source_name = "numbers.csv";
const std::vector<std::string> columns = {"id",       "system", "metric",   "workload", "value", "unit",
                                          "date",     "nodes",  "devices",  "cores",    "ranks", "coverage",
                                          "settings", "source", "evidence", "note"};

struct PublishedRow {
  const std::vector<std::string>& fields;
  std::size_t line;

  const std::string& at(std::string_view column) const {
    return fields[static_cast<std::size_t>(std::find(columns.begin(), columns.end(), column) - columns.begin())];
  }
  template <typename... Args>
  void require(bool condition, fmt::format_string<Args...> message, Args&&... args) const {
    check_usage(condition, "{} row {} ({}): {}", source_name, line, at("id"),
                fmt::format(message, std::forward<Args>(args)...));
  }
  double number(std::string_view column) const {
    const std::string& text = at(column);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    require(error == std::errc() && end == text.data() + text.size() && std::isfinite(value) && value > 0,
            "{} = \"{}\" is no positive number", column, text);
    return value;
  }
  std::optional<std::int64_t> count(std::string_view column) const {
    if (at(column).empty()) return std::nullopt;
    const double value = number(column);
    constexpr double exact = 0x1p53;  // beyond it a double does not count any more
    require(value == std::floor(value) && value <= exact, "{} = {} is no count", column, at(column));
    return static_cast<std::int64_t>(value);
  }
};

PublishedFigure figure_of(const PublishedRow& row, const std::vector<Metric>& metrics) {
  PublishedFigure figure;
  figure.id = row.at("id");
  row.require(std::regex_match(figure.id, std::regex("[a-z0-9]+(-[a-z0-9]+)*")),
              "an id has a-z, 0-9 and single dashes");
  figure.system = row.at("system");
  figure.metric = row.at("metric");
  const auto metric =
      std::find_if(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.id == figure.metric; });
  row.require(metric != metrics.end(), "metrics.toml has no metric \"{}\"", figure.metric);
  figure.workload = row.at("workload");
  figure.value = row.number("value");
  figure.unit = row.at("unit");
  const std::optional<SiUnit> si = si_unit(figure.unit);
  row.require(si.has_value(), "the unit \"{}\" is not known", figure.unit);
  row.require(si->unit == metric->unit, "{} is a unit of {}, {} is measured in {}", figure.unit, si->unit, metric->id,
              metric->unit);
  figure.si = figure.value * si->factor;
  figure.date = row.at("date");
  row.require(std::regex_match(figure.date, std::regex("(19|20)[0-9]{2}(-(0[1-9]|1[0-2]))?")),
              "date = \"{}\": write YYYY or YYYY-MM", figure.date);
  figure.nodes = row.count("nodes");
  figure.devices = row.count("devices");
  figure.cores = row.count("cores");
  figure.ranks = row.count("ranks");
  row.require(row.at("coverage").empty() || row.at("coverage") == "part", "coverage is \"part\" or empty");
  figure.part = row.at("coverage") == "part";
  figure.settings = row.at("settings");
  figure.source = row.at("source");
  figure.evidence = row.at("evidence");
  row.require(!figure.evidence_text().empty(), "evidence = \"{}\" is not known", figure.evidence);
  row.require(!figure.source.empty() || !figure.verified(), "a figure without a source is well-known-unverified");
  figure.note = row.at("note");
  return figure;
}

}  // namespace

std::string PublishedFigure::evidence_text() const {
  if (evidence == "found") return "stated by the source";
  if (evidence == "found-in-repo") return "stated by a file of the source repository";
  if (evidence == "derived-from-official-logs") return "computed from official logs, not an official figure";
  if (evidence == "well-known-unverified") return "UNVERIFIED: widely told, no source was checked";
  return "";
}

Published Published::parse(std::string_view numbers_csv, std::string_view metrics_toml) {
  Published published;
  published.metrics_ = parse_metrics(metrics_toml);
  const auto records = parse_csv(numbers_csv, std::string(source_name));
  check_usage(!records.empty() && records.front() == columns, "{}: the first line must be {}", source_name,
              fmt::join(columns, ","));
  for (std::size_t i = 1; i < records.size(); ++i) {
    const PublishedRow row{records[i], i + 1};
    const PublishedFigure figure = figure_of(row, published.metrics_);
    row.require(std::none_of(published.figures_.begin(), published.figures_.end(),
                             [&](const PublishedFigure& other) { return other.id == figure.id; }),
                "the id stands there twice");
    published.figures_.push_back(figure);
  }
  return published;
}

const Published& Published::shipped() {
  static const Published read = parse(published_file("numbers.csv"), published_file("metrics.toml"));
  return read;
}

const Metric& Published::metric_of(const PublishedFigure& figure) const {
  return *std::find_if(metrics_.begin(), metrics_.end(),
                       [&](const Metric& metric) { return metric.id == figure.metric; });
}

const PublishedFigure& Published::find(const std::string& id) const {
  std::vector<std::string> like;
  for (const PublishedFigure& figure : figures_) {
    if (figure.id == id) return figure;
    if (!id.empty() && figure.id.find(id) != std::string::npos) like.push_back(figure.id);
  }
  if (like.size() > 8) like.resize(8);
  throw Error(Exit::usage, like.empty()
                               ? fmt::format("no published figure \"{}\"; tandem reproduce lists all", id)
                               : fmt::format("no published figure \"{}\"; there are {}", id, fmt::join(like, ", ")));
}

std::string PublishedFigure::text() const { return fmt::format("{}{}", value, unit == "1" ? "" : " " + unit); }

std::string metric_title(const Metric& metric, const PublishedFigure& figure) {
  return metric.name + (figure.workload.empty() ? "" : ", " + figure.workload);
}

}  // namespace tandem
