#include "harness/decide/junit.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace tandem {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the UTF-8 sequence that begins at `at` and encodes a character of XML 1.0, or 0 (RFC 3629: no
// surrogates, no overlong forms; XML: no U+FFFE and U+FFFF).
std::size_t sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
  unsigned code = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return 0;
    code = code << 6U | (byte(i) & 0x3FU);
  }
  constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool allowed = code >= least[length] && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF) &&
                       code != 0xFFFE && code != 0xFFFF;
  return allowed ? length : 0;
}

std::string_view element(JunitCase::Outcome outcome) {
  switch (outcome) {
    case JunitCase::Outcome::failed:
      return "failure";
    case JunitCase::Outcome::error:
      return "error";
    case JunitCase::Outcome::skipped:
      return "skipped";
    case JunitCase::Outcome::passed:
      break;
  }
  return "";
}

std::string testcase(const JunitCase& one) {
  std::string xml =
      fmt::format("    <testcase classname=\"{}\" name=\"{}\"", xml_escaped(one.classname), xml_escaped(one.name));
  std::string inside;
  if (one.outcome != JunitCase::Outcome::passed)
    inside += fmt::format("      <{} message=\"{}\"/>\n", element(one.outcome), xml_escaped(one.message));
  if (!one.text.empty()) inside += fmt::format("      <system-out>{}</system-out>\n", xml_escaped(one.text));
  return xml + (inside.empty() ? "/>\n" : ">\n" + inside + "    </testcase>\n");
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence(text, i);
    if (length == 0) {
      escaped += replacement;
      ++i;
      continue;
    }
    const std::string_view character = text.substr(i, length);
    i += length;
    switch (character[0]) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\t':
        escaped += "&#9;";
        break;
      case '\n':
        escaped += "&#10;";
        break;
      case '\r':
        escaped += "&#13;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string junit_xml(const JunitSuite& suite) {
  const auto count = [&](JunitCase::Outcome outcome) {
    return std::count_if(suite.cases.begin(), suite.cases.end(),
                         [&](const JunitCase& one) { return one.outcome == outcome; });
  };
  const std::string counts = fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
                                         suite.cases.size(), count(JunitCase::Outcome::failed),
                                         count(JunitCase::Outcome::error), count(JunitCase::Outcome::skipped));
  std::string xml =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n  <testsuite name=\"{}\" {}>\n", counts,
                  xml_escaped(suite.name), counts);
  if (!suite.properties.empty()) {
    xml += "    <properties>\n";
    for (const auto& [name, value] : suite.properties)
      xml += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", xml_escaped(name), xml_escaped(value));
    xml += "    </properties>\n";
  }
  for (const JunitCase& one : suite.cases) xml += testcase(one);
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace tandem
