#include "harness/launch/energy.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"
#include "harness/result/files.hpp"

namespace tandem {

EnergyWatch::EnergyWatch() : EnergyWatch(available_meters()) {
  if (recorder_) return;
  for (const MeterEntry& entry : meter_registry())
    for (const auto& meter : entry.find())
      reason_ += (reason_.empty() ? "" : "; ") + entry.name + ": " + meter->unavailable();
  if (reason_.empty()) reason_ = "no energy counter on this node";
}

EnergyWatch::EnergyWatch(std::vector<std::unique_ptr<Meter>> meters) {
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
                    {"period", trace.period}});
  return list;
}

Json EnergyWatch::between(double begin, double end) const {
  if (!recorder_) return {{"joules", nullptr}, {"error", nullptr}, {"scope", nullptr}, {"reason", reason_}};
  constexpr double kPatience = 0.5;  // seconds: ten readings; a meter that fails meanwhile is a reason
  while (recorder_->covered() < end && now_seconds() < end + kPatience)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const std::vector<EnergyTrace> traces = recorder_->traces();
  for (const char* scope : {"node", "platform", "package"}) {  // the widest first; scopes are never added up
    const bool has =
        std::any_of(traces.begin(), traces.end(), [&](const EnergyTrace& trace) { return trace.scope == scope; });
    if (!has) continue;
    const EnergyReading reading = energy_of_scope(traces, scope, begin, end);
    if (reading.joules)
      return {{"joules", *reading.joules}, {"error", reading.error}, {"scope", scope}, {"reason", nullptr}};
    return {{"joules", nullptr}, {"error", nullptr}, {"scope", scope}, {"reason", reading.reason}};
  }
  return {{"joules", nullptr},
          {"error", nullptr},
          {"scope", nullptr},
          {"reason", "the meters found cover no package or node"}};
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

}  // namespace tandem
