// tandem aa: the A/A threshold of a machine. The same program and cases are measured as A and as B, fresh launches of
// both in turn; the run stays beside the threshold as a sealed result directory.
#include <algorithm>
#include <cmath>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/result/aa_threshold.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/summary.hpp"
#include "harness/result/text_table.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

struct AaOptions {
  RunOptions run;  // out: the file of the threshold; "" = beside the run's directory
  int pairs = 6;
  std::string of;  // a run that was measured before instead
};

std::string interval(const Json& ci) {
  return ci.is_null() ? "-" : fmt::format("[{:.3f}, {:.3f}]", ci[0].get<double>(), ci[1].get<double>());
}

void show_cases(const Json& aa, bool terminal) {
  TextTable table;
  table.row({{"case", Style::bold},
             {"A / B", Style::bold, true},
             {"CI95", Style::bold, true},
             {"single ratios", Style::bold, true}});
  for (const Json& one : aa.at("cases")) {
    const auto ratios = one.at("ratios").get<std::vector<double>>();
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    table.row({{one.at("case").get<std::string>()},
               {fmt::format("{:.3f}", one.at("ratio").get<double>()), Style::plain, true},
               {interval(one.at("ci95")), Style::plain, true},
               {fmt::format("{:.3f} to {:.3f}", *least, *most), Style::plain, true}});
  }
  for (const Json& one : aa.at("left_out"))
    table.row({{one.at("case").get<std::string>()},
               {"left out: " + one.at("reason").get<std::string>(), Style::dim, false, true}});
  fmt::print("{}", table.text(100, terminal));
}

void show_kinds(const Json& aa) {
  for (const char* kind : {"kernel", "pipeline"}) {
    const Json& found = aa.at(kind);
    if (found.is_null())
      fmt::print("{}: not measured\n", kind);
    else
      fmt::print("{}: A and B differ by at most {:.1f} % over {} cases: differences below {:.1f} % decide nothing\n",
                 kind, 100 * std::expm1(found.at("difference").get<double>()), found.at("cases").get<int>(),
                 100 * std::expm1(found.at("delta").get<double>()));
  }
}

Json foms_of(const Json& aa) {
  Json foms = Json::array();
  for (const char* kind : {"kernel", "pipeline"})
    for (const char* figure : {"difference", "delta"}) {
      const Json& found = aa.at(kind);
      foms.push_back({{"name", fmt::format("aa.{}.{}", kind, figure)},
                      {"value", found.is_null() ? Json(nullptr) : found.at(figure)},
                      {"unit", "1"},
                      {"ci95", nullptr},
                      {"launches", 2 * aa.at("run").at("pairs").get<int>()},
                      {"samples", found.is_null() ? Json(0) : found.at("ratios").at("n")},
                      {"status", aa.at("run").at("status")},
                      {"reason", found.is_null() ? Json(fmt::format("no {} was measured", kind)) : Json(nullptr)}});
    }
  return foms;
}

fs::path folder_of(const fs::path& file) {
  check_usage(file.extension() == ".json", "--out {}: write a name that ends in .json", file.string());
  check_usage(!fs::exists(file), "{} exists already; choose another --out", file.string());
  return fs::path(file).replace_extension();
}

Exit aa(const AaOptions& options) {
  fs::path folder = options.of, file = options.run.out;
  if (options.of.empty()) {
    RunOptions run = options.run;
    run.pairs = options.pairs;
    if (!run.out.empty()) run.out = folder_of(run.out).string();
    const Measured measured = measure(run);
    folder = measured.folder;
    if (measured.code != Exit::ok) {
      fmt::print("and then: tandem aa --of {}\n", folder.string());
      return measured.code;
    }
  } else if (const Exit code = verify(folder, false); code != Exit::ok) {
    return code;
  }
  if (file.empty()) file = fs::path(folder.lexically_normal().string() + ".json");
  check_usage(!fs::exists(file), "{} exists already; choose another --out", file.string());
  std::vector<std::string> problems;
  const Json document = read_json(folder / "result.json");
  const std::string root = sha256_file(folder / "manifest-sha256.txt");
  const Json threshold = aa_of(read_records(folder, problems), document, root);
  const int pairs = threshold.at("run").at("pairs");
  fmt::print("\nA/A of this machine ({}, {} cores), {} launch{} a side in turn{}\n",
             threshold.at("machine").at("cpu").get<std::string>(), threshold.at("machine").at("cores").dump(), pairs,
             pairs == 1 ? "" : "es", pairs < 6 ? "; from 6 on there are intervals" : "");
  show_cases(threshold, ::isatty(STDOUT_FILENO) == 1);
  show_kinds(threshold);
  write_file(file, threshold.dump(1) + "\n");
  fmt::print("saved: {} (of the run {})\n\n", file.string(), folder.string());
  fmt::print("{}{}\n", contract({{"foms", foms_of(threshold)}, {"checks", Json::array()}}),
             result_line(document, root));
  return threshold.at("cases").empty() ? exit_of(document) : Exit::ok;
}

}  // namespace

void add_aa(CLI::App& app, Perform& perform) {
  CLI::App* verb =
      app.add_subcommand("aa", "Measures how much this machine differs from itself: below that no comparison decides");
  const auto options = std::make_shared<AaOptions>();
  verb->add_option("CONFIG", options->run.config, "A TOML file as for run; without it the quick configuration");
  verb->add_option("--filter", options->run.filter, "Only cases whose path matches this glob, e.g. 'dense/*'");
  verb->add_option("--launches", options->pairs, "Fresh launches of every case on each side; from 6 on with intervals")
      ->check(CLI::Range(1, 50))
      ->capture_default_str();
  verb->add_option("--out", options->run.out,
                   "The threshold's file, *.json; the run goes into a directory of that name without .json; default "
                   "results/<date>-aa.json");
  verb->add_option("--of", options->of, "The directory of a run that tandem aa measured before, e.g. after --resume")
      ->excludes("CONFIG", "--filter", "--launches");
  verb->footer(
      "The time is that of a run of the configuration, without its limits, times two times the launches.\n"
      "examples:\n  tandem aa --filter 'dense/*' --out results/aa.json\n  tandem aa configs/standard.toml --launches "
      "10\n  tandem aa --of results/2026-01-31-aa");
  verb->callback([options, &perform] { perform = [options] { return aa(*options); }; });
}

}  // namespace tandem
