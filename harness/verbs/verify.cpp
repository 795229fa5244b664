// tandem verify: re-hashes every file, follows the ledger's chain, and derives every figure again from the samples.
#include <algorithm>

#include "harness/base/digest.hpp"
#include "harness/result/derive.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/verbs.hpp"

namespace tandem {

Exit verify(const std::filesystem::path& folder) {
  check_usage(std::filesystem::is_directory(folder), "{} is not a directory", folder.string());
  std::vector<std::string> problems = check_manifest(folder);
  Json document;
  try {
    const Records records = read_records(folder, problems);
    document = derive(records);
    for (const std::string& difference : differences(read_json(folder / "result.json"), document))
      problems.push_back("result.json" + difference);
  } catch (const Error& error) {
    problems.push_back(error.what());
  } catch (const Json::exception& error) {
    problems.push_back(std::string("a file does not hold what it should: ") + error.what());
  }
  if (!problems.empty()) {
    constexpr std::size_t kShown = 20;
    for (std::size_t i = 0; i < std::min(problems.size(), kShown); ++i) fmt::print("{}\n", problems[i]);
    if (problems.size() > kShown) fmt::print("... and {} more\n", problems.size() - kShown);
    fmt::print("INVALID: {} is not what was measured\n", folder.string());
    return Exit::invalid;
  }
  const std::string root = sha256_file(folder / "manifest-sha256.txt");
  fmt::print(
      "{} files match the manifest; the ledger's chain holds; {} figures and {} checks follow from the samples\n{}\n",
      folder.string(), document.at("foms").size(), document.at("checks").size(), result_line(document, root));
  return Exit::ok;
}

}  // namespace tandem
