// The stdout contract of docs/method.md, section 6. fmt ignores the locale, so a number is the same everywhere.
#include <cctype>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary.hpp"

namespace tandem {
namespace {

std::string number(const Json& value) {
  if (value.is_string()) return value == "inf" ? "inf" : "null";
  if (!value.is_number()) return "null";
  const double x = value.get<double>();
  if (std::isfinite(x)) return fmt::format("{:.9e}", x);
  return x > 0 ? "inf" : "null";  // a NaN is no measurement
}

// A name is one word, whatever a verdict calls itself.
std::string name(const Json& object) {
  std::string word = text_or_empty(object, "name");
  for (char& c : word)
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("_+-.=").find(c) == std::string_view::npos)
      c = '_';
  return word;
}

// One line, one pair of quotes.
std::string quoted(std::string text) {
  for (char& c : text) {
    if (c == '"') c = '\'';
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return '"' + text + '"';
}

std::string interval(const Json& ci) {
  if (!ci.is_array() || ci.size() != 2) return "null";
  return fmt::format("[{},{}]", number(ci.at(0)), number(ci.at(1)));
}

std::string fom_line(const Json& fom) {
  std::string line =
      fmt::format("TANDEM-FOM v1 {} = {} {} ci95={} n={:.0f} samples={:.0f} status={}", name(fom),
                  number(fom.at("value")), text_or_empty(fom, "unit"), interval(fom.at("ci95")),
                  number_or(fom, "launches", 0), number_or(fom, "samples", 0), text_or_empty(fom, "status"));
  const std::string reason = text_or_empty(fom, "reason");
  if (!reason.empty()) line += " reason=" + quoted(reason);
  return line + '\n';
}

}  // namespace

std::string contract(const Json& document) {
  std::string lines;
  for (const Json& fom : document.at("foms")) lines += fom_line(fom);
  for (const Json& check : document.at("checks"))
    lines += fmt::format("TANDEM-CHECK v1 {} value={} limit={} result={}\n", name(check), number(check.at("value")),
                         number(check.at("limit")), check.at("pass").get<bool>() ? "PASS" : "FAIL");
  return lines;
}

std::string result_line(const Json& document, std::string_view root) {
  const Json& run = document.at("run");
  return fmt::format("TANDEM-RESULT v1 status={} class={} config={} root={}", text_or_empty(run, "status"),
                     text_or_empty(run, "class"), text_or_empty(run, "config").substr(0, 12), root.substr(0, 12));
}

}  // namespace tandem
