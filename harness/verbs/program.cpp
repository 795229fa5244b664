#include "harness/verbs/program.hpp"

#include <fmt/format.h>

#include "harness/base/digest.hpp"
#include "harness/launch/process.hpp"
#include "harness/result/build.hpp"

namespace tandem {

Json this_program_json() {
  Json program = build_json();
  program["program"] = sha256_file(this_program());
  return program;
}

bool same_program(const Json& a, const Json& b) {
  const std::string file = a.value("program", "");
  if (!file.empty() && file == b.value("program", "")) return true;
  const auto clean = [](const Json& program) { return !program.value("dirty", true); };
  return clean(a) && clean(b) && a.value("version", "") == b.value("version", "") &&
         a.value("commit", "") == b.value("commit", "");
}

std::string program_name(const Json& program) {
  return fmt::format("tandem {} ({}{})", program.value("version", "of unknown version"),
                     program.value("commit", "unknown commit"),
                     program.value("dirty", false) ? ", uncommitted changes" : "");
}

}  // namespace tandem
