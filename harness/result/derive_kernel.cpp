#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "harness/result/derive_parts.hpp"
#include "harness/result/stop_rule.hpp"

namespace tandem {
namespace {

constexpr double kAboveLimit = 1.05;

struct Timed {
  std::vector<double> medians;  // seconds per run, one a launch
  std::vector<std::vector<double>> seconds;
  std::size_t samples = 0;
  Json batch, converged = true, imbalance;
};

Timed collect(const std::vector<const LaunchRecord*>& launches) {
  Timed timed;
  for (const LaunchRecord* launch : launches)
    for (const Json& line : launch->samples) {
      timed.seconds.push_back(line.at("seconds").get<std::vector<double>>());
      timed.medians.push_back(median(timed.seconds.back()));
      timed.samples += timed.seconds.back().size();
      timed.batch = line.at("batch");
      timed.imbalance = line.at("imbalance");
      if (!line.at("converged").get<bool>()) timed.converged = false;
    }
  return timed;
}

// Of the launch whose median stands for all.
Json statistics(const Timed& timed) {
  if (timed.medians.empty()) return nullptr;
  const double middle = median(timed.medians);
  std::size_t nearest = 0;
  for (std::size_t i = 1; i < timed.medians.size(); ++i)
    if (std::abs(timed.medians[i] - middle) < std::abs(timed.medians[nearest] - middle)) nearest = i;
  const Summary summary = summarize(timed.seconds[nearest]);
  const std::vector<bool> flagged = outliers(timed.seconds[nearest]);
  return {{"median", summary.median},
          {"min", summary.min},
          {"max", summary.max},
          {"q1", summary.q1},
          {"q3", summary.q3},
          {"mad", summary.mad},
          {"rho", summary.rho},
          {"half_width", number_or_null(summary.half_width())},
          {"outliers", std::count(flagged.begin(), flagged.end(), true)},
          {"converged", timed.converged},
          {"batch", timed.batch},
          {"imbalance", timed.imbalance}};
}

void judge(const std::vector<const LaunchRecord*>& launches, std::size_t planned, Json& verdicts, Status& status) {
  verdicts = Json::array();
  if (launches.size() < planned)
    status.add("FAILED", fmt::format("{} of {} launches were run", launches.size(), planned));
  for (const LaunchRecord* launch : launches) {
    if (launch->failed()) status.add("FAILED", launch->failure());
    for (const Json& record : launch->of("unstable")) status.add("UNSTABLE", record.at("reason"));  // of old results
    for (const Json& record : launch->of("verdict")) {
      const Json verdict = judge_verdict(record, status);
      if (launch == launches.front() || !verdict.at("pass").get<bool>()) verdicts.push_back(verdict);
    }
  }
}

// The rival's time over run()'s, of pairs timed in turn: the median of each launch's pairs, and then of the launches.
Json speedup(const std::vector<const LaunchRecord*>& launches) {
  std::vector<double> medians;
  Json result = {{"ratios", Json::array()}};
  for (const LaunchRecord* launch : launches)
    for (const Json& line : launch->of("pairs")) {
      const auto own = line.at("own").get<std::vector<double>>();
      auto ratios = line.at("rival").get<std::vector<double>>();
      for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] /= own.at(i);
      medians.push_back(median(ratios));
      result["ratios"].push_back(ratios);
      result["over"] = line.at("over");
    }
  if (medians.empty()) return nullptr;
  result["value"] = median(medians);
  result["ci95"] = ci_json(median_ci(medians));
  return result;
}

// The name of the GPU that a case ran on.
std::string gpu_of(const Json& item, const Json& facts) {
  if (item.value("device", "cpu") != "gpu" || facts.is_null()) return "";
  return facts.at("notes").value("device", "");
}

}  // namespace

void judge_device(const std::string& device, Status& status) {
  if (device == "guarded") status.add("UNOFFICIAL", "the guarded device is host memory that behaves like a GPU's");
}

void judge_gpu(const std::string& name, Status& status) {
  if (name.find(" MIG ") != std::string::npos)
    status.add("UNOFFICIAL", fmt::format("{} is a part of a GPU, whose memory and power others may use", name));
}

void judge_gpu_processes(const LaunchRecord& launch, Status& status) {
  std::map<std::size_t, int> most;  // by GPU
  for (const Json& record : launch.of("gpu_processes"))
    for (const char* when : {"before", "after"})
      for (std::size_t gpu = 0; gpu < record.at(when).size(); ++gpu)
        most[gpu] = std::max(most[gpu], record.at(when).at(gpu).get<int>());
  for (const auto& [gpu, count] : most)
    if (count > 0)
      status.add("UNOFFICIAL",
                 fmt::format("{} other process{} computed on GPU {} of this host", count, count == 1 ? "" : "es", gpu));
}

