// JUnit XML, the form in which CI servers take the outcome of single checks (the schema that Jenkins, GitLab and
// GitHub's report actions share: testsuites, testsuite, testcase with failure, error or skipped). No test times are
// written: what was not timed is left out.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem {

struct JunitCase {
  enum class Outcome { passed, failed, error, skipped };

  std::string classname;  // groups the cases: a kernel or arm, a criterion's figure
  std::string name;
  Outcome outcome = Outcome::passed;
  std::string message;  // one sentence: why it did not pass
  std::string text;     // whatever a reader wants to see besides; may have several lines
};

struct JunitSuite {
  std::string name;
  std::vector<std::pair<std::string, std::string>> properties;  // name and value
  std::vector<JunitCase> cases;
};

// The whole document, UTF-8, with a line feed at its end.
std::string junit_xml(const JunitSuite& suite);

// For element content and attribute values of XML 1.0. What XML cannot hold (control characters, bytes that are no
// UTF-8) becomes U+FFFD; line feeds and tabs become references, so that attributes keep them.
std::string xml_escaped(std::string_view text);

}  // namespace tandem
