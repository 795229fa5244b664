#include "harness/verbs/rerun.hpp"

#include <algorithm>
#include <csignal>

#include <unistd.h>

#include "harness/base/random.hpp"
#include "harness/decide/evidence.hpp"
#include "harness/decide/finding.hpp"
#include "harness/launch/process.hpp"
#include "harness/launch/progress.hpp"
#include "harness/result/files.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr double longest_launch = 6 * 3600.0;  // the plan's own timeout ends a worker long before
constexpr double first_guess = 20;             // seconds of a launch, until some have been run

struct Turn {
  std::string path;  // of the case
  int launch = 0;
  bool fresh = false;
};

std::vector<Turn> turns_of(const std::vector<std::string>& cases, const RerunOptions& options) {
  std::vector<Turn> turns;
  for (const std::string& path : cases)
    for (int launch = 0; launch < options.launches; ++launch) {
      const bool first = random_bits(options.seed, 577, turns.size()) % 2 == 1;
      turns.push_back({path, launch, first});
      turns.push_back({path, launch, !first});
    }
  return turns;
}

std::string file_name(std::string path) {
  std::replace(path.begin(), path.end(), '/', '_');
  std::replace(path.begin(), path.end(), ':', '_');
  return path;
}

// The last line of a log that says something: why a program ended.
std::string last_line(const fs::path& log) {
  std::string last = "its log is empty";
  std::string text = fs::exists(log) ? read_file(log) : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  if (!text.empty()) last = text.substr(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  return last;
}

std::vector<double> costs_of(const std::vector<fs::path>& folders, const std::string& fom) {
  std::vector<double> costs;
  for (const fs::path& folder : folders)
    for (const Evidence& evidence : evidence_of(read_json(folder / "result.json")))
      if (evidence.name == fom) costs.insert(costs.end(), evidence.costs.begin(), evidence.costs.end());
  return costs;
}

}  // namespace

Rerun run_again(const std::vector<std::string>& cases, const RerunOptions& options) {
  for (const std::string& program : {options.fresh, options.good})
    check_usage(::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program),
                "{} is no program that can be started", program);
  check_usage(fs::is_regular_file(options.config), "{} is no configuration: give the nights' own with --config",
              options.config);
  check_usage(!fs::exists(options.out), "{} exists already; choose another --out", options.out.string());
  fs::create_directories(options.out);
  const std::vector<Turn> turns = turns_of(cases, options);
  fmt::print("{} and {} again in turn: {} launches of {} case{} each, into {}; order by seed {}\n", options.fresh,
             options.good, options.launches, cases.size(), cases.size() == 1 ? "" : "s", options.out.string(),
             options.seed);
  catch_signals();
  Progress progress(std::vector<double>(turns.size(), first_guess), ::isatty(STDOUT_FILENO) == 1);
  Rerun rerun;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    const Turn& turn = turns[i];
    const fs::path folder =
        options.out / file_name(turn.path) / fmt::format("{:02}-{}", turn.launch + 1, turn.fresh ? "new" : "good");
    const fs::path log = folder.string() + ".log";
    fs::create_directories(folder.parent_path());
    progress.begin(i, fmt::format("{} {}", turn.fresh ? "new " : "good", turn.path));
    const Ended ended =
        run_process({fs::absolute(turn.fresh ? options.fresh : options.good).string(), "run", options.config,
                     "--filter", turn.path, "--launches", "1", "--out", folder.string()},
                    log, longest_launch, [&] { progress.tick(); });
    if (ended.interrupted || caught_signal() != 0) {
      progress.end("interrupted");
      fmt::print("interrupted; {} of {} launches are kept in {}\n", i, turns.size(), options.out.string());
      rerun.code = caught_signal() == SIGTERM ? Exit::terminated : Exit::interrupted;
      return rerun;
    }
    progress.end(ended.ok ? "" : ended.why);
    check(ended.ok && fs::exists(folder / "result.json"), "{} could not measure {}: {} ({}; see {})",
          turn.fresh ? options.fresh : options.good, turn.path, ended.why, last_line(log), log.string());
    (turn.fresh ? rerun.fresh : rerun.good).push_back(folder);
  }
  return rerun;
}

std::vector<Json> findings_of(const Rerun& rerun, const std::vector<std::pair<std::string, double>>& foms) {
  std::vector<Contrast> contrasts;
  std::vector<double> p;
  for (const auto& [fom, delta] : foms) {
    const std::vector<double> fresh = costs_of(rerun.fresh, fom), good = costs_of(rerun.good, fom);
    check(!fresh.empty() && !good.empty(), "no launch of the rerun has {}", fom);
    contrasts.push_back(contrast(good, fresh));  // the good one's costs over tonight's
    p.push_back(contrasts.back().ratio.p);
  }
  p = holm(p);
  std::vector<Json> findings;
  for (std::size_t i = 0; i < foms.size(); ++i) {
    const Contrast& found = contrasts[i];
    const auto& ci = found.ratio.ci;
    findings.push_back({{"verdict", finding_word(finding_of(found, p[i], foms[i].second))},
                        {"ratio", 1 / found.ratio.value},
                        {"ci95", ci ? Json{1 / ci->high, 1 / ci->low} : Json(nullptr)},
                        {"p", p[i]},
                        {"launches", {found.launches_b, found.launches_a}}});
  }
  return findings;
}

}  // namespace tandem
