// tandem compare: sealed results against the first of them. Each is verified before anything of it is read.
#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/decide/comparison.hpp"
#include "harness/decide/comparison_page.hpp"
#include "harness/decide/comparison_text.hpp"
#include "harness/result/files.hpp"
#include "harness/result/page.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

struct CompareOptions {
  std::vector<std::string> folders;
  std::vector<std::string> thresholds;  // files of tandem aa
  std::string reference, page, markdown, json;
};

// Throws where the result does not hold, with the code of verify.
Compared verified(const std::string& label, const fs::path& folder) {
  check_usage(fs::is_directory(folder), "{} is not a directory", folder.string());
  check_usage(fs::exists(folder / "result.json"),
              "{} holds no result.json: the run did not end; go on with tandem run --resume {}", folder.string(),
              folder.string());
  if (const Exit code = verify(folder, false); code != Exit::ok)
    throw Error(code, fmt::format("{} is not compared: tandem verify {} it", folder.string(),
                                  code == Exit::undecided ? "cannot decide on" : "refuses"));
  return {label,
          folder.string(),
          sha256_file(folder / "manifest-sha256.txt"),
          read_json(folder / "result.json"),
          read_json(folder / "plan.json"),
          std::nullopt};
}

std::vector<Compared> read_all(const std::vector<std::string>& folders) {
  std::vector<Compared> results;
  for (const std::string& folder : folders) {
    results.push_back(verified(std::string(1, static_cast<char>('A' + results.size())), folder));
    for (std::size_t i = 0; i + 1 < results.size(); ++i)
      check_usage(results[i].root != results.back().root, "{} and {} are the same result, root {}", results[i].folder,
                  folder, results[i].root.substr(0, 12));
  }
  return results;
}

// A file of tandem aa speaks for every result of its machine.
void take_thresholds(const std::vector<std::string>& files, std::vector<Compared>& results) {
  for (const std::string& file : files) {
    check_usage(fs::is_regular_file(file), "{} is no file; make one with tandem aa", file);
    const Json aa = read_json(file);
    const Json fingerprint =
        aa.is_object() && aa.contains("machine") ? aa.at("machine").value("fingerprint", Json()) : Json(nullptr);
    const auto fits = [&](const Compared& result) {
      return fingerprint == machine_fingerprint(result.document.at("machine"));
    };
    if (std::none_of(results.begin(), results.end(), fits))
      read_aa(file, results.front().document.at("machine"));  // tells what it is instead
    for (Compared& result : results)
      if (fits(result)) result.aa = read_aa(file, result.document.at("machine"));
  }
}

void write_page(const CompareOptions& options, const Json& comparison) {
  std::vector<std::string> records;
  for (const std::string& folder : options.folders) records.push_back(records_beside(folder, options.page));
  write_file(options.page, comparison_page(comparison, records));
}

Exit compare(const CompareOptions& options) {
  check_usage(options.folders.size() >= 2, "compare takes two or more result directories");
  check_usage(options.folders.size() <= 26, "compare takes at most 26 result directories");
  std::vector<Compared> results = read_all(options.folders);
  take_thresholds(options.thresholds, results);
  std::optional<Compared> reference;
  if (!options.reference.empty()) reference = verified("reference", options.reference);
  Json comparison = comparison_of(results, reference ? &*reference : nullptr);
  comparison["tandem"] = this_program_json();
  const Outcomes outcomes = outcomes_of(comparison);
  fmt::print("\n{}", comparison_text(comparison, ::isatty(STDOUT_FILENO) == 1));
  if (!options.json.empty()) write_file(options.json, comparison.dump(1) + "\n");
  if (!options.markdown.empty()) write_file(options.markdown, comparison_markdown(comparison));
  if (!options.page.empty()) write_page(options, comparison);
  for (const std::string& file : {options.page, options.markdown, options.json})
    if (!file.empty()) fmt::print("written: {}\n", file);
  fmt::print("\n{}", comparison_contract(comparison));
  check_usage(outcomes.compared > 0, "nothing of {} may be compared with A; the reasons stand above",
              options.folders.size() == 2 ? "B" : "the others");
  return outcomes.decided == 0 ? Exit::undecided : Exit::ok;
}

}  // namespace

void add_compare(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("compare", "Sets results against the first of them: ratios and verdicts");
  const auto options = std::make_shared<CompareOptions>();
  verb->add_option("DIR", options->folders, "Result directories, two or more; each is compared with the first")
      ->required()
      ->expected(1, 1000);
  verb->add_option("--aa", options->thresholds,
                   "What a machine differs from itself, a file of tandem aa; may be given for each machine")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--reference", options->reference, "The result that scores are against; default: the first");
  verb->add_option("--out", options->page, "Writes one self-contained page, *.html");
  verb->add_option("--markdown", options->markdown, "Writes the same as Markdown");
  verb->add_option("--json", options->json, "Writes the same for programs (results/schema/comparison-1.schema.json)");
  verb->footer(
      "Every directory is verified first. Verdicts are for the headline figures of the first one's plan.\n"
      "examples:\n  tandem compare results/old results/new --out comparison.html\n  tandem compare results/a results/b "
      "results/c --aa a.json --aa b.json --markdown comparison.md\n"
      "exit codes: 0 at least one headline figure has a verdict, 2 nothing may be compared, 3 a directory is INVALID, "
      "5 no headline figure could be decided");
  verb->callback([options, &perform] { perform = [options] { return compare(*options); }; });
}

}  // namespace tandem
