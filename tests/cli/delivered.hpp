// A result as a vendor would deliver it: the records of the small run, rewritten as those of 14 launches on a quiet
// machine that is no virtual one, and sealed by the library. Nothing is judged here: status and figures follow.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "harness/base/digest.hpp"
#include "harness/launch/plan.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace tandem {

inline const std::string kDeliveredPlan =
    "class = \"procurement\"\nthreads = 1\n"
    "[[kernel]]\nname = \"dense/gemm\"\nn = 32\n"
    "[[pipeline]]\nname = \"toy\"\narms = [\"integrated\"]\npredicting_kernels = \"none\"\n";

class Delivered {
 public:
  // Writes and seals `folder`; a kernel's launch takes 2 ms, an arm's what it took in the small run, each up to 0.4 %
  // longer, so that the least number of launches is enough.
  explicit Delivered(std::filesystem::path folder) : from_(small().result), to_(std::move(folder)) {
    namespace fs = std::filesystem;
    Plan plan = make_plan(parse_config(kDeliveredPlan, "delivered.toml", {}));
    std::erase_if(plan.jobs, [](const Job& job) { return job.kind == Job::Kind::limits; });
    fs::create_directories(to_ / "weights");
    const Json document = to_json(plan);
    write_file(to_ / "plan.json", document.dump(1) + "\n");
    Json machine = read_json(from_ / "machine.json");
    machine["virtual"] = false;
    machine["tandem"]["dirty"] = false;
    write_file(to_ / "machine.json", machine.dump(1) + "\n");
    for (const char* file : {"hwloc.xml", "power.csv"}) fs::copy(from_ / file, to_ / file);
    for (Json& line : read_ledger(from_ / "ledger.jsonl")) {
      line.erase("chain");
      if (line.at("record") == "launch")
        templates_[line.at("case").is_null() ? ""
                                             : line.at("case").get<std::string>() + line.at("arm").get<std::string>()] =
            line;
      else
        others_[line.at("record")] = line;
    }
    Ledger ledger(to_ / "ledger.jsonl");
    others_["plan"]["sha256"] = sha256(document.dump());
    ledger.write(others_["plan"]);
    ledger.write(others_["part"]);
    for (const Json& job : document.at("jobs"))
      if (job.at("launch") < 14) ledger.write(launch(job, document.at("cases").at(job.at("item").get<std::size_t>())));
    others_["run"]["seconds"] = 1e5;
    ledger.write(others_["run"]);
    seal(to_);
  }

 private:
  Json launch(const Json& job, const Json& item) {
    Json line = templates_.at(item.at("case").get<std::string>() + job.at("arm").get<std::string>());
    const std::string before = line.at("id"), id = job.at("id");
    const int number = job.at("launch");
    for (const char* key : {"id", "item", "launch", "seed"}) line[key] = job.at(key);
    shift(line, 100.0 * ++launches_);
    const double longer = 1 + 0.001 * ((number * 3) % 5);  // 0 to 0.4 %, without a trend
    line["seconds"] = line["seconds"].get<double>() * longer;
    for (Json& record : line["records"])
      if (record.at("record") == "noise") record["checks"] = Json::array();
    const Json files = line.at("files");
    for (const auto& [file, digest] : files.items()) line["files"][file] = copy_lines(file, before, id, longer);
    const auto weights = "weights/" + before + ".weights";
    if (std::filesystem::exists(from_ / weights))
      std::filesystem::copy(from_ / weights, to_ / ("weights/" + id + ".weights"));
    return line;
  }

  // All times of the launch: it began later than its template.
  static void shift(Json& json, double seconds) {
    if (json.is_object() && json.contains("begin")) json["begin"] = json["begin"].get<double>() + seconds;
    if (json.is_object() && json.contains("end")) json["end"] = json["end"].get<double>() + seconds;
    if (json.is_structured())
      for (Json& inner : json) shift(inner, seconds);
  }

  std::string copy_lines(const std::string& file, const std::string& before, const std::string& id,
                         double longer) const {
    std::string text;
    read_lines(from_ / file, [&](Json&& line) {
      if (line.at("launch") != before) return;
      line["launch"] = id;
      if (line.at("record") == "samples")
        for (Json& seconds : line["seconds"]) seconds = 2e-3 * longer;
      text += line.dump() + "\n";
    });
    append_durably(to_ / file, text);
    return sha256(text);
  }

  std::filesystem::path from_, to_;
  std::map<std::string, Json> templates_, others_;
  int launches_ = 0;
};

// One for all tests; those that change it work on copies.
struct DeliveredResult {
  DeliveredResult() { Delivered{place.folder() / "delivered"}; }
  Workplace place;
  std::filesystem::path result = place.folder() / "delivered";
};
inline const DeliveredResult& delivered() {
  static const DeliveredResult made;
  return made;
}

}  // namespace tandem
