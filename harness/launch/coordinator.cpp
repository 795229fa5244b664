#include "harness/launch/coordinator.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <thread>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/launch/node_noise.hpp"
#include "harness/launch/process.hpp"
#include "harness/measure/clock.hpp"
#include "harness/measure/machine.hpp"
#include "harness/meter/nvml.hpp"
#include "harness/pipeline/arms.hpp"
#include "harness/result/repair.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// The last lines of a worker's output, for the one who has to find out why it failed.
std::string tail(const fs::path& log) {
  if (!fs::exists(log)) return "";
  std::string text = read_file(log);
  if (text.size() > 2000) text = "..." + text.substr(text.size() - 2000);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// What went wrong, in one line: the first words of the output (launchers and the worker say it there first).
std::string with_first_words(const std::string& why, const std::string& output) {
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);)
    if (std::any_of(line.begin(), line.end(), [](unsigned char c) { return std::isalpha(c) != 0; }))
      return why + ": " + line;
  return why;
}

std::vector<Json> read_records(const fs::path& folder, int ranks) {
  std::vector<Json> records;
  for (int rank = 0; rank < ranks; ++rank) {
    const fs::path path = folder / fmt::format("rank{}.jsonl", rank);
    if (fs::exists(path))
      read_lines(
          path, [&](Json&& line) { records.push_back(std::move(line)); }, true);
  }
  return records;
}

bool has_record(const std::vector<Json>& records, const std::string& kind) {
  return std::any_of(records.begin(), records.end(), [&](const Json& record) { return record.at("record") == kind; });
}

}  // namespace

// Whether the case is to work on a GPU: as a kernel, or in a phase of a pipeline.
bool uses_gpu(const Json& item) {
  if (item.value("device", "cpu") == "gpu") return true;
  const Json settings = item.value("settings", Json::object());
  for (const char* setting : {"simulate_on", "train_on"})
    if (settings.value(setting, "cpu") == "gpu") return true;
  return false;
}

std::string file_of_record(const std::string& kind) {
  if (kind == "samples" || kind == "turns" || kind == "beats" || kind == "stream") return "samples.jsonl";
  if (kind == "holdout") return "holdout.jsonl";
  if (kind == "answer") return "answers.jsonl";
  return kind == "picture" ? "pictures.jsonl" : "";
}

Coordinator::Coordinator(Plan plan, Json plan_document, fs::path folder, std::string started, bool terminal)
    : plan_(std::move(plan)),
      plan_document_(std::move(plan_document)),
      folder_(std::move(folder)),
      started_(std::move(started)),
      terminal_(terminal) {
  const fs::path ledger = folder_ / "ledger.jsonl";
  append_durably(ledger, "");
  const std::vector<std::string> dropped = repair(folder_);
  Past past = past_of(read_ledger(ledger));
  const std::string plan_sha256 = plan_digest(plan_document_);
  check_usage(past.plan.empty() || past.plan == plan_sha256, "{}: plan.json was changed since the run began",
              folder_.string());
  ledger_ = std::make_unique<Ledger>(ledger);
  if (past.plan.empty()) ledger_->write({{"record", "plan"}, {"sha256", plan_sha256}});
  past.end = std::max(past.end, EnergyWatch::last_row(folder_ / "power.csv"));
  begin_part(past, dropped);
  done_ = std::move(past.done);
}

// Closes the part before where nobody did: what is known of its end is its last launch or reading.
void Coordinator::begin_part(const Past& past, const std::vector<std::string>& dropped) {
  if (!past.open.is_null())
    ledger_->write({{"record", "run"},
                    {"started", past.open.at("started")},
                    {"seconds", past.end - past.open.at("begin").get<double>()},
                    {"interrupted", true}});
  origin_ = now_seconds() - past.end;
  energy_ = std::make_unique<EnergyWatch>(plan_.config.meter_launcher);
  ledger_->write({{"record", "part"},
                  {"started", started_},
                  {"begin", past.end},
                  {"nodes", energy_->hosts().size()},
                  {"meters", energy_->meters()}});
  if (!dropped.empty()) ledger_->write({{"record", "repair"}, {"dropped", dropped}});
  for (const std::string& what : dropped) fmt::print("repaired: dropped {}\n", what);
}

void Coordinator::close(double seconds, bool interrupted) {
  energy_->stop();
  energy_->append_csv(folder_ / "power.csv", origin_);
  ledger_->write({{"record", "run"},
                  {"started", started_},
                  {"seconds", seconds},
                  {"interrupted", interrupted},
                  {"sampler", energy_->sampler()}});
}

