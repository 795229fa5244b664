// A verdict for programs: the lines on standard output, and JUnit.
#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "harness/decide/acceptance_view.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

std::string figure(const Json& value) {
  const double x = as_number(value);
  if (std::isnan(x)) return "null";
  return std::isinf(x) ? (x > 0 ? "inf" : "-inf") : fmt::format("{:.9e}", x);
}

std::string word(std::string text, char gap) {
  std::replace(text.begin(), text.end(), ' ', gap);
  return text;
}

std::string result_word(const Json& outcome) {
  if (outcome == "undecided") return "UNDECIDED";
  return outcome == "pass" ? "PASS" : "FAIL";
}

std::string share(const Json& list, const char* kind) {
  std::size_t met = 0, all = 0;
  for (const Json& one : list) {
    if (kind != nullptr && one.at("kind") != kind) continue;
    ++all;
    met += one.at("outcome") == "pass" ? 1 : 0;
  }
  return fmt::format("{}/{}", met, all);
}

JunitCase junit_case(const std::string& group, const std::string& name, const Json& one, bool soft) {
  JunitCase result{group, name, JunitCase::Outcome::passed, "", ""};
  if (one.at("outcome") == "pass") return result;
  result.outcome = soft                               ? JunitCase::Outcome::skipped
                   : one.at("outcome") == "undecided" ? JunitCase::Outcome::error
                                                      : JunitCase::Outcome::failed;
  result.message = fmt::format("{}{}", soft ? "soft, " : "", one.at("outcome").get<std::string>());
  if (one.contains("found")) result.message += ": found " + one.at("found").get<std::string>();
  if (one.at("reason").is_string()) result.message += ": " + one.at("reason").get<std::string>();
  return result;
}

}  // namespace

std::string acceptance_lines(const Json& record) {
  std::string lines;
  for (const Json& one : record.at("requirements"))
    lines += fmt::format("TANDEM-CHECK v1 accept.{} value=null limit=null result={}\n",
                         word(one.at("name").get<std::string>(), '_'), result_word(one.at("outcome")));
  for (const Json& one : record.at("criteria"))
    lines +=
        fmt::format("TANDEM-CHECK v1 accept.{}.{}.{} value={} limit={} result={}\n", one.at("kind").get<std::string>(),
                    word(one.at("direction").get<std::string>(), '_'), one.at("fom").get<std::string>(),
                    figure(one.at("judged")), figure(one.at("limit")), result_word(one.at("outcome")));
  return lines + fmt::format("TANDEM-ACCEPT v1 verdict={} required={} hard={} soft={} spec={:.12} root={:.12}\n",
                             word(record.at("verdict").get<std::string>(), '_'),
                             share(record.at("requirements"), nullptr), share(record.at("criteria"), "hard"),
                             share(record.at("criteria"), "soft"),
                             record.at("specification").at("sha256").get<std::string>(),
                             record.at("result").at("root").get<std::string>());
}

JunitSuite acceptance_junit(const Json& record) {
  JunitSuite suite;
  suite.name = "tandem accept: " + record.at("lot").get<std::string>();
  suite.properties = {{"verdict", record.at("verdict")},
                      {"root", record.at("result").at("root")},
                      {"specification", record.at("specification").at("sha256")},
                      {"configuration", record.at("result").at("configuration")}};
  for (const Json& one : record.at("requirements"))
    suite.cases.push_back(junit_case(
        "required", fmt::format("{}: {}", one.at("name").get<std::string>(), one.at("required").get<std::string>()),
        one, false));
  for (const Json& one : record.at("criteria"))
    suite.cases.push_back(junit_case(
        one.at("kind"),
        fmt::format("{} {} {:g} {}", one.at("fom").get<std::string>(), one.at("direction").get<std::string>(),
                    one.at("limit").get<double>(), one.at("unit").get<std::string>()),
        one, one.at("kind") == "soft"));
  return suite;
}

}  // namespace tandem
