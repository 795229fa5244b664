#include <algorithm>

#include <fmt/ranges.h>

#include "harness/decide/feed_cases.hpp"
#include "harness/decide/feeds.hpp"
#include "harness/measure/statistics.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

Json context(const Json& document, const std::string& root) {
  const Json &run = document.at("run"), &machine = document.at("machine"), &program = document.at("tandem");
  Json context = {{"date", run.at("started")},       {"host_name", text_or_empty(machine, "host")},  // a digest
                  {"executable", "tandem"},          {"num_cpus", machine.at("cores")},
                  {"caches", Json::array()},         {"load_avg", Json::array()},
                  {"library_build_type", "release"}, {"json_schema_version", 1}};
  for (const Json& cache : member(machine, "caches"))
    context["caches"].push_back(
        {{"type", "Unified"},
         {"level", cache.at("level")},
         {"size", cache.at("bytes")},
         {"num_sharing", machine.at("cores").get<int>() / std::max(1, cache.at("instances").get<int>())}});
  for (const char* key : {"version", "commit"}) context[std::string("tandem_") + key] = text_or_empty(program, key);
  for (const char* key : {"status", "class", "config"}) context[std::string("tandem_") + key] = text_or_empty(run, key);
  context["tandem_root"] = root;
  context["tandem_cpu_time"] = "not measured: cpu_time repeats real_time";
  return context;
}

Json head(const FeedCase& one, std::size_t family) {
  return {{"name", one.name},      {"family_index", family},  {"per_family_instance_index", 0},
          {"run_name", one.name},  {"run_type", "iteration"}, {"repetitions", one.seconds.size()},
          {"repetition_index", 0}, {"threads", one.threads}};
}

void add_times(Json& entry, const FeedCase& one, std::size_t iterations, double seconds) {
  entry["iterations"] = iterations;
  entry["real_time"] = entry["cpu_time"] = 1e9 * seconds;
  entry["time_unit"] = "ns";
  if (one.work_unit == "B/s") entry["bytes_per_second"] = one.work / seconds;
  if (one.work_unit == "flop/s") entry["flop/s"] = one.work / seconds;
  entry["label"] = one.label;
}

Json error(const FeedCase& one, std::size_t family) {
  Json entry = head(one, family);
  entry["error_occurred"] = true;
  entry["error_message"] = one.reasons.empty() ? one.status : fmt::format("{}", fmt::join(one.reasons, "; "));
  return entry;
}

Json median_entry(const FeedCase& one, std::size_t family) {
  Json entry = head(one, family);
  entry["name"] = one.name + "_median";
  entry["run_type"] = "aggregate";
  entry.erase("repetition_index");
  entry["aggregate_name"] = "median";
  entry["aggregate_unit"] = "time";
  add_times(entry, one, one.seconds.size(), median(one.seconds));
  return entry;
}

}  // namespace

std::string feed_gbench(const Json& document, const std::string& root) {
  Json feed = {{"context", context(document, root)}, {"benchmarks", Json::array()}};
  std::size_t family = 0;
  for (const FeedCase& one : feed_cases(document)) {
    const bool without = one.status == "SKIPPED" || one.status == "INVALID" || one.status == "FAILED";
    if (one.seconds.empty() && !without) continue;  // what has arms, or no single time
    if (without) feed["benchmarks"].push_back(error(one, family));
    for (std::size_t i = 0; i < one.seconds.size(); ++i) {
      Json entry = head(one, family);
      entry["repetition_index"] = i;
      add_times(entry, one, one.samples == 0 ? 1 : one.samples / one.seconds.size(), one.seconds[i]);
      feed["benchmarks"].push_back(entry);
    }
    if (one.seconds.size() > 1) feed["benchmarks"].push_back(median_entry(one, family));
    ++family;
  }
  return feed.dump(2) + "\n";
}

}  // namespace tandem
