// tandem revalidate: the frozen weights of a result face hold-outs that follow from a nonce picked after it was handed
// over, outside any clock. Skill and answers were judged in the run: the rivals' weights are not kept.
#include <ctime>

#include <CLI/CLI.hpp>
#include <fmt/chrono.h>
#include <unistd.h>

#include "harness/base/digest.hpp"
#include "harness/base/holdout_seed.hpp"
#include "harness/device/host.hpp"
#include "harness/launch/entries.hpp"
#include "harness/launch/progress.hpp"
#include "harness/pipeline/gate.hpp"
#include "harness/pipeline/spec.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/records.hpp"
#include "harness/result/revalidation.hpp"
#include "harness/result/summary.hpp"
#include "harness/verbs/program.hpp"
#include "harness/verbs/verbs.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

struct RevalidateOptions {
  std::string folder, nonce;
  std::string out;  // "" = <DIR>.revalidation-<12 digits of the nonce's digest>.json
};

// One launch of an arm that faces the nonce.
struct Frozen {
  const LaunchRecord* launch = nullptr;
  Json item;      // its case in the plan
  fs::path file;  // "" = the coarse method of the simulation-only arm
  std::string digest;
};

fs::path record_path(const fs::path& folder, const RevalidateOptions& options) {
  fs::path path = options.out;
  if (path.empty()) {
    path = fs::canonical(folder);
    path += fmt::format(".revalidation-{}.json", sha256(options.nonce).substr(0, 12));
  }
  check_usage(!fs::exists(path), "{} exists already; choose another --out, or another nonce", path.string());
  const fs::path parent = fs::absolute(path).parent_path();
  check_usage(fs::is_directory(parent) && ::access(parent.c_str(), W_OK) == 0,
              "cannot write into {}; choose another --out", parent.string());
  return path;
}

Pipeline pipeline_of(const Json& item) {
  const PipelineEntry& entry = entry_of(pipeline_registry(), item);
  const Settings settings = settings_of(entry.parameters, item);
  const double needed = entry.memory(settings), available = available_memory_bytes();
  check_usage(needed <= available, "{} needs {:.1f} GiB, {:.1f} GiB is available: revalidate on a larger machine",
              item.at("case").get<std::string>(), needed / 0x1p30, available / 0x1p30);
  return entry.make(settings, physical_cores());
}

void check_problem(const Json& item, const Json& program) {
  const Json own = spec_json(pipeline_of(item).problem->spec());
  const Json& then = item.at("problem");
  const auto named = [](const Json& problem) {
    return fmt::format("{} ({})", problem.at("version").get<std::string>(), sha256(problem.dump()).substr(0, 12));
  };
  check_usage(own == then, "{}: the result's problem is {}, this program's {}: revalidate with {}",
              item.at("case").get<std::string>(), named(then), named(own), program_name(program));
}

// What can be revalidated; every file must be there and be what the ledger says.
std::vector<Frozen> frozen_of(const fs::path& folder, const Records& records) {
  std::vector<Frozen> all;
  for (const LaunchRecord& launch : records.launches) {
    if (launch.line.at("kind") != "arm") continue;
    Frozen one{&launch, records.plan.at("cases").at(launch.line.at("item").get<std::size_t>()), "", ""};
    const std::string id = launch.line.at("id");
    if (const std::string why = why_not_revalidated(launch, one.item); !why.empty()) {
      fmt::print("{}: not revalidated: {}\n", id, why);
      continue;
    }
    const auto weights = launch.of("weights");
    if (!weights.empty()) {
      one.file = folder / "weights" / (id + ".weights");
      one.digest = weights[0].at("sha256");
      check_usage(keeps_all(records.plan),
                  "{} kept no weights (keep = \"records\" in its configuration): run it again with keep = \"all\"",
                  folder.string());
      check_usage(fs::exists(one.file), "{} is missing: the weights of a result are needed to revalidate it",
                  one.file.string());
    }
    all.push_back(one);
  }
  check_usage(!all.empty(), "{} holds no pipeline with weights or a coarse method: there is nothing to revalidate",
              folder.string());
  return all;
}

double seconds_of_validation(const LaunchRecord& launch) {
  double seconds = 0;
  for (const Json& record : launch.of("interval"))
    if (record.at("name") == "validate") seconds += record.at("seconds").get<double>();
  return seconds;
}