void Coordinator::rest(const std::string& when) {
  const double begin = now_seconds();
  const double end = begin + energy_->idle_seconds(plan_.config.run_class == "quick" ? 1 : 3);
  if (end == begin) return;
  while (now_seconds() < end && caught_signal() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  energy_->wait_for(end);  // a log is behind by its own period
  ledger_->write({{"record", "idle"}, {"when", when}, {"begin", begin - origin_}, {"seconds", end - begin}});
}

std::string Coordinator::title(const Job& job) const {
  if (job.kind == Job::Kind::limits)
    return job.ranks > 1 ? fmt::format("links between {} ranks", job.ranks) : "limits of the machine, " + job.when;
  const std::string path = plan_.config.cases[job.item].path();
  return job.kind == Job::Kind::arm ? path + " " + job.arm.text() : path;
}

double Coordinator::expected_seconds(const Job& job) const {
  const double scale = plan_.config.run_class == "quick" ? 1 : 6;
  if (job.kind == Job::Kind::limits) return 3 * scale;
  if (job.kind == Job::Kind::kernel) return 2.5 * scale;
  if (job.kind == Job::Kind::pairing) return 30 * std::min(scale, 3.0);
  return plan_.config.cases[job.item].regime ? 4 : 14;
}

std::vector<std::string> Coordinator::stages(const Job& job) const {
  if (job.kind != Job::Kind::arm) return {"all"};
  return plan_.config.cases[job.item].regime ? coupled_stages_of(job.arm.arm) : stages_of(job.arm.arm);
}

bool Coordinator::run(const Needed& needed) {
  rest("before");
  const auto jobs_of = [&](const std::vector<std::size_t>& counts) {
    std::vector<Job> jobs;
    for (const Job& job : plan_.jobs) {
      const bool limits = job.kind == Job::Kind::limits;
      if (limits ? job.when == "before" : static_cast<std::size_t>(job.launch) < counts.at(job.item))
        jobs.push_back(job);
    }
    return jobs;
  };
  for (std::vector<std::size_t> counts = needed(), last; counts != last; counts = needed()) {
    if (!run_jobs(jobs_of(counts))) return false;
    last = counts;
  }
  std::vector<Job> after;
  std::copy_if(plan_.jobs.begin(), plan_.jobs.end(), std::back_inserter(after),
               [](const Job& job) { return job.when == "after"; });
  return run_jobs(after);
}

bool Coordinator::run_again(const std::vector<std::size_t>& items) {
  std::vector<Job> jobs;
  for (const std::size_t item : items) {
    Job limits;
    limits.id = fmt::format("limits.again.{}", item);
    limits.kind = Job::Kind::limits;
    limits.when = "again";
    jobs.push_back(limits);
    for (const Job& job : plan_.jobs)
      if (job.kind == Job::Kind::kernel && job.item == item && was_run(job.id)) {
        jobs.push_back(job);
        jobs.back().id += ".again";
      }
  }
  return run_jobs(jobs);
}

bool Coordinator::was_run(const std::string& id) const {
  return std::find(done_.begin(), done_.end(), id) != done_.end();
}

bool Coordinator::run_jobs(const std::vector<Job>& all) {
  std::vector<Job> jobs;
  std::vector<double> expected;
  for (const Job& job : all) {
    if (was_run(job.id)) continue;
    jobs.push_back(job);
    expected.push_back(expected_seconds(job));
  }
  if (jobs.empty()) return true;
  progress_ = std::make_unique<Progress>(expected, terminal_);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    progress_->begin(i, title(jobs[i]));
    if (caught_signal() != 0 || !run_job(jobs[i])) {
      progress_->end("interrupted");
      return false;
    }
  }
  return true;
}

fs::path Coordinator::weights_file(const Job& job) const { return folder_ / "weights" / (job.id + ".weights"); }

// The limits take all cores there are.
Geometry Coordinator::geometry_of_job(const Job& job) const {
  if (job.kind == Job::Kind::limits) return {job.ranks, 0};
  const CaseConfig& item = plan_.config.cases[job.item];
  return job.kind == Job::Kind::arm ? geometry_of(job.arm, item.ranks, item.threads)
                                    : Geometry(item.ranks, item.threads);
}

Json Coordinator::job_document(const Job& job, const std::string& stage) const {
  const Geometry geometry = geometry_of_job(job);
  Json document = {{"id", job.id},
                   {"kind", kind_name(job.kind)},
                   {"class", plan_.config.run_class},
                   {"launcher", plan_.config.launcher},
                   {"seed", job.seed},
                   {"ranks", geometry.ranks},
                   {"threads", geometry.threads},
                   {"folder", fs::absolute(folder_ / "launches" / job.id).string()}};
  if (job.kind == Job::Kind::limits) return document;
  document["case"] = plan_document_.at("cases").at(job.item);
  if (job.kind != Job::Kind::arm) return document;
  document["arm"] = job.arm.text();
  document["stage"] = stage;
  document["config_digest"] = plan_digest(plan_document_);
  document["weights"] = plan_.config.keep_all ? fs::absolute(weights_file(job)).string() : "";
  return document;
}

