// tandem run: plan, launch, derive, seal, tell.
#include <algorithm>
#include <csignal>
#include <ctime>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/decide/headline.hpp"
#include "harness/launch/coordinator.hpp"
#include "harness/launch/process.hpp"
#include "harness/launch/resume.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/machine.hpp"
#include "harness/result/derive.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/stop_rule.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {

std::string_view embedded_config(std::string_view name);  // made by cmake/embed.cmake

namespace {

fs::path choose_folder(const std::string& out, const std::string& run_class) {
  if (!out.empty()) {
    check_usage(!fs::exists(out) || (fs::is_directory(out) && fs::is_empty(out)),
                "{} exists already; choose another --out, or go on with an interrupted run: tandem run --resume {}",
                out, out);
    return out;
  }
  const std::string stem = fmt::format("results/{:%Y-%m-%d}-{}", fmt::localtime(std::time(nullptr)), run_class);
  fs::path folder = stem;
  for (int i = 2; fs::exists(folder); ++i) folder = fmt::format("{}-{}", stem, i);
  return folder;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder / "weights", error);
  check_usage(!error && ::access(folder.c_str(), W_OK) == 0, "cannot write {}: {}; choose another --out",
              folder.string(), error ? error.message() : "permission denied");
}

Json machine_document(const Config& config) {
  int threads = 1;
  for (const CaseConfig& item : config.cases) threads = std::max(threads, item.threads);
  Json machine = describe_machine(threads);
  machine["tandem"] = this_program_json();
  return machine;
}

void show_plan_warnings(const Json& plan) {
  std::vector<std::string> told;
  for (const Json& item : plan.at("cases")) {
    const Json problem = item.value("problem", Json::object());
    const std::string what = problem.value("provisional", ""), version = problem.value("version", "");
    if (what.empty() || std::find(told.begin(), told.end(), version) != told.end()) continue;
    fmt::print("warning: {} is provisional: {}; its results are UNOFFICIAL\n", version, what);
    told.push_back(version);
  }
}

void show_plan(const Plan& plan, const Json& document) {
  const int least = plan.config.launches, most = plan.config.launches_most;
  fmt::print("class {}, {}{} launch{} of each case, config {}\n", plan.config.run_class, least,
             most > least ? fmt::format(" to {}", most) : "", most == 1 ? "" : "es",
             plan_digest(document).substr(0, 12));
  for (const CaseConfig& item : plan.config.cases) {
    std::vector<std::string> arms;
    for (const ArmId& arm : item.arms) arms.push_back(arm.text());
    fmt::print("  {:<72} {} rank{} x {} thread{}{}\n", item.path(), item.ranks, item.ranks == 1 ? "" : "s",
               item.threads, item.threads == 1 ? "" : "s",
               !item.arms.empty() ? fmt::format(", arms {}", fmt::join(arms, ", ")) : "");
  }
  show_plan_warnings(document);
  fmt::print("{}{} launches in all; nothing was run (--dry-run)\n", most > least ? "at most " : "", plan.jobs.size());
}

// "" or why the plan's workers or meters cannot be started here.
std::string launcher_problem(const Plan& plan) {
  int ranks = 1;
  for (const CaseConfig& item : plan.config.cases) ranks = std::max(ranks, item.most_ranks());
  const std::string& launcher = plan.config.launcher;
  const std::string missing = missing_launcher(launcher, ranks);
  if (const std::string& of_meters = plan.config.meter_launcher; missing.empty() && !of_meters.empty())
    if (const std::string program = missing_launcher(of_meters, 1); !program.empty())
      return fmt::format(
          "{} of meter_launcher = \"{}\" cannot be started: install it, put it on the PATH, or change "
          "that setting",
          program, of_meters);
  if (missing.empty()) return "";
  if (launcher.empty())
    return fmt::format(
        "{} is not on the PATH, and {} ranks need it: install it, or name another with launcher = "
        "\"...\" in the configuration",
        missing, ranks);
  return fmt::format(
      "{} of launcher = \"{}\" cannot be started: install it, put it on the PATH, or change that setting", missing,
      launcher);
}

void check_launcher(const Plan& plan) {
  const std::string problem = launcher_problem(plan);
  check_usage(problem.empty(), "{}", problem);
}

struct Begun {
  Plan plan;
  Json document;
  fs::path folder;
};

Begun resume(const std::string& folder) {
  check_usage(fs::exists(fs::path(folder) / "plan.json"), "{} holds no plan.json: not the directory of a run", folder);
  check_usage(!fs::exists(fs::path(folder) / "manifest-sha256.txt"), "{} is finished and sealed; start a new run",
              folder);
  const Json document = read_json(fs::path(folder) / "plan.json");
  Begun begun{plan_of(document), document, folder};
  check_launcher(begun.plan);
  const auto changes = changes_since(read_json(fs::path(folder) / "machine.json"), machine_document(begun.plan.config));
  check_usage(changes.empty(), "{} cannot go on here: {}; go on where and with what it began, or start anew with --out",
              folder, fmt::join(changes, "; "));
  return begun;
}

