#include "harness/base/settings.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "harness/base/check.hpp"

namespace tandem {

Settings::Settings(const std::vector<Parameter>& parameters) {
  for (const Parameter& parameter : parameters) {
    items_.emplace_back(parameter.key, parameter.fallback);
    if (!parameter.named) unnamed_.push_back(items_.back());
  }
}

void Settings::set(std::string_view key, std::string value) {
  for (auto& [name, old] : items_)
    if (name == key) {
      old = std::move(value);
      return;
    }
  items_.emplace_back(key, std::move(value));
}

bool Settings::has(std::string_view key) const {
  return std::any_of(items_.begin(), items_.end(), [&](const auto& item) { return item.first == key; });
}

const std::string& Settings::text(std::string_view key) const {
  for (const auto& [name, value] : items_)
    if (name == key) return value;
  throw Error(Exit::usage, fmt::format("setting \"{}\" is missing", key));
}

std::int64_t Settings::integer(std::string_view key) const {
  const std::string& value = text(key);
  std::int64_t result = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  std::string_view suffix(end, static_cast<std::size_t>(value.data() + value.size() - end));
  std::int64_t unit = 0;
  if (suffix.empty()) unit = 1;
  if (suffix == "k" || suffix == "K") unit = std::int64_t{1} << 10;
  if (suffix == "M") unit = std::int64_t{1} << 20;
  if (suffix == "G") unit = std::int64_t{1} << 30;
  check_usage(error != std::errc::invalid_argument && unit != 0,
              "{} = \"{}\" is not a whole number (examples: 4096, 64k, 16M)", key, value);
  constexpr std::int64_t kMost = (std::int64_t{1} << 32) - 1;  // so that no suffix overflows
  check_usage(error == std::errc() && -kMost <= result && result <= kMost,
              "{} = \"{}\" is out of range: the number before k, M or G may be at most {}", key, value, kMost);
  return result * unit;
}

double Settings::number(std::string_view key) const {
  const std::string& value = text(key);
  double result = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), result);
  check_usage(error == std::errc() && end == value.data() + value.size(), "{} = \"{}\" is not a number", key, value);
  return result;
}

Settings::Items Settings::named() const {
  Items result;
  std::copy_if(items_.begin(), items_.end(), std::back_inserter(result),
               [&](const auto& item) { return std::find(unnamed_.begin(), unnamed_.end(), item) == unnamed_.end(); });
  return result;
}

std::string Settings::path() const {
  std::string result;
  for (const auto& [key, value] : named()) result += (result.empty() ? "" : "/") + key + "=" + value;
  return result;
}

}  // namespace tandem
