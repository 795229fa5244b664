#include "harness/launch/energy.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/result/files.hpp"

namespace tandem {

EnergyWatch::EnergyWatch() {
  auto meters = available_meters();
  if (!meters.empty()) {
    recorder_ = std::make_unique<EnergyRecorder>(std::move(meters));
    return;
  }
  for (const MeterEntry& entry : meter_registry())
    for (const auto& meter : entry.find())
      reason_ += (reason_.empty() ? "" : "; ") + entry.name + ": " + meter->unavailable();
  if (reason_.empty()) reason_ = "no energy counter on this node";
}

Json EnergyWatch::between(double begin, double end) const {
  if (!recorder_) return {{"joules", nullptr}, {"error", nullptr}, {"scope", nullptr}, {"reason", reason_}};
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

void EnergyWatch::write_csv(const std::filesystem::path& path, double origin) {
  std::string text = "seconds,meter,scope,joules\n";
  if (recorder_) {
    recorder_->stop();
    for (const EnergyTrace& trace : recorder_->traces())
      for (const EnergyRow& row : trace.rows)
        text += fmt::format("{:.6f},{},{},{:.6f}\n", row.seconds - origin, trace.meter, trace.scope, row.joules);
  }
  write_file(path, text);
}

}  // namespace tandem
