#include "harness/verbs/verified.hpp"

#include <cstdio>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/derive.hpp"
#include "harness/result/files.hpp"
#include "harness/verbs/program.hpp"

namespace tandem {

Differences CheckedResult::figures() const {
  Differences found = written.is_null() || derived.is_null() ? Differences{} : differences(written, derived);
  for (auto* list : {&found.changed, &found.added})
    for (std::string& line : *list) line = "result.json" + line;
  if (!underivable.empty()) found.changed.push_back(underivable);
  return found;
}

bool CheckedResult::is_of_another(const Json& own) const {
  if (!written.is_object() || !written.contains("tandem")) return false;
  return !same_program(written.at("tandem"), own) ||
         (!derived.is_null() && derived.at("schema") != written.value("schema", ""));
}

CheckedResult check_result(const std::filesystem::path& folder) {
  CheckedResult checked;
  checked.problems = check_manifest(folder);
  try {
    checked.written = read_json(folder / "result.json");
    checked.derived = derive(read_records(folder, checked.problems));
  } catch (const Error& error) {  // a file is missing or damaged, or the chain is broken
    checked.problems.emplace_back(error.what());
  } catch (const std::exception& error) {  // of a library: a key that is missing, a number out of range
    checked.underivable = std::string("a file does not hold what it should: ") + error.what();
  }
  return checked;
}

VerifiedResult open_verified(const std::filesystem::path& folder) {
  check_usage(std::filesystem::is_directory(folder), "{} is not a directory", folder.string());
  const CheckedResult checked = check_result(folder);
  std::vector<std::string> problems = checked.problems;
  const std::vector<std::string> changed = checked.figures().changed;
  const Json own = this_program_json();
  if (!checked.is_of_another(own)) {
    const std::vector<std::string> all = checked.figures().all();
    problems.insert(problems.end(), all.begin(), all.end());
  }
  if (!problems.empty())
    throw Error(Exit::invalid, fmt::format("{} is not what was measured: {}; tandem verify tells all", folder.string(),
                                           problems.front()));
  if (!changed.empty())
    fmt::print(
        stderr,
        "tandem: {} was written by {}, this is {}, which derives other figures; those that were sealed are shown\n",
        folder.string(), program_name(checked.written.at("tandem")), program_name(own));
  return {checked.written, sha256_file(folder / "manifest-sha256.txt")};
}

}  // namespace tandem
