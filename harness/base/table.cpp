#include "harness/base/table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include <fmt/format.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  if (!known.empty() && edit_distance(word, closest(word, known)) <= 1 + word.size() / 3)
    return fmt::format("did you mean \"{}\"?", closest(word, known));
  return fmt::format("known: {}", fmt::join(known, ", "));
}

}  // namespace

const std::string& closest(const std::string& word, const std::vector<std::string>& known) {
  return *std::min_element(known.begin(), known.end(), [&](const auto& a, const auto& b) {
    return edit_distance(word, a) < edit_distance(word, b);
  });
}

void Table::fail(const toml::source_region& at, const std::string& message) const {
  throw Error(Exit::usage, fmt::format("{}:{}: {}", source_, at.begin.line, message));
}

void Table::fail_unknown(const std::vector<std::string>& known) const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(known.begin(), known.end(), name) == known.end())
      fail(key.source(), fmt::format("unknown key \"{}\" in {}; {}", name, what_, nearest(name, known)));
  }
}

std::vector<std::string> Table::texts(const std::string& key) const {
  const toml::node* node = find(key);
  std::vector<std::string> values;
  if (node == nullptr) return values;
  if (const toml::array* array = node->as_array()) {
    for (const toml::node& element : *array) values.push_back(scalar(key, element));
    if (values.empty()) fail(node->source(), fmt::format("\"{}\" is an empty list; give at least one value", key));
  } else {
    values.push_back(scalar(key, *node));
  }
  return values;
}

std::string Table::text(const std::string& key, const std::string& fallback,
                        const std::vector<std::string>& allowed) const {
  const auto values = texts(key);
  if (values.empty()) return fallback;
  if (values.size() > 1) fail(find(key)->source(), fmt::format("\"{}\" takes one value, not a list", key));
  one_of(key, values[0], allowed);
  return values[0];
}

void Table::one_of(const std::string& key, const std::string& value, const std::vector<std::string>& allowed) const {
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    fail(find(key)->source(), fmt::format("{} = \"{}\" is not known; {}", key, value, nearest(value, allowed)));
}

std::vector<std::string> Table::choices(const std::string& key, const std::vector<std::string>& known,
                                        const std::vector<std::string>& fallback) const {
  const std::vector<std::string> values = texts(key);
  for (const std::string& value : values) {
    one_of(key, value, known);
    if (std::count(values.begin(), values.end(), value) > 1)
      fail(find(key)->source(), fmt::format("{}: \"{}\" stands there twice", key, value));
  }
  return values.empty() ? fallback : values;
}

std::int64_t Table::integer(const std::string& key, std::int64_t fallback, std::int64_t least) const {
  const toml::node* node = find(key);
  if (node == nullptr) return fallback;
  const std::optional<std::int64_t> value = node->value_exact<std::int64_t>();
  if (!value || *value < least) fail(node->source(), fmt::format("\"{}\" must be a whole number >= {}", key, least));
  return *value;
}

double Table::positive(const std::string& key) const {
  const toml::node* node = find(key);
  const std::optional<double> value = node == nullptr ? std::nullopt : node->value<double>();
  if (!value || !node->is_number() || !(*value >= 0) || !std::isfinite(*value))
    fail(node == nullptr ? table_.source() : node->source(),
         fmt::format("{}: \"{}\" must be a number >= 0", what_, key));
  return *value;
}

std::string Table::scalar(const std::string& key, const toml::node& node) const {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return std::to_string(value->get());
  if (const auto* value = node.as_floating_point()) return fmt::format("{}", value->get());
  fail(node.source(), fmt::format("\"{}\" must be a text or a number", key));
}

}  // namespace tandem
