// tandem reproduce: published figures, the case of Tandem that measures the same thing, and both side by side.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>
#include <unistd.h>

#include "harness/decide/reproduction.hpp"
#include "harness/launch/config.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/format.hpp"
#include "harness/result/summary.hpp"
#include "harness/result/text_table.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"
#include "harness/verbs/verified.hpp"

namespace tandem {
namespace {

struct ReproduceOptions {
  std::string id;  // or a glob, or ""
  std::string of;  // a sealed result instead of a run
  std::string run_class = "quick", dir, out;
  std::vector<std::string> changes;  // key=value
  int launches = 0, ranks = 0;
  bool dry_run = false;
};

std::string case_text(const Metric& metric) {
  return metric.match == Match::none  ? "-"
         : metric.match == Match::kin ? "~ " + metric.case_name()
                                      : metric.case_name();
}

Exit list_figures(const std::string& glob) {
  const Published& published = Published::shipped();
  TextTable table;
  table.row(
      {{"id", Style::bold}, {"published", Style::bold, true}, {"date", Style::bold}, {"measured by", Style::bold}});
  std::size_t shown = 0;
  for (const PublishedFigure& figure : published.figures()) {
    if (!glob.empty() && !glob_match(glob, figure.id)) continue;
    ++shown;
    table.row({{figure.id},
               {figure.text() + (figure.verified() ? "" : " ?"), Style::plain, true},
               {figure.date},
               {case_text(published.metric_of(figure))}});
  }
  check_usage(shown > 0, "no published figure matches \"{}\"; tandem reproduce lists all", glob);
  fmt::print("{}{} of {} figures; ? no source checked, ~ of the same kind only, - measured by nothing of Tandem\n",
             table.text(100, ::isatty(STDOUT_FILENO) == 1), shown, published.figures().size());
  return Exit::ok;
}

std::vector<std::pair<std::string, std::string>> changes_of(const ReproduceOptions& options) {
  std::vector<std::pair<std::string, std::string>> changes;
  for (const std::string& change : options.changes) {
    const std::size_t equals = change.find('=');
    check_usage(equals != std::string::npos && equals > 0, "--set {}: write KEY=VALUE, a setting of the case", change);
    changes.emplace_back(change.substr(0, equals), change.substr(equals + 1));
    check_usage(changes.back().first != "name", "--set {}: the case is the metric's", change);
  }
  return changes;
}

void show_published(const PublishedFigure& figure, const Metric& metric) {
  fmt::print("{}", wrapped(fmt::format("published   {}, {}: {} ({}){}", figure.system, metric_title(metric, figure),
                                       figure.text(), figure.date, figure.note.empty() ? "" : "; " + figure.note),
                           100, 12));
  fmt::print("{}", wrapped("source      " + (figure.source.empty() ? "none" : figure.source), 100, 12));
  fmt::print("{}", wrapped("evidence    " + figure.evidence_text(), 100, 12));
  fmt::print("{}", wrapped("what        " + metric.what, 100, 12));
  if (metric.match != Match::none)
    fmt::print("{}", wrapped(fmt::format("measured by {} ({}){}", metric.case_name(), metric.figure,
                                         metric.match == Match::kin ? ", of the same kind only: " + metric.reason : ""),
                             100, 12));
}

// The last lines, for scripts; the published figure is a line of its own, so that nobody takes it for a measured one.
void show_contract(const Json& record, const Json& document) {
  const Json& published = record.at("published");
  Json foms = Json::array();
  for (const Json& one : record.at("measured"))
    for (const Json& fom : document.at("foms"))
      if (fom.at("name") == one.at("fom")) foms.push_back(fom);
  fmt::print("{}", contract({{"foms", foms}, {"checks", Json::array()}}));
  fmt::print("TANDEM-PUBLISHED v1 {} = {:.9e} {} date={} evidence={} match={}\n{}\n", text_or_empty(published, "id"),
             published.at("si_value").get<double>(), text_or_empty(published, "si_unit"),
             text_or_empty(published, "date"), text_or_empty(published, "evidence"), text_or_empty(record, "match"),
             result_line(document, text_or_empty(record.at("result"), "root")));
}

// A run that ended early gives no record; its exit code is its own.
Exit beside(const PublishedFigure& figure, const Metric& metric, const Json& document, const std::string& root,
            const std::filesystem::path& folder, std::string out) {
  const Json record = reproduction_of(figure, metric, document, root, this_program_json());
  if (out.empty()) out = folder.lexically_normal().string() + ".reproduce-" + figure.id + ".json";
  fmt::print("{}", reproduction_text(record, 100, ::isatty(STDOUT_FILENO) == 1));
  write_file(out, record.dump(1) + "\n");
  fmt::print("record     {}\n\n", out);
  show_contract(record, document);
  Exit worst = Exit::ok;
  for (const Json& one : record.at("measured"))
    if (const Exit code = exit_of_status(one.at("status")); code != Exit::ok) worst = code;
  return worst;
}

Exit reproduce(const ReproduceOptions& options) {
  if (options.id.empty() || options.id.find_first_of("*?[") != std::string::npos) return list_figures(options.id);
  const Published& published = Published::shipped();
  const PublishedFigure& figure = published.find(options.id);
  const Metric& metric = published.metric_of(figure);
  if (metric.match == Match::none) {
    show_published(figure, metric);
    fmt::print("{}", wrapped("measured by nothing of Tandem: " + metric.reason, 100, 12));
    return Exit::skipped;
  }
  if (!options.of.empty()) {
    const VerifiedResult result = open_verified(options.of);
    return beside(figure, metric, result.document, result.root, options.of, options.out);
  }
  RunOptions run;
  run.text = configuration_of(metric, options.run_class, options.ranks > 0 ? options.ranks : metric.ranks,
                              changes_of(options));
  run.config = figure.id;
  run.launches = options.launches;
  run.out = options.dir;
  if (options.dry_run) {
    show_published(figure, metric);
    fmt::print("\nthe configuration:\n\n{}\n", run.text);
    show_plan_of(run);
    return Exit::ok;
  }
  const Measured measured = measure(run);
  if (measured.code != Exit::ok) return measured.code;
  fmt::print("\n");
  return beside(figure, metric, measured.document, measured.root, measured.folder, options.out);
}

}  // namespace

void add_reproduce(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("reproduce", "Lists published figures, or measures one's case and shows both");
  const auto options = std::make_shared<ReproduceOptions>();
  verb->add_option("ID", options->id, "A published figure; without one, or with a glob, they are listed");
  CLI::Option* of = verb->add_option("--of", options->of, "A sealed result that holds the case, instead of a run");
  for (CLI::Option* option :
       {verb->add_option("--class", options->run_class, "quick, standard, official or procurement")
            ->capture_default_str(),
        verb->add_option("--launches", options->launches, "Fresh launches, at least those of the class")
            ->check(CLI::PositiveNumber),
        verb->add_option("--ranks", options->ranks, "MPI ranks; default: as few as the case needs")
            ->check(CLI::PositiveNumber),
        verb->add_option("--set", options->changes, "KEY=VALUE, a setting other than the published one, e.g. n=4096"),
        verb->add_option("--dir", options->dir, "The result directory; default results/<date>-<class>"),
        static_cast<CLI::Option*>(
            verb->add_flag("--dry-run", options->dry_run, "Shows the configuration and runs nothing"))})
    option->excludes(of);
  verb->add_option("--out", options->out, "The record's file; default <result directory>.reproduce-<ID>.json");
  verb->footer(
      "Both figures are printed with what may differ: scale, size, rules, precision, date, method. What is only of the "
      "same kind gets no ratio. Class quick leaves the machine's limits out.\nexamples:\n  tandem reproduce "
      "'frontier*'\n  tandem reproduce "
      "raspberry-pi-5-8gb-hpl-2026-04 "
      "--set n=8192\n  tandem reproduce piz-daint-gpu-node-hpcg-2018 --of results/2026-01-31-standard\nexit codes: "
      "those of "
      "run; 77 where nothing of Tandem measures it");
  verb->callback([options, &perform] { perform = [options] { return reproduce(*options); }; });
}

}  // namespace tandem