bool Coordinator::run_job(const Job& job) {
  const fs::path place = folder_ / "launches" / job.id;
  fs::remove_all(place);
  fs::create_directories(place);
  const Geometry geometry = geometry_of_job(job);
  std::vector<std::pair<std::string, fs::path>> files;  // written before t0: nothing but the problem's spec exists
  for (const std::string& stage : stages(job)) {
    files.emplace_back(stage, place / fmt::format("job.{}.json", stage));
    write_file(files.back().second, job_document(job, stage).dump());
  }
  const auto noise = [&] { return read_node_noise(geometry); };
  const std::optional<NoiseReading> before = job.kind == Job::Kind::arm ? std::optional(noise()) : std::nullopt;
  const bool gpu = job.kind != Job::Kind::limits && plan_.config.launcher.empty() &&
                   uses_gpu(plan_document_.at("cases").at(job.item));
  const std::vector<int> gpu_before = gpu ? nvml_processes() : std::vector<int>();
  Json processes = Json::array();
  std::string why;
  double begin = 0, end = 0;
  for (const auto& [stage, file] : files) {
    const Ended ended = run_process(worker_command(plan_.config.launcher, geometry, fs::absolute(file)),
                                    place / "output.txt", plan_.config.timeout, [&] { progress_->tick(); });
    if (ended.interrupted) return false;
    if (begin == 0) begin = ended.begin;
    end = ended.end;
    processes.push_back({{"stage", stage}, {"begin", ended.begin - origin_}, {"end", ended.end - origin_}});
    if (!ended.ok) {
      why = ended.why;
      break;
    }
  }
  if (!why.empty()) why = with_first_words(why, tail(place / "output.txt"));
  std::vector<Json> records = read_records(place, geometry.ranks);
  if (before) records.push_back(noise_record(*before, noise(), !plan_.config.launcher.empty()));
  if (gpu) records.push_back({{"record", "gpu_processes"}, {"before", gpu_before}, {"after", nvml_processes()}});
  if (why.empty() && !has_record(records, "end") && !has_record(records, "skipped")) why = "ended without a result";
  Json launch = {{"record", "launch"},
                 {"id", job.id},
                 {"kind", kind_name(job.kind)},
                 {"case", job.kind == Job::Kind::limits ? Json(nullptr) : Json(plan_.config.cases[job.item].path())},
                 {"item", job.item},
                 {"arm", job.arm.text()},
                 {"launch", job.launch},
                 {"when", job.when},
                 {"seed", job.seed},
                 {"ranks", geometry.ranks},
                 {"begin", begin - origin_},
                 {"seconds", end - begin},
                 {"processes", processes},
                 {"energy", energy_of_ranks(energy_->between(begin, end), records, energy_->hosts())},
                 {"failure", why.empty() ? Json(nullptr) : Json(why)},
                 {"output", tail(place / "output.txt")}};
  keep(job, launch, records);
  fs::remove_all(place);
  std::string note = why;
  for (const Json& record : records) {
    if (record.at("record") == "error") note = record.at("message");
    if (record.at("record") == "skipped") note = "skipped: " + record.at("reason").get<std::string>();
  }
  progress_->end(note);
  return true;
}

// Merges a launch's records: bulky kinds into their files, with their digests in the launch's own chained line.
void Coordinator::keep(const Job& job, const Json& launch, const std::vector<Json>& records) {
  Json line = launch;
  line["records"] = Json::array();
  std::map<std::string, std::string> text;
  for (const Json& record : records) {
    const std::string file = file_of_record(record.at("record"));
    if (file == "pictures.jsonl" && !plan_.config.keep_all) continue;
    Json kept = record;
    if (kept.contains("begin")) kept["begin"] = kept["begin"].get<double>() - origin_;
    if (file.empty()) {
      line["records"].push_back(kept);
      continue;
    }
    kept["launch"] = job.id;
    text[file] += kept.dump() + "\n";
  }
  line["files"] = Json::object();
  for (const auto& [file, lines] : text) {
    append_durably(folder_ / file, lines);
    line["files"][file] = sha256(lines);
  }
  if (const fs::path weights = weights_file(job); fs::exists(weights)) sync_file(weights);
  energy_->append_csv(folder_ / "power.csv", origin_);
  ledger_->write(line);  // last: a launch that the ledger has is whole
  done_.push_back(job.id);
}

}  // namespace tandem
