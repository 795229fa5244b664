// Numbers for people: three significant digits and an SI prefix ("216 GFLOP/s", "98 us", "2.33 MiB"). For print only;
// files and contracts carry SI values in full. Plain ASCII; independent of the locale.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/json.hpp"

namespace tandem {

// Three significant digits, trailing zeros dropped, thousands grouped: 0.0412, 10.6, 6,100. "inf" and "-" (NaN) too.
std::string format_number(double value);

// With prefix and unit. Decimal prefixes, but binary ones for "B"; seconds never above s; "1" has no unit at all.
std::string format_quantity(double value, std::string_view unit);

// A fraction as percent with so many significant digits, trailing zeros dropped: 0.83 -> "83 %", 0.0064 -> "0.64 %".
std::string format_percent(double fraction, int digits = 2);

// A value of a document, where a number may be null ("-") or "inf".
std::string format_quantity(const Json& value, std::string_view unit);

// {"value": ..., "reason": ...}: the value, or the reason why there is none.
std::string format_measured(const Json& measured, std::string_view unit);

// object[key], or null where the key is absent.
const Json& member(const Json& object, std::string_view key);

// The number in object[key], or `fallback` where the key is absent, null or no number.
double number_or(const Json& object, std::string_view key, double fallback);

// The text in object[key], or "" where the key is absent or no text.
std::string text_or_empty(const Json& object, std::string_view key);

}  // namespace tandem
