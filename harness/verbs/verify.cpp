// tandem verify: re-hashes every file, follows the ledger's chain, and derives every figure again from the samples.
// Of a revalidation's record: its seal, and its verdicts from its errors.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "harness/base/digest.hpp"
#include "harness/result/differences.hpp"
#include "harness/result/files.hpp"
#include "harness/result/revalidation.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"
#include "harness/verbs/verified.hpp"

namespace tandem {
namespace {

void show(const std::vector<std::string>& lines) {
  constexpr std::size_t kShown = 20;
  for (std::size_t i = 0; i < std::min(lines.size(), kShown); ++i) fmt::print("{}\n", lines[i]);
  if (lines.size() > kShown) fmt::print("... and {} more\n", lines.size() - kShown);
}

Exit undecided(const std::filesystem::path& folder, const CheckedResult& checked, const Json& own,
               const std::vector<std::string>& changed) {
  show(changed);
  fmt::print(
      "UNDECIDED: {} was written by {}, this is {}: files and ledger hold; {} entr{} of result.json differ{}, since "
      "the "
      "derivation has changed or they were; verify with the version that wrote it\n",
      folder.string(), program_name(checked.written.at("tandem")), program_name(own), changed.size(),
      changed.size() == 1 ? "y" : "ies", changed.size() == 1 ? "s" : "");
  return Exit::undecided;
}

Exit verify_revalidation(const std::filesystem::path& file) {
  const Json record = read_json(file);
  const std::vector<std::string> problems = check_revalidation(record);
  show(problems);
  if (!problems.empty()) {
    fmt::print("INVALID: {} is not the record of a revalidation as it was written\n", file.string());
    return Exit::invalid;
  }
  const Json& result = record.at("result");
  fmt::print("the seal of {} holds; its {} checks follow from the errors of {} launches of {}, nonce {}\n{}\n",
             file.string(), record.at("checks").size(), record.at("launches").size(),
             result.at("folder").get<std::string>(), record.at("nonce").get<std::string>(),
             result_line(record, result.at("root").get<std::string>()));
  return Exit::ok;
}

}  // namespace

Exit verify(const std::filesystem::path& folder, bool last) {
  if (is_revalidation(folder)) return verify_revalidation(folder);
  check_usage(std::filesystem::is_directory(folder), "{} is not a directory", folder.string());
  const CheckedResult checked = check_result(folder);
  const Differences figures = checked.figures();
  const Json own = this_program_json();
  const bool other = checked.is_of_another(own);
  std::vector<std::string> problems = checked.problems;
  if (!other) {
    const std::vector<std::string> all = figures.all();
    problems.insert(problems.end(), all.begin(), all.end());
  }
  if (!problems.empty()) {
    show(problems);
    fmt::print("INVALID: {} is not what was measured\n", folder.string());
    return Exit::invalid;
  }
  if (!figures.changed.empty()) return undecided(folder, checked, own, figures.changed);
  if (other)
    fmt::print("written by {}, this is {}: all that it holds follows from the samples; {} entries are new since\n",
               program_name(checked.written.at("tandem")), program_name(own), figures.added.size());
  const std::string root = sha256_file(folder / "manifest-sha256.txt");
  fmt::print(
      "{} files match the manifest; the ledger's chain holds; {} figures and {} checks follow from the samples\n",
      folder.string(), checked.written.at("foms").size(), checked.written.at("checks").size());
  if (last) fmt::print("{}\n", result_line(checked.written, root));
  return Exit::ok;
}

void add_verify(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand(
      "verify", "Checks a result directory: hashes, chain, and every figure derived again; or a revalidation's record");
  const auto folder = std::make_shared<std::string>();
  verb->add_option("DIR", *folder, "A result directory")->required();
  verb->footer("example: tandem verify results/2026-01-31-quick");
  verb->callback([folder, &perform] { perform = [folder] { return verify(*folder); }; });
}

}  // namespace tandem
