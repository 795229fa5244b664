#include "harness/meter/meter.hpp"

#include <cstdlib>
#include <map>

#include <fmt/format.h>

#include "harness/measure/clock.hpp"
#include "harness/meter/amd_smi.hpp"
#include "harness/meter/hwmon.hpp"
#include "harness/meter/nvml.hpp"
#include "harness/meter/perf.hpp"
#include "harness/meter/pm_counters.hpp"
#include "harness/meter/power_log.hpp"
#include "harness/meter/powercap.hpp"

namespace tandem {
namespace {

class NoMeter final : public Meter {
 public:
  NoMeter(std::string kind, std::string reason) : kind_(std::move(kind)), reason_(std::move(reason)) {}
  std::string name() const override { return kind_; }
  std::string scope() const override { return ""; }
  std::string unavailable() const override { return reason_; }
  std::optional<double> read() override { return std::nullopt; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return 1; }

 private:
  std::string kind_, reason_;
};

}  // namespace

std::optional<EnergyRow> Meter::row() {
  const double before = now_seconds();
  const std::optional<double> joules = read();
  if (!joules) return std::nullopt;
  return EnergyRow{(before + now_seconds()) / 2, *joules};
}

std::unique_ptr<Meter> no_meter(const std::string& kind, const std::string& reason) {
  return std::make_unique<NoMeter>(kind, reason);
}

const std::vector<MeterEntry>& meter_registry() {
  static const std::vector<MeterEntry> entries = {
      {"power_log", "an external meter's log of seconds,watts (TANDEM_POWER_LOG)",
       [] { return power_log_meters(std::getenv("TANDEM_POWER_LOG")); }, true},
      {"pm_counters", "counters of HPE Cray nodes (/sys/cray/pm_counters)", [] { return pm_counters_meters(); }},
      {"powercap", "RAPL energy counters of Intel and AMD processors (/sys/class/powercap)",
       [] { return powercap_meters(); }},
      {"perf", "the same by the kernel's perf events", [] { return perf_meters(); }},
      {"hwmon", "energy or mean power of hardware monitors (/sys/class/hwmon)", [] { return hwmon_meters(); }},
      {"nvml", "NVIDIA GPUs (libnvidia-ml.so.1)", [] { return nvml_meters(); }, true},
      {"amd_smi", "AMD GPUs (libamd_smi.so or librocm_smi64.so)", [] { return amd_smi_meters(); }, true},
  };
  return entries;
}

std::vector<Sighting> survey(bool guest, const std::string& shared, const std::vector<MeterEntry>& registry) {
  std::vector<Sighting> all;
  std::map<std::string, std::string> kind_of;  // the kind that counts a scope
  for (const MeterEntry& entry : registry)
    for (auto& meter : entry.find()) {
      Sighting one{std::move(meter), "", false};
      one.absent = one.meter->name() == entry.name;
      one.unused = one.meter->unavailable();
      const std::string scope = one.meter->scope();
      if (one.unused.empty() && guest && !entry.guest)
        one.unused = "not used: a virtual machine's copy of a counter is not the hardware's";
      if (one.unused.empty() && !shared.empty() && scope != "device")
        one.unused = fmt::format("not used: it counts other jobs too, for {}", shared);
      if (one.unused.empty() && kind_of.try_emplace(scope, entry.name).first->second != entry.name)
        one.unused = fmt::format("not used: {} counts this scope ({})", kind_of.at(scope), scope);
      all.push_back(std::move(one));
    }
  return all;
}

}  // namespace tandem
