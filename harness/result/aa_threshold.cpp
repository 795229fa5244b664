#include "harness/result/aa_threshold.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/base/random.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/files.hpp"

namespace tandem {
namespace {

constexpr const char* kThreshold = "tandem-aa/1";

// Seconds by launch of one case and arm ("": a kernel, the median of its samples).
std::map<int, double> seconds_of(const Records& records, const std::string& path, const std::string& arm) {
  std::map<int, double> seconds;
  for (const LaunchRecord* launch : records.launches_of(path, arm)) {
    const int number = launch->line.at("launch");
    if (launch->line.at("kind") == "arm") seconds[number] = launch->line.at("seconds");
    for (const Json& samples : launch->samples)
      seconds[number] = median(samples.at("seconds").get<std::vector<double>>());
  }
  return seconds;
}

struct Sides {
  std::vector<double> a, b;
};
Sides sides_of(const std::map<int, double>& seconds, std::uint64_t seed) {
  Sides sides;
  for (const auto& [launch, first] : seconds) {
    const auto second = seconds.find(launch + 1);
    if (launch % 2 != 0 || second == seconds.end()) continue;
    const bool swapped = random_bits(seed, 911, static_cast<std::uint64_t>(launch / 2)) % 2 == 1;
    sides.a.push_back(swapped ? second->second : first);
    sides.b.push_back(swapped ? first : second->second);
  }
  return sides;
}

Json case_json(const std::string& name, const char* kind, const Sides& sides) {
  const Ratio ratio = hl_ratio_paired(sides.a, sides.b);
  Json ratios = Json::array();
  for (std::size_t i = 0; i < sides.a.size(); ++i) ratios.push_back(sides.a[i] / sides.b[i]);
  return {{"case", name},         {"kind", kind},
          {"ratio", ratio.value}, {"ci95", ci_json(ratio.ci)},
          {"p", ratio.p},         {"difference", std::abs(std::log(ratio.value))},
          {"ratios", ratios}};
}

// All cases of a kind: the largest difference, and how single ratios spread.
Json kind_json(const Json& cases, const char* kind, double floor) {
  double most = 0;
  std::vector<double> ratios;
  std::size_t count = 0;
  for (const Json& one : cases) {
    if (one.at("kind") != kind) continue;
    ++count;
    most = std::max(most, one.at("difference").get<double>());
    for (const Json& ratio : one.at("ratios")) ratios.push_back(ratio);
  }
  if (count == 0) return nullptr;
  const Summary summary = summarize(ratios);
  return {{"cases", count},
          {"difference", most},
          {"floor", floor},
          {"delta", std::max(floor, 2 * most)},
          {"ratios",
           {{"n", summary.n},
            {"min", summary.min},
            {"q1", summary.q1},
            {"median", summary.median},
            {"q3", summary.q3},
            {"max", summary.max}}}};
}

// A case with the status and the first reason that its document gives it.
void add(const Records& records, const Json& item, const std::string& arm, const Json& judged, Json& document) {
  const bool kernel = item.at("kind") == "kernel";
  const std::string name = fom_name(kernel ? "kernel" : "pipeline", item) + (arm.empty() ? "" : "." + arm);
  const std::string status = judged.at("status");
  const Sides sides = sides_of(seconds_of(records, item.at("case"), arm), records.plan.at("seed"));
  if (status == "SKIPPED" || status == "FAILED" || status == "INVALID" || sides.a.empty())
    document["left_out"].push_back({{"case", name}, {"reason", sides.a.empty() ? "no pair of launches" : status}});
  else
    document["cases"].push_back(case_json(name, kernel ? "kernel" : "pipeline", sides));
}

}  // namespace

std::string machine_fingerprint(const Json& machine) {
  Json parts = Json::object();
  for (const char* key : {"host", "cpu", "cores", "cores_allowed", "numa_nodes"})
    parts[key] = machine.contains(key) ? machine.at(key) : Json(nullptr);
  return sha256(parts.dump());
}

Json aa_of(const Records& records, const Json& document, const std::string& root) {
  check_usage(records.plan.value("pairs", false), "this run was not measured in pairs: begin with tandem aa");
  Json aa = {{"schema", kThreshold},
             {"tandem", document.at("tandem")},
             {"machine",
              {{"fingerprint", machine_fingerprint(records.machine)},
               {"cpu", records.machine.at("cpu")},
               {"cores", records.machine.at("cores")}}},
             {"run",
              {{"started", document.at("run").at("started")},
               {"class", document.at("run").at("class")},
               {"config", document.at("run").at("config")},
               {"status", document.at("run").at("status")},
               {"pairs", records.plan.at("launches").get<int>() / 2},
               {"root", root}}},
             {"cases", Json::array()},
             {"left_out", Json::array()}};
  std::size_t kernels = 0, pipelines = 0;
  for (const Json& item : records.plan.at("cases")) {
    if (item.at("kind") == "kernel") {
      add(records, item, "", document.at("kernels").at(kernels++), aa);
      continue;
    }
    if (item.at("kind") == "pairing") {
      aa["left_out"].push_back({{"case", fom_name("", item)}, {"reason", "two activities have no single cost"}});
      continue;
    }
    if (item.at("kind") == "regime") {
      aa["left_out"].push_back({{"case", fom_name("", item)}, {"reason", "a point of the regime map is no pipeline"}});
      continue;
    }
    const Json& arms = document.at("pipelines").at(pipelines++).at("arms");
    for (std::size_t i = 0; i < arms.size(); ++i) add(records, item, item.at("arms").at(i), arms[i], aa);
  }
  aa["kernel"] = kind_json(aa.at("cases"), "kernel", kernel_delta_floor);
  aa["pipeline"] = kind_json(aa.at("cases"), "pipeline", pipeline_delta_floor);
  aa["seal"] = seal_of(aa);
  return aa;
}

AaThreshold read_aa(const std::filesystem::path& file, const Json& machine) {
  check_usage(std::filesystem::is_regular_file(file), "{} is no file; make one with tandem aa", file.string());
  const Json aa = read_json(file);
  check_usage(aa.is_object() && aa.value("schema", "") == kThreshold,
              "{} holds no A/A threshold; make one with tandem aa", file.string());
  check_usage(aa.value("seal", "") == seal_of(aa), "{} was changed after it was written: measure again with tandem aa",
              file.string());
  check_usage(aa.at("machine").at("fingerprint") == machine_fingerprint(machine),
              "{} is of another machine ({}, {} cores): measure this one with tandem aa", file.string(),
              aa.at("machine").at("cpu").get<std::string>(), aa.at("machine").at("cores").dump());
  AaThreshold threshold;
  if (!aa.at("kernel").is_null()) threshold.kernel = aa.at("kernel").at("delta");
  if (!aa.at("pipeline").is_null()) threshold.pipeline = aa.at("pipeline").at("delta");
  return threshold;
}

}  // namespace tandem
