// tandem cite: what a paper needs to cite a result, after its seal was checked.
#include <memory>

#include <CLI/CLI.hpp>

#include "harness/decide/citation.hpp"
#include "harness/result/files.hpp"
#include "harness/verbs/verbs.hpp"
#include "harness/verbs/verified.hpp"

namespace tandem {
namespace {

Exit cite(const std::string& folder, bool only_bibtex) {
  const VerifiedResult result = open_verified(folder);
  if (!only_bibtex) {
    const Json plan = read_json(std::filesystem::path(folder) / "plan.json");
    fmt::print("{}\n", citation_text(plan, result.document, result.root, 100));
  }
  fmt::print("{}", bibtex(result.document, result.root));
  return Exit::ok;
}

}  // namespace

void add_cite(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("cite", "Prints what a paper needs to cite a result, with a BibTeX entry");
  const auto folder = std::make_shared<std::string>();
  const auto only_bibtex = std::make_shared<bool>(false);
  verb->add_option("DIR", *folder, "A result directory; its seal is checked first")->required();
  verb->add_flag("--bibtex", *only_bibtex, "The BibTeX entries only");
  verb->footer(
      "Program, commit, root, machine (its host as a digest), libraries, seeds and cases; add yourselves as authors of "
      "the "
      "result.\nexamples:\n  tandem cite results/2026-01-31-official\n  tandem cite results/2026-01-31-official "
      "--bibtex "
      ">> paper.bib");
  verb->callback([folder, only_bibtex, &perform] { perform = [=] { return cite(*folder, *only_bibtex); }; });
}

}  // namespace tandem