// The hold-out's records of one launch. `scratch`: where the recorder writes them first.
std::vector<Json> face(const Frozen& frozen, std::uint64_t seed, const fs::path& scratch) {
  const Pipeline pipeline = pipeline_of(frozen.item);
  const Ranks alone(1);
  std::unique_ptr<Learner> learner;
  std::unique_ptr<Model> model;
  if (frozen.file.empty()) {
    model = pipeline.simulation->coarse_model();
  } else {
    const std::string bytes = read_file(frozen.file);
    learner = pipeline.learner(frozen.launch->line.at("seed"));
    try {
      learner->load({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
    } catch (const Error& error) {  // no weights of this network: no case is judged, which is INVALID
      fmt::print("{}: {}\n", frozen.file.string(), error.what());
      return {};
    }
    model = learner->model();
  }
  fs::remove(scratch);
  {
    Recorder recorder(scratch, 0);
    run_holdout({pipeline, alone, recorder, 0}, {{"", model.get()}}, seed, {});
  }
  std::vector<Json> rows;
  read_lines(scratch, [&](Json&& line) {
    if (line.at("record") == "holdout") rows.push_back(std::move(line));
  });
  fs::remove(scratch);
  return rows;
}

Json revalidated(const Frozen& frozen, const std::string& config, const std::string& nonce, const fs::path& scratch) {
  const std::string digest =
      frozen.file.empty() ? coarse_digest(frozen.item.at("problem").at("version")) : frozen.digest;
  const std::uint64_t seed = revalidation_seed(digest, config, nonce);
  const Json& line = frozen.launch->line;
  Json launch = {{"case", frozen.item.at("case")},
                 {"fom", fom_name("pipeline", frozen.item) + "." + line.at("arm").get<std::string>()},
                 {"launch", line.at("launch")},
                 {"weights", digest},
                 {"seed", fmt::format("{:016x}", seed)},
                 {"rows", Json::array()}};
  launch["rows"] = face(frozen, seed, scratch);
  return launch;
}

Exit revalidate(const RevalidateOptions& options) {
  const fs::path folder = options.folder;
  check_usage(!options.nonce.empty(), "--nonce is empty: pick one that nobody can guess");
  check_usage(fs::is_directory(folder), "{} is not a directory", folder.string());
  const fs::path out = record_path(folder, options);
  if (const Exit code = verify(folder, false); code != Exit::ok) return code;
  std::vector<std::string> problems;
  const Records records = read_records(folder, problems);
  const std::vector<Frozen> all = frozen_of(folder, records);
  const Json program = records.machine.at("tandem");
  for (const Frozen& one : all) check_problem(one.item, program);

  const Json document = read_json(folder / "result.json");
  const std::string config = sha256(records.plan.dump());
  Json facts = {{"schema", "tandem-revalidation/1"},
                {"tandem", this_program_json()},
                {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))},
                {"nonce", options.nonce},
                {"result",
                 {{"folder", fs::canonical(folder).filename().string()},
                  {"root", sha256_file(folder / "manifest-sha256.txt")},
                  {"class", document.at("run").at("class")},
                  {"config", config},
                  {"status", document.at("run").at("status")}}},
                {"problems", Json::object()},
                {"launches", Json::array()}};
  std::vector<double> expected;
  expected.reserve(all.size());
  for (const Frozen& one : all) expected.push_back(seconds_of_validation(*one.launch));
  Progress progress(expected, ::isatty(STDOUT_FILENO) == 1);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Frozen& one = all[i];
    progress.begin(
        i, fmt::format("{} {}", one.item.at("case").get<std::string>(), one.launch->line.at("id").get<std::string>()));
    facts["problems"][one.item.at("case").get<std::string>()] = one.item.at("problem");
    facts["launches"].push_back(revalidated(one, config, options.nonce, out.string() + ".part"));
    progress.end("");
  }
  const Json record = judge_revalidation(facts);
  write_file(out, record.dump(1) + "\n");
  for (const Json& reason : record.at("reasons")) fmt::print("{}\n", reason.at("reason").get<std::string>());
  fmt::print("record: {}\n\n{}{}\n", out.string(), contract(record),
             result_line(record, record.at("result").at("root").get<std::string>()));
  return exit_of_status(record.at("run").at("status"));
}

}  // namespace

void add_revalidate(CLI::App& app, Perform& perform) {
  CLI::App* verb =
      app.add_subcommand("revalidate", "Sets a result's frozen weights a hold-out that a nonce decides on");
  const auto options = std::make_shared<RevalidateOptions>();
  verb->add_option("DIR", options->folder, "A result directory")->required();
  verb->add_option("--nonce", options->nonce,
                   "Any text; the buyer picks it after having received DIR, so that nobody could know the hold-out")
      ->required();
  verb->add_option("--out", options->out, "The record's file; default DIR.revalidation-<digits>.json");
  verb->footer(
      "The record stands beside DIR, which stays as it is; tandem verify checks it too.\n"
      "example: tandem revalidate results/2026-01-31-official --nonce $(od -An -N8 -tx8 /dev/urandom | tr -d ' ')\n"
      "exit codes: 0 every launch passes, 2 weights or this program's problem do not fit, 3 INVALID");
  verb->callback([options, &perform] { perform = [options] { return revalidate(*options); }; });
}

}  // namespace tandem
