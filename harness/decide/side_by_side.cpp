#include "harness/decide/side_by_side.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/decide/evidence.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

std::string text_of(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>().empty() ? "-" : value.get<std::string>();
  return value.dump();
}

std::string bytes_text(const Json& value) { return value.is_number() ? format_quantity(value, "B") : "-"; }

std::string caches_text(const Json& caches) {
  std::string text;
  for (const Json& cache : caches)
    text += fmt::format("{}L{} {} x {}", text.empty() ? "" : ", ", cache.at("level").dump(),
                        bytes_text(cache.at("bytes")), cache.at("instances").dump());
  return text.empty() ? "-" : text;
}

// Words of a list that not all of the lists have.
std::string uncommon(const Json& list, const std::vector<Json>& lists) {
  std::string text;
  for (const Json& word : list)
    if (!std::all_of(lists.begin(), lists.end(),
                     [&](const Json& other) { return std::find(other.begin(), other.end(), word) != other.end(); }))
      text += (text.empty() ? "" : " ") + word.get<std::string>();
  return text.empty() ? "-" : text;
}

class Rows {
 public:
  explicit Rows(const std::vector<Setting>& results) : results_(results) {}
  Json rows = Json::array();

  using Text = std::function<std::string(const Setting&)>;
  void add(const char* group, const std::string& name, const Text& text) {
    Json values = Json::array();
    for (const Setting& result : results_) values.push_back(text(result));
    const bool differs = std::any_of(values.begin(), values.end(), [&](const Json& one) { return one != values[0]; });
    rows.push_back({{"group", group}, {"name", name}, {"values", values}, {"differs", differs}});
  }

  // A row for each key that any of the objects has.
  using Object = std::function<Json(const Setting&)>;
  void add_all(const char* group, const Object& object, const std::set<std::string>& without = {}) {
    std::vector<std::string> keys;
    for (const Setting& result : results_) {
      const Json from = object(result);
      for (const auto& [key, value] : from.items())
        if (!without.contains(key) && std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    for (const std::string& key : keys)
      add(group, key, [&](const Setting& result) {
        const Json from = object(result);
        return text_of(member(from, key));
      });
  }

 private:
  const std::vector<Setting>& results_;
};

const Json& machine_of(const Setting& result) { return result.document->at("machine"); }

void add_machine(const std::vector<Setting>& results, Rows& table) {
  for (const char* key : {"cpu", "architecture", "cores", "cores_allowed", "threads", "numa_nodes"})
    table.add("machine", key, [&](const Setting& result) { return text_of(member(machine_of(result), key)); });
  table.add("machine", "memory",
            [](const Setting& result) { return bytes_text(member(machine_of(result), "memory_bytes")); });
  table.add("machine", "caches",
            [](const Setting& result) { return caches_text(member(machine_of(result), "caches")); });
  std::vector<Json> isas;
  isas.reserve(results.size());
  for (const Setting& result : results) isas.push_back(member(machine_of(result), "isa"));
  table.add("machine", "instruction sets that not all have",
            [&](const Setting& result) { return uncommon(member(machine_of(result), "isa"), isas); });
  for (const char* key : {"virtual", "shared", "kernel", "os"})
    table.add("machine", key, [&](const Setting& result) { return text_of(member(machine_of(result), key)); });
}

// "blas": {"name", "version", "core", ...} as one line of words.
Json libraries_of(const Setting& result) {
  Json libraries = Json::object();
  for (const auto& [name, library] : member(machine_of(result), "libraries").items()) {
    std::string text;  // what tells two builds of a version apart comes first
    for (const char* key : {"core", "isa", "threading"})
      if (const std::string word = text_or_empty(library, key); !word.empty())
        text += fmt::format("{} {}, ", key, word);
    text += text_or_empty(library, "version");
    libraries[name] = text;
  }
  return libraries;
}

Json plan_of(const Setting& result) {
  const Json &run = result.document->at("run"), &plan = *result.plan;
  Json told = {{"class", run.at("class")},
               {"launches", run.at("launches")},
               {"started", run.at("started")},
               {"config", run.at("config")},
               {"launcher", text_or_empty(plan, "launcher").empty() ? Json("the MPI's own") : plan.at("launcher")},
               {"meter_launcher", member(plan, "meter_launcher")}};
  std::set<int> ranks;
  for (const Json& item : plan.at("cases")) ranks.insert(item.at("ranks").get<int>());
  told["ranks of cases"] = fmt::format("{}", fmt::join(ranks, ", "));
  return told;
}

// Threads of the cases, where a case has others here and there.
void add_threads(const std::vector<Setting>& results, Rows& table) {
  const auto threads = [](const Setting& result) {
    Json of = Json::object();
    for (const Json& item : result.plan->at("cases"))
      of["threads of " + item.at("case").get<std::string>()] = item.at("threads");
    return of;
  };
  Rows cases(results);
  cases.add_all("cases", threads);
  for (const Json& row : cases.rows) {
    const Json& values = row.at("values");
    const bool everywhere = std::none_of(values.begin(), values.end(), [](const Json& value) { return value == "-"; });
    if (row.at("differs").get<bool>() && everywhere) table.rows.push_back(row);
  }
}

Json foms_side_by_side(const std::vector<Setting>& results, const std::function<bool(const std::string&)>& wanted) {
  Json rows = Json::array();
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < results.size(); ++i)
    for (const Json& fom : results[i].document->at("foms")) {
      const std::string name = fom.at("name");
      if (!wanted(name)) continue;
      const auto [place, added] = places.emplace(name, rows.size());
      if (added) rows.push_back({{"name", name}, {"unit", fom.at("unit")}, {"values", Json(results.size(), nullptr)}});
      Json& value = rows[place->second]["values"][i];
      for (const char* key : {"value", "ci95", "launches", "status", "reason"}) value[key] = fom.at(key);
    }
  return rows;
}

}  // namespace

Json settings_side_by_side(const std::vector<Setting>& results) {
  Rows table(results);
  add_machine(results, table);
  table.add_all("libraries", libraries_of);
  table.add_all("environment", [](const Setting& result) { return member(machine_of(result), "environment"); });
  table.add_all("program", [](const Setting& result) { return result.document->at("tandem"); }, {"program"});
  table.add_all("plan", plan_of);
  add_threads(results, table);
  return std::move(table.rows);
}

Json limits_side_by_side(const std::vector<Setting>& results) {
  return foms_side_by_side(results, [](const std::string& name) { return name.starts_with("limit."); });
}

Json figures_side_by_side(const std::vector<Setting>& results) {
  std::set<std::string> compared;
  for (const Setting& result : results)
    for (const Evidence& evidence : evidence_of(*result.document)) compared.insert(evidence.name);
  return foms_side_by_side(
      results, [&](const std::string& name) { return !name.starts_with("limit.") && !compared.contains(name); });
}

}  // namespace tandem