Begun begin(const RunOptions& options) {
  const Overrides overrides{options.filter, options.launches, options.ranks, options.pairs};
  const Config config = !options.text.empty() ? parse_config(options.text, options.config, overrides)
                        : options.config.empty()
                            ? parse_config(std::string(embedded_config("quick.toml")), "configs/quick.toml", overrides)
                            : read_config(options.config, overrides);
  Begun begun;
  begun.plan = make_plan(config);
  begun.document = to_json(begun.plan);
  if (options.filter.empty()) check_headline(begun.document);
  if (options.dry_run) return begun;
  check_launcher(begun.plan);
  begun.folder = choose_folder(options.out, config.pairs ? "aa" : config.run_class);
  make_folder(begun.folder);
  write_file(begun.folder / "machine.json", machine_document(config).dump(1) + "\n");
  write_file(begun.folder / "hwloc.xml", topology_xml());
  write_file(begun.folder / "plan.json", begun.document.dump(1) + "\n");
  for (const char* name : {"machine.json", "hwloc.xml", "plan.json"}) sync_file(begun.folder / name);
  return begun;
}

void show_machine_warnings(const Json& machine) {
  for (const Json& warning : machine.at("warnings")) fmt::print("warning: {}\n", warning.get<std::string>());
}

std::vector<std::size_t> needed_launches(const Begun& begun) {
  const Config& config = begun.plan.config;
  std::vector<std::size_t> counts(config.cases.size(), static_cast<std::size_t>(config.launches));
  if (config.launches_most == config.launches) return counts;
  std::vector<std::string> problems;
  const Records records = read_records(begun.folder, problems);
  for (std::size_t i = 0; i < counts.size(); ++i)
    counts[i] = launches_needed(records, begun.document.at("cases").at(i)).needed;
  return counts;
}

Exit run(const RunOptions& options) {
  if (options.dry_run) {
    show_plan_of(options);
    return Exit::ok;
  }
  const Measured measured = measure(options);
  if (measured.code != Exit::ok) return measured.code;
  fmt::print("\n{}", summary(measured.document, ::isatty(STDOUT_FILENO) == 1, 100));
  fmt::print("report: {}\n\n", where_page_is(measured.folder));
  fmt::print("{}{}\n", contract(measured.document), result_line(measured.document, measured.root));
  return exit_of(measured.document);
}

}  // namespace

void show_plan_of(RunOptions options) {
  options.dry_run = true;
  const Begun begun = begin(options);
  show_plan(begun.plan, begun.document);
  if (const std::string problem = launcher_problem(begun.plan); !problem.empty()) fmt::print("note: {}\n", problem);
}

Measured measure(const RunOptions& options) {
  const double start = now_seconds();
  const std::string started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  const Begun begun = options.resume.empty() ? begin(options) : resume(options.resume);
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  catch_signals();
  show_machine_warnings(read_json(begun.folder / "machine.json"));
  show_plan_warnings(begun.document);
  fmt::print("{} cases, {}{} launches into {}\n", begun.plan.config.cases.size(),
             begun.plan.config.launches_most > begun.plan.config.launches ? "at most " : "", begun.plan.jobs.size(),
             begun.folder.string());
  Coordinator coordinator(begun.plan, begun.document, begun.folder, started, terminal);
  bool finished = coordinator.run([&] { return needed_launches(begun); });
  if (finished) {
    std::vector<std::string> problems;
    const Records records = read_records(begun.folder, problems);
    finished = coordinator.run_again(above_limit(records, derive(records)));
  }
  if (finished) coordinator.rest("after");
  coordinator.close(now_seconds() - start, !finished);
  if (!finished) {
    fmt::print("interrupted; what was measured is kept. Go on with: tandem run --resume {}\n", begun.folder.string());
    return {caught_signal() == SIGTERM ? Exit::terminated : Exit::interrupted, begun.folder, nullptr, ""};
  }
  fs::remove_all(begun.folder / "launches");
  const Sealed sealed = seal(begun.folder);
  return {Exit::ok, begun.folder, sealed.document, sealed.root};
}

void add_run(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("run", "Measures what a configuration names and seals a result directory");
  const auto options = std::make_shared<RunOptions>();
  verb->add_option("CONFIG", options->config,
                   "A TOML file (see configs/README.md); without it the quick configuration");
  verb->add_option("--filter", options->filter, "Only cases whose path matches this glob, e.g. 'dense/*' or 'heat*'");
  verb->add_option("--out", options->out, "The result directory, new or empty; default results/<date>-<class>");
  verb->add_option("--launches", options->launches, "Fresh launches of every case, at least those of the class")
      ->check(CLI::PositiveNumber);
  verb->add_option("--ranks", options->ranks, "MPI ranks of every case that names none itself")
      ->check(CLI::PositiveNumber);
  verb->add_flag("--dry-run", options->dry_run, "Shows the plan and runs nothing");
  verb->add_option("--resume", options->resume, "Goes on with the interrupted run in this directory")
      ->excludes("CONFIG", "--out", "--filter", "--launches", "--ranks", "--dry-run");
  verb->footer(
      "examples:\n  tandem run configs/quick.toml --filter 'sparse/*' --dry-run\n  tandem run --resume "
      "results/2026-01-31-standard");
  verb->callback([options, &perform] { perform = [options] { return run(*options); }; });
}

}  // namespace tandem
