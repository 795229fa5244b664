#include "harness/launch/energy.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/shared_node.hpp"
#include "harness/result/files.hpp"

namespace tandem {

namespace {

// One reason a kind of meter: two sockets lack the same permission.
std::string why_unmetered(const std::vector<Sighting>& sightings, bool guest) {
  std::string text;
  std::set<std::string> told;
  for (const Sighting& one : sightings) {
    const std::string name = one.meter->name();
    if (one.absent || !told.insert(name.substr(0, name.find('/'))).second) continue;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, one.unused);
  }
  if (!text.empty()) return text;
  return guest ? "a virtual machine shows no energy counter of its host (tandem list: what was looked for)"
               : "this node shows no energy counter (tandem list: what was looked for)";
}

}  // namespace

NodeReadable readable_meters() {
  const bool guest = virtual_machine();
  std::vector<Sighting> sightings = survey(guest, shared_node(read_allocation()));
  NodeReadable found{{}, why_unmetered(sightings, guest)};
  for (Sighting& one : sightings)
    if (one.unused.empty()) found.meters.push_back(std::move(one.meter));
  return found;
}

EnergyWatch::EnergyWatch(const std::string& meter_launcher) {
  if (meter_launcher.empty()) {
    hosts_ = {host_digest()};
    NodeReadable found = readable_meters();
    reason_ = found.reason;
    start(std::move(found.meters));
    return;
  }
  nodes_ = std::make_unique<NodeMeters>(meter_launcher);
  hosts_ = nodes_->nodes();
  reason_ = nodes_->unmetered();
  start(nodes_->meters());
}

EnergyWatch::EnergyWatch(Meters meters) { start(std::move(meters)); }

void EnergyWatch::start(Meters meters) {
  if (meters.empty()) return;
  written_.resize(meters.size());
  recorder_ = std::make_unique<EnergyRecorder>(std::move(meters));
}

Json EnergyWatch::meters() const {
  Json list = Json::array();
  if (!recorder_) return list;
  for (const EnergyTrace& trace : recorder_->traces())
    list.push_back({{"meter", trace.meter},
                    {"scope", trace.scope},
                    {"range", std::isfinite(trace.range) ? Json(trace.range) : Json(nullptr)},
                    {"period", trace.period},
                    {"longest_gap", std::isfinite(trace.longest_gap) ? Json(trace.longest_gap) : Json(nullptr)}});
  return list;
}

Json EnergyWatch::between(double begin, double end) const {
  if (!recorder_) return {{"joules", nullptr}, {"error", nullptr}, {"scope", nullptr}, {"reason", reason_}};
  wait_for(end);
  const std::vector<EnergyTrace> traces = recorder_->traces();
  for (const char* scope : {"system", "node", "platform", "package"}) {  // the widest first; scopes are never added up
    if (!has_scope(traces, scope, hosts_.size())) continue;
    const EnergyReading reading = energy_of_scope(traces, scope, begin, end);
    if (reading.joules)
      return {{"joules", *reading.joules}, {"error", reading.error}, {"scope", scope}, {"reason", nullptr}};
    return {{"joules", nullptr}, {"error", nullptr}, {"scope", scope}, {"reason", reading.reason}};
  }
  return {{"joules", nullptr},
          {"error", nullptr},
          {"scope", nullptr},
          {"reason", hosts_.size() > 1 ? fmt::format("the {} nodes have no scope of package or node in common{}{}",
                                                     hosts_.size(), reason_.empty() ? "" : ": ", reason_)
                                       : "the meters found cover no package or node"}};
}

// Ten readings, and three of a log that comes later; a meter that fails meanwhile is a reason.
void EnergyWatch::wait_for(double time) const {
  double patience = 0.5;
  for (const EnergyTrace& trace : recorder_->traces()) patience = std::max(patience, 3 * trace.period);
  while (recorder_->covered() < time && now_seconds() < time + patience)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

double EnergyWatch::idle_seconds(double least) const {
  if (!recorder_) return 0;
  double slowest = 0;
  for (const EnergyTrace& trace : recorder_->traces()) slowest = std::max(slowest, trace.period);
  return std::max(least, std::min(20 * slowest, 5.0));
}

Json EnergyWatch::sampler() const {
  if (!recorder_) return nullptr;
  Json sampler = {
      {"meters", recorder_->traces().size()}, {"period", recorder_->period()}, {"cpu_share", recorder_->cost()}};
  if (nodes_) sampler["nodes"] = hosts_.size(), sampler["cpu_share_of_a_node"] = nodes_->cpu_share();
  return sampler;
}

void EnergyWatch::stop() {
  if (recorder_) recorder_->stop();
}

// Nanoseconds and microjoules: finer than any counter, so that energies derived from the file are those measured.
void EnergyWatch::append_csv(const std::filesystem::path& path, double origin) {
  std::string text = std::filesystem::exists(path) ? "" : "seconds,meter,scope,joules\n";
  const std::vector<EnergyTrace> traces = recorder_ ? recorder_->traces() : std::vector<EnergyTrace>();
  for (std::size_t i = 0; i < traces.size(); ++i)
    for (const auto& rows = traces[i].rows; written_[i] < rows.size(); ++written_[i]) {
      const EnergyRow& row = rows[written_[i]];
      text += fmt::format("{:.9f},{},{},{:.6f}\n", row.seconds - origin, traces[i].meter, traces[i].scope, row.joules);
    }
  append_durably(path, text);
}

double EnergyWatch::last_row(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return 0;
  std::istringstream lines(read_file(path));
  double latest = 0;
  std::string line;
  std::getline(lines, line);  // the header
  while (std::getline(lines, line)) latest = std::max(latest, std::strtod(line.c_str(), nullptr));
  return latest;
}

Json energy_of_ranks(const Json& energy, const std::vector<Json>& records, const std::set<std::string>& hosts) {
  std::set<std::string> others;
  for (const Json& record : records)
    if (record.at("record") == "host" && !hosts.contains(record.at("host").get<std::string>()))
      others.insert(record.at("host").get<std::string>());
  if (others.empty() || energy.at("scope") == "system" || energy.at("joules").is_null()) return energy;
  return {
      {"joules", nullptr},
      {"error", nullptr},
      {"scope", energy.at("scope")},
      {"reason", fmt::format("its ranks ran on {} other node{} too, whose energy no meter read: meter_launcher starts "
                             "one on every node (docs/energy.md)",
                             others.size(), others.size() == 1 ? "" : "s")}};
}

}  // namespace tandem
