#include <fmt/ranges.h>

#include "harness/decide/feed_cases.hpp"
#include "harness/decide/feeds.hpp"
#include "harness/decide/junit.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

using CaseOutcome = JunitCase::Outcome;

std::string number_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number() ? fmt::format("{:.9g}", value.get<double>()) : "no number";
}

JunitCase status_case(const FeedCase& one) {
  JunitCase result{one.name, "status", CaseOutcome::passed, "", one.status};
  for (const std::string& reason : one.reasons) result.text += "\n" + reason;
  if (one.status == "SKIPPED") result.outcome = CaseOutcome::skipped;
  if (one.status == "INVALID") result.outcome = CaseOutcome::failed;
  if (one.status == "FAILED") result.outcome = CaseOutcome::error;
  if (result.outcome != CaseOutcome::passed)
    result.message = fmt::format("{}: {}", one.status, fmt::join(one.reasons, "; "));
  return result;
}

JunitCase check_case(const Json& check) {
  const std::string name = check.at("name");
  const std::size_t dot = name.rfind('.');
  JunitCase result;
  result.classname = dot == std::string::npos ? "run" : name.substr(0, dot);
  result.name = dot == std::string::npos ? name : name.substr(dot + 1);
  result.text = fmt::format("value {} limit {}", number_text(check.at("value")), number_text(check.at("limit")));
  if (check.at("pass").get<bool>()) return result;
  result.outcome = CaseOutcome::failed;
  result.message =
      fmt::format("{} is beyond the limit {}", number_text(check.at("value")), number_text(check.at("limit")));
  return result;
}

}  // namespace

std::string feed_junit(const Json& document, const std::string& root) {
  const Json& run = document.at("run");
  JunitSuite suite{"tandem", {}, {}};
  for (const char* key : {"status", "class", "config", "started"})
    suite.properties.emplace_back(key, text_or_empty(run, key));
  suite.properties.emplace_back("root", root);
  suite.properties.emplace_back("version", text_or_empty(document.at("tandem"), "version"));
  suite.properties.emplace_back("commit", text_or_empty(document.at("tandem"), "commit"));
  for (const FeedCase& one : feed_cases(document)) suite.cases.push_back(status_case(one));
  for (const Json& check : document.at("checks")) suite.cases.push_back(check_case(check));
  return junit_xml(suite);
}

}  // namespace tandem
