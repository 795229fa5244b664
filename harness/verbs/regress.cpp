// tandem regress: adds nights to a history, judges the newest, has a suspicion decided by running both programs again,
// and tells the verdict on the terminal, on a page and as a record.
#include <algorithm>
#include <ctime>
#include <memory>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/decide/night.hpp"
#include "harness/decide/regression.hpp"
#include "harness/decide/regression_text.hpp"
#include "harness/result/files.hpp"
#include "harness/result/page.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/rerun.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

struct RegressOptions {
  std::string history, aa, out, accept;
  std::vector<std::string> add;
  RerunOptions rerun;
  bool seed_given = false;
};

fs::path record_of(const fs::path& page) { return fs::path(page).replace_extension(".json"); }

void check_options(const RegressOptions& options) {
  const RerunOptions& rerun = options.rerun;
  if (!options.out.empty()) {
    check_usage(fs::path(options.out).extension() == ".html", "--out {}: write a name that ends in .html", options.out);
    for (const fs::path& file : {fs::path(options.out), record_of(options.out)})
      check_usage(!fs::exists(file), "{} exists already; choose another --out", file.string());
  }
  check_usage(rerun.fresh.empty() == rerun.good.empty(),
              "a suspicion is decided by two programs: give both --new and --good");
  check_usage(rerun.fresh.empty() || (!rerun.config.empty() && !options.out.empty()),
              "--new and --good need the nights' plan, --config FILE, and --out FILE.html, beside which the launches "
              "are kept");
}

// ok, or verify's code for a directory that does not hold.
Exit add_result(const fs::path& history, const fs::path& folder) {
  if (const Exit code = verify(folder, false); code != Exit::ok) return code;
  const Night night = night_of(read_json(folder / "result.json"), read_json(folder / "machine.json"),
                               sha256_file(folder / "manifest-sha256.txt"));
  fmt::print("added: {}\n", add_night(history, night).string());
  return Exit::ok;
}

AaThreshold delta_of(const RegressOptions& options, const History& history) {
  return options.aa.empty() ? AaThreshold{} : read_aa(options.aa, history.newest.back().machine);
}

double delta_of(const Json& document, const std::string& fom) {
  for (const Json& series : document.at("series"))
    if (series.at("fom") == fom) return series.at("delta");
  return pipeline_delta_floor;
}

// Runs both programs again for what they can decide, and writes what that says into the document.
Exit decide_again(const RegressOptions& options, Json& document) {
  const std::vector<std::string> cases = cases_to_confirm(document);
  if (options.rerun.fresh.empty() || cases.empty()) return Exit::ok;
  RerunOptions rerun_options = options.rerun;
  rerun_options.out = fs::path(options.out).replace_extension("").string() + "-rerun";
  if (!options.seed_given) rerun_options.seed = static_cast<std::uint64_t>(std::time(nullptr));
  const Rerun rerun = run_again(cases, rerun_options);
  if (rerun.code != Exit::ok) return rerun.code;
  std::vector<std::pair<std::string, double>> foms;
  for (const Json& alarm : document.at("alarms")) {
    const std::string fom = alarm.at("fom");
    const auto same = [&](const auto& known) { return known.first == fom; };
    if (std::find(cases.begin(), cases.end(), alarm.at("case").get<std::string>()) != cases.end() &&
        std::none_of(foms.begin(), foms.end(), same))
      foms.emplace_back(fom, delta_of(document, fom));
  }
  const std::vector<Json> findings = findings_of(rerun, foms);
  for (std::size_t i = 0; i < foms.size(); ++i) confirm(document, foms[i].first, findings[i]);
  document["rerun"] = {{"folder", rerun_options.out.string()}, {"seed", rerun_options.seed}};
  fmt::print("\n");
  return Exit::ok;
}

void write_page(const std::string& out, const std::string& history, const Json& document) {
  if (out.empty()) return;
  if (const fs::path folder = fs::path(out).parent_path(); !folder.empty()) fs::create_directories(folder);
  write_file(record_of(out), document.dump(1) + "\n");
  write_file(out, page({.title = "Tandem nights: " + document.at("verdict").get<std::string>(),
                        .scripts = {"nights.js"},
                        .document = document,
                        .text = regression_text(document, false),
                        .records = {records_beside(history, out)}}));
  fmt::print("\npage: {}, record: {}\n", out, record_of(out).string());
}

Exit regress(const RegressOptions& options) {
  check_options(options);
  for (const std::string& folder : options.add)
    if (const Exit code = add_result(options.history, folder); code != Exit::ok) return code;
  const History history = read_history(options.history);
  check_usage(!history.newest.empty(), "{} holds no night yet; add one with --add RESULT_DIR", options.history);
  Json document = judge_history(history, delta_of(options, history));
  document["tandem"] = this_program_json();
  document["rerun"] = nullptr;
  if (const Exit code = decide_again(options, document); code != Exit::ok) return code;
  fmt::print("{}", regression_text(document, ::isatty(STDOUT_FILENO) == 1));
  write_page(options.out, options.history, document);
  if (!options.accept.empty()) {
    const Accepted accepted = acceptance_of(document, options.accept);
    check_usage(!accepted.since.empty(), "there is nothing to accept: no alarm stands");
    fmt::print("accepted: {} series start anew, in {}\n", accepted.since.size(),
               add_accepted(options.history, accepted).string());
  }
  fmt::print("\n{}", regression_contract(document));
  return options.accept.empty() ? exit_of_regression(document) : Exit::ok;
}

}  // namespace

void add_regress(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("regress", "Watches a history of nights: has something become dearer?");
  const auto options = std::make_shared<RegressOptions>();
  verb->add_option("--history", options->history, "The history's directory: one small file a night, never changed")
      ->required();
  verb->add_option("--add", options->add, "A sealed result directory: verified first, then added as its night");
  verb->add_option("--aa", options->aa, "This machine's A/A threshold (tandem aa): no less than that is a difference");
  verb->add_option("--out", options->out, "The trend page, *.html; the record goes beside it as *.json");
  verb->add_option("--new", options->rerun.fresh, "Tonight's program, to be run again where a night is suspect");
  verb->add_option("--good", options->rerun.good, "The last good program, run in turn with it");
  verb->add_option("--config", options->rerun.config, "The nights' plan, of class quick: what --new and --good run");
  verb->add_option("--launches", options->rerun.launches, "Fresh launches of each program")
      ->check(CLI::Range(6, 50))
      ->capture_default_str();
  auto* seed = verb->add_option("--seed", options->rerun.seed, "Of the order of these launches; default: the time");
  verb->add_option("--accept", options->accept,
                   "Why what stands is the new normal: its series start anew, and the history keeps the reason");
  verb->footer(
      "examples:\n"
      "  tandem run configs/nightly.toml --out tonight && tandem regress --history nights --add tonight\n"
      "  tandem regress --history nights --out trend.html\n"
      "  tandem regress --history nights --new build/tandem --good /opt/tandem/good --config configs/nightly.toml "
      "--out "
      "why.html\n"
      "  tandem regress --history nights --accept 'OpenBLAS 0.3.26, slower for small n'\n"
      "exit codes: 0 nothing became dearer, 5 SUSPECT, 6 REGRESSION; 3 a result or a night is damaged");
  verb->callback([options, seed, &perform] {
    options->seed_given = seed->count() > 0;
    perform = [options] { return regress(*options); };
  });
}

}  // namespace tandem