Json derive_kernel(Derivation& derivation, const Json& item) {
  const std::string path = item.at("case");
  const auto launches = derivation.records.launches_of(path);
  Status status = derivation.common;
  Json kernel = {{"case", path},
                 {"name", item.at("name")},
                 {"settings", item.at("settings")},
                 {"ranks", item.at("ranks")},
                 {"threads", item.at("threads")}};
  if (const std::string device = item.value("device", "cpu"); device != "cpu") {
    kernel["device"] = device;
    judge_device(device, status);
  }
  std::string skipped;
  for (const LaunchRecord* launch : launches) skipped = launch->skipped();
  Json verdicts;
  judge(launches, derivation.launches(item), verdicts, status);
  derivation.check_verdicts(fom_name("kernel", item), verdicts);
  const Json noise = judge_noise_of(launches, {}, status);
  const Json convergence = convergence_json(derivation.records, item, "");
  const Timed timed = collect(launches);
  if (skipped.empty() && status.has_figure() && timed.medians.empty()) status.add("FAILED", "nothing was timed");
  const Json facts =
      launches.empty() || launches.back()->of("facts").empty() ? Json(nullptr) : launches.back()->of("facts")[0];
  judge_gpu(gpu_of(item, facts), status);
  for (const LaunchRecord* launch : launches) judge_gpu_processes(*launch, status);

  const bool time = item.at("figure") == "time";
  const bool flops = item.at("figure") == "flop_rate";
  const std::string unit = time ? "s" : flops ? "flop/s" : "B/s";
  const auto figure = [&](double seconds) {
    return time ? seconds : facts.at(flops ? "flops" : "bytes").get<double>() / seconds;
  };
  Json of_limit = nullptr, value = nullptr, ci = nullptr;
  if (!facts.is_null() && !timed.medians.empty()) {
    const double middle = median(timed.medians);
    value = figure(middle);
    if (const auto interval = median_ci(timed.medians)) {
      const double a = figure(interval->low), b = figure(interval->high);
      ci = {std::min(a, b), std::max(a, b)};
    }
    const std::string name = facts.at("limit").get<std::string>();
    if (const auto limit = derivation.limit(name)) {
      const bool memory = name.starts_with("read") || name.starts_with("triad");
      const double fraction = facts.at(memory ? "bytes" : "flops").get<double>() / middle / *limit;
      of_limit = {{"name", name}, {"limit", *limit}, {"fraction", fraction}};
      derivation.check_fact(fom_name("kernel", item) + ".of_limit", fraction, kAboveLimit, fraction <= kAboveLimit);
      if (fraction > kAboveLimit)
        status.add("INVALID",
                   fmt::format("{:.0f} % of the limit {}: the work or the limit is miscounted", 100 * fraction, name));
    }
  }
  const bool shown = status.has_figure() && skipped.empty();
  if (!shown) value = ci = nullptr;
  kernel.update({{"status", skipped.empty() ? status.worst() : "SKIPPED"},
                 {"reasons", status.reasons()},
                 {"skipped", skipped.empty() ? Json(nullptr) : Json(skipped)},
                 {"verdicts", verdicts},
                 {"figure", time ? "time" : "rate"},
                 {"value", value},
                 {"unit", unit},
                 {"ci95", ci},
                 {"launches", timed.medians.size()},
                 {"samples", timed.samples},
                 {"statistics", statistics(timed)},
                 {"noise", noise},
                 {"convergence", convergence},
                 {"facts", nullptr},
                 {"of_limit", of_limit},
                 {"launch_ids", launch_ids(launches)},
                 {"sample_seconds", timed.seconds}});
  if (!facts.is_null())
    kernel["facts"] = {{"flops", facts.at("flops")},
                       {"bytes", facts.at("bytes")},
                       {"working_set", facts.at("working_set")},
                       {"limit", facts.at("limit")},
                       {"notes", facts.at("notes")}};
  for (const char* key : {"messages", "no_messages"})  // results of before they were counted have none
    if (facts.is_object() && facts.contains(key)) kernel["facts"][key] = facts.at(key);
  derivation.fom(fom_name("kernel", item) + (time ? ".time" : ".rate"), value, unit, ci, timed.medians.size(),
                 timed.samples, status, skipped.empty() ? unconverged(convergence) : "skipped: " + skipped);
  if (const Json pairs = speedup(launches); !pairs.is_null()) {
    if (shown) kernel["speedup"] = pairs;
    derivation.fom(fom_name("kernel", item) + ".speedup", shown ? pairs.at("value") : Json(nullptr), "1",
                   shown ? pairs.at("ci95") : Json(nullptr), timed.medians.size(),
                   pairs.at("ratios").front().size() * timed.medians.size(), status);
  }
  return kernel;
}

}  // namespace tandem
