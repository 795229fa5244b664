#include "harness/result/format.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace tandem {
namespace {

struct Scaled {
  double value;
  std::string_view prefix;
};

// Rounded first, so that 999.9 k becomes 1 M and not 1,000 k.
double three_digits(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  return std::round(value / unit) * unit;
}

Scaled decimal(double value, bool seconds) {
  static constexpr std::array<std::string_view, 11> prefixes = {"p", "n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
  const double rounded = std::abs(three_digits(value));
  if (rounded == 0 || !std::isfinite(rounded)) return {value, ""};
  const int most = seconds ? 0 : 6;
  const int exponent = std::clamp(static_cast<int>(std::floor(std::log10(rounded * (1 + 1e-12)) / 3)), -4, most);
  return {value * std::pow(1000.0, -exponent), prefixes[static_cast<std::size_t>(exponent) + 4]};
}

Scaled binary(double value) {
  static constexpr std::array<std::string_view, 7> prefixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  std::size_t step = 0;
  while (step + 1 < prefixes.size() && std::round(std::abs(value)) >= 1024) {
    value /= 1024;
    ++step;
  }
  return {value, prefixes[step]};
}

std::string grouped(std::string digits) {
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}  // namespace

std::string format_number(double value) {
  if (std::isnan(value)) return "-";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const double size = std::abs(three_digits(value));
  if (size >= 1000) return size < 1e15 ? grouped(fmt::format("{:.0f}", value)) : fmt::format("{:.2e}", value);
  if (size != 0 && size < 1e-4) return fmt::format("{:.2e}", value);
  return fmt::format("{:.3g}", three_digits(value));
}

std::string format_quantity(double value, std::string_view unit) {
  if (unit == "1" || unit.empty()) return format_number(value);
  if (!std::isfinite(value)) return format_number(value);
  if (unit.starts_with("1/") || unit == "answers") return fmt::format("{} {}", format_number(value), unit);
  const Scaled scaled = unit == "B" ? binary(value) : decimal(value, unit == "s");
  const std::string_view shown = unit == "flop/s" ? "FLOP/s" : unit == "flop" ? "FLOP" : unit;
  return fmt::format("{} {}{}", format_number(scaled.value), scaled.prefix, shown);
}

std::string format_percent(double fraction, int digits) {
  if (!std::isfinite(fraction)) return "-";
  const double percent = fraction * 100;
  if (std::abs(percent) >= std::pow(10.0, digits) - 0.5) return grouped(fmt::format("{:.0f}", percent)) + " %";
  return fmt::format("{:.{}g} %", percent, digits);
}

std::string format_quantity(const Json& value, std::string_view unit) {
  if (value.is_number()) return format_quantity(value.get<double>(), unit);
  return value.is_string() ? value.get<std::string>() : "-";
}

std::string format_measured(const Json& measured, std::string_view unit) {
  if (!measured.is_object()) return "-";
  const Json& value = member(measured, "value");
  if (!value.is_null()) return format_quantity(value, unit);
  const std::string reason = text_or_empty(measured, "reason");
  return reason.empty() ? "-" : reason;
}

const Json& member(const Json& object, std::string_view key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(std::string(key));
  return found == object.end() ? null : *found;
}

double number_or(const Json& object, std::string_view key, double fallback) {
  const Json& value = member(object, key);
  return value.is_number() ? value.get<double>() : fallback;
}

std::string text_or_empty(const Json& object, std::string_view key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace tandem
