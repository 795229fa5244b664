#include "harness/decide/published_metrics.hpp"

#include <algorithm>

#include <fmt/ranges.h>

#include "harness/base/check.hpp"
#include "harness/base/table.hpp"

namespace tandem {
namespace {

using Settings = std::vector<std::pair<std::string, std::vector<std::string>>>;

Settings settings_of(const Table& parent, const std::string& kind) {
  const toml::node* node = parent.find(kind);
  if (!node->is_table()) parent.fail(node->source(), fmt::format("write {} = {{ name = \"...\", ... }}", kind));
  const Table table(*node->as_table(), parent.source(), kind);
  Settings settings = {{"name", table.texts("name")}};
  if (settings.front().second.size() != 1) table.fail(node->source(), fmt::format("{} needs one name", kind));
  for (const auto& [key, value] : table.raw())
    if (key.str() != "name") settings.emplace_back(std::string(key.str()), table.texts(std::string(key.str())));
  return settings;
}

Metric metric_of(const Table& table) {
  table.fail_unknown({"id", "name", "unit", "match", "figure", "kernel", "defining", "pipeline", "ranks", "precision",
                      "what", "reason", "rules_until", "rules", "differs"});
  Metric metric;
  metric.id = table.text("id", "", {});
  metric.name = table.text("name", "", {});
  metric.unit = table.text("unit", "", {});
  metric.what = table.text("what", "", {});
  const std::string match = table.text("match", "none", {"same", "kin", "none"});
  metric.match = match == "same" ? Match::same : match == "kin" ? Match::kin : Match::none;
  metric.figure = table.text("figure", "", {});
  metric.precision = table.text("precision", "", {});
  metric.reason = table.text("reason", "", {});
  metric.rules_until = table.text("rules_until", "", {});
  metric.rules = table.text("rules", "", {});
  metric.differs = table.texts("differs");
  metric.defining = table.texts("defining");
  metric.ranks = static_cast<int>(table.integer("ranks", 1, 1));
  metric.pipeline = table.find("pipeline") != nullptr;
  if (metric.pipeline || table.find("kernel") != nullptr)
    metric.settings = settings_of(table, metric.pipeline ? "pipeline" : "kernel");
  const auto require = [&](bool condition, const char* message) {
    if (!condition) table.fail(table.raw().source(), fmt::format("metric \"{}\" {}", metric.id, message));
  };
  require(!metric.id.empty() && !metric.name.empty() && !metric.unit.empty() && !metric.what.empty(),
          "needs id, name, unit and what");
  require((metric.match == Match::none) == metric.settings.empty(), "has a case where match is not \"none\"");
  require(metric.settings.empty() == metric.figure.empty(), "has a figure where it has a case");
  require(metric.match == Match::same || !metric.reason.empty(), "needs a reason where match is not \"same\"");
  require(metric.rules_until.empty() == metric.rules.empty(), "has rules where it has rules_until");
  return metric;
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string line(const std::string& key, const std::vector<std::string>& values) {
  std::vector<std::string> texts;
  for (const std::string& value : values) texts.push_back(quoted(value));
  return values.size() == 1 ? fmt::format("{} = {}\n", key, texts.front())
                            : fmt::format("{} = [{}]\n", key, fmt::join(texts, ", "));
}

}  // namespace

std::vector<Metric> parse_metrics(std::string_view text) {
  constexpr const char* source = "metrics.toml";
  toml::table parsed;
  try {
    parsed = toml::parse(text, std::string_view(source));
  } catch (const toml::parse_error& error) {
    throw Error(Exit::usage, fmt::format("{}:{}: {}", source, error.source().begin.line, error.description()));
  }
  const Table root(parsed, source, "the metrics");
  root.fail_unknown({"metric"});
  std::vector<Metric> metrics;
  const toml::node* node = root.find("metric");
  const toml::array* array = node == nullptr ? nullptr : node->as_array();
  check_usage(array != nullptr && array->is_homogeneous(toml::node_type::table), "{}: write [[metric]], one a table",
              source);
  for (const toml::node& element : *array)
    metrics.push_back(metric_of(Table(*element.as_table(), source, "[[metric]]")));
  for (std::size_t i = 0; i < metrics.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      check_usage(metrics[i].id != metrics[j].id, "{}: the metric \"{}\" stands there twice", source, metrics[i].id);
  return metrics;
}

std::string configuration_of(const Metric& metric, const std::string& run_class, int ranks,
                             const std::vector<std::pair<std::string, std::string>>& changes) {
  std::string text =
      fmt::format("class = {}\nranks = {}\n{}\n[[{}]]\n", quoted(run_class), ranks,
                  run_class == "quick" ? "limits = \"none\"\n" : "", metric.pipeline ? "pipeline" : "kernel");
  const auto changed = [&](const std::string& key) {
    return std::find_if(changes.begin(), changes.end(), [&](const auto& change) { return change.first == key; });
  };
  for (const auto& [key, values] : metric.settings)
    if (changed(key) == changes.end()) text += line(key, values);
  for (const auto& [key, value] : changes) text += line(key, {value});
  return text;
}

}  // namespace tandem
