#include "harness/result/records.hpp"

#include <algorithm>
#include <set>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "harness/result/power.hpp"
#include "harness/result/stop_rule.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

const std::vector<std::pair<std::string, std::vector<Json> LaunchRecord::*>> kFiles = {
    {"samples.jsonl", &LaunchRecord::samples},
    {"holdout.jsonl", &LaunchRecord::holdout},
    {"answers.jsonl", &LaunchRecord::answers},
    {"pictures.jsonl", &LaunchRecord::pictures}};

void attach(const fs::path& folder, const std::string& file, std::vector<Json> LaunchRecord::*member, Records& records,
            std::vector<std::string>& problems) {
  std::map<std::string, std::string> text;
  std::map<std::string, LaunchRecord*> by_id;
  for (LaunchRecord& launch : records.launches) by_id[launch.line.at("id")] = &launch;
  if (fs::exists(folder / file))
    read_lines(folder / file, [&](Json&& line) {
      const std::string id = line.at("launch");
      text[id] += line.dump() + "\n";
      if (!by_id.contains(id))
        problems.push_back(fmt::format("{}: a line of launch {}, which the ledger does not know", file, id));
      else
        (by_id[id]->*member).push_back(std::move(line));
    });
  for (const auto& [id, launch] : by_id) {
    const Json& files = launch->line.at("files");
    const std::string expected = files.contains(file) ? files.at(file).get<std::string>() : "";
    const std::string found = text.contains(id) ? sha256(text[id]) : "";
    if (expected != found)
      problems.push_back(
          fmt::format("{}: the lines of launch {} are not those that were measured (a sample was changed, "
                      "dropped or added)",
                      file, id));
  }
}

// Every launch that the plan and its stop rule ask for, and no other.
void compare_with_plan(const Records& records, std::vector<std::string>& problems) {
  std::set<std::string> have, planned;
  std::vector<std::size_t> needed;
  for (const Json& item : records.plan.at("cases")) needed.push_back(launches_needed(records, item).needed);
  for (const LaunchRecord& launch : records.launches) have.insert(launch.line.at("id").get<std::string>());
  const bool interrupted = records.run.is_null() || records.run.value("interrupted", false);
  for (const Json& job : records.plan.at("jobs")) {
    const std::string id = job.at("id");
    if (job.at("kind") != "limits" && job.at("launch") >= needed.at(job.at("item"))) continue;
    planned.insert(id);
    if (!interrupted && !have.contains(id))
      problems.push_back(fmt::format("launch {} of the plan is missing from the ledger", id));
  }
  for (const std::string& id : have)
    if (!planned.contains(id) && !id.ends_with(".again") && !id.starts_with("limits.again"))
      problems.push_back(fmt::format("launch {} is not in the plan, or comes after its case had stopped", id));
}

// Before anything is counted by it: each launch of a case is a job.
void check_launches(const Json& plan) {
  for (const char* key : {"launches", "launches_most"}) {
    if (!plan.contains(key)) continue;
    const Json& launches = plan.at(key);
    check(launches.is_number_integer() && launches >= 1 && launches <= plan.at("jobs").size(),
          "plan.json: {} is {}; it must be a whole number from 1 to that of the jobs, {}", key, launches.dump(),
          plan.at("jobs").size());
  }
}

// The ledger knows the digest of the weights that were judged.
void compare_weights(const fs::path& folder, const LaunchRecord& launch, std::vector<std::string>& problems) {
  const std::string id = launch.line.at("id");
  const fs::path file = folder / "weights" / (id + ".weights");
  for (const Json& weights : launch.of("weights"))
    if (fs::exists(file) && weights.at("sha256") != sha256_file(file))  // a missing file is the manifest's to tell
      problems.push_back(fmt::format("weights/{}.weights are not those that were judged", id));
}

// A run that was interrupted and went on has a closing record for each part: its times add up.
void close_part(Json& run, const Json& part) {
  const Json before = run;
  run = part;
  if (before.is_null()) return;
  run["started"] = before.at("started");
  run["seconds"] = before.at("seconds").get<double>() + part.at("seconds").get<double>();
}

}  // namespace

std::vector<Json> LaunchRecord::of(const std::string& kind) const {
  std::vector<Json> found;
  for (const Json& record : line.at("records"))
    if (record.at("record") == kind) found.push_back(record);
  return found;
}

bool LaunchRecord::failed() const { return !line.at("failure").is_null() || !of("error").empty(); }

std::string LaunchRecord::failure() const {
  for (const Json& record : of("error")) return record.at("message");
  return line.at("failure").is_null() ? "" : line.at("failure").get<std::string>();
}

std::string LaunchRecord::skipped() const {
  for (const Json& record : of("skipped")) return record.at("reason");
  return "";
}

std::vector<const LaunchRecord*> Records::launches_of(const std::string& path, const std::string& arm) const {
  std::map<int, const LaunchRecord*> found;
  for (const LaunchRecord& launch : launches)
    if (launch.line.at("case") == path && launch.line.at("arm") == arm) found[launch.line.at("launch")] = &launch;
  std::vector<const LaunchRecord*> result;
  result.reserve(found.size());
  for (const auto& [number, launch] : found) result.push_back(launch);
  return result;
}

Json launch_ids(const std::vector<const LaunchRecord*>& launches) {
  Json ids = Json::array();
  for (const LaunchRecord* launch : launches) ids.push_back(launch->line.at("id"));
  return ids;
}

Records read_records(const fs::path& folder, std::vector<std::string>& problems) {
  Records records;
  records.plan = read_json(folder / "plan.json");
  check_launches(records.plan);
  records.machine = read_json(folder / "machine.json");
  std::vector<Json> parts;
  for (Json& line : read_ledger(folder / "ledger.jsonl")) {
    const std::string kind = line.at("record");
    if (kind == "plan" && line.at("sha256") != sha256(records.plan.dump()))
      problems.emplace_back("plan.json is not the plan that was run");
    if (kind == "launch") {
      records.launches.emplace_back();
      records.launches.back().line = std::move(line);
    } else if (kind == "run") {
      close_part(records.run, line);
    } else if (kind == "part") {
      parts.push_back(std::move(line));
    } else if (kind == "idle") {
      records.idle.push_back(std::move(line));
    } else if (kind == "repair") {
      for (const Json& what : line.at("dropped")) records.dropped.push_back(what);
    }
  }
  records.power = read_power(folder / "power.csv", parts);
  for (LaunchRecord& launch : records.launches) launch.energy = energy_of_launch(launch.line, records.power, problems);
  for (const auto& [file, member] : kFiles) attach(folder, file, member, records, problems);
  for (const LaunchRecord& launch : records.launches) compare_weights(folder, launch, problems);
  compare_with_plan(records, problems);
  return records;
}

}  // namespace tandem
