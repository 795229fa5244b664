#include "harness/meter/meter.hpp"

#include "harness/meter/powercap.hpp"

namespace tandem {

const std::vector<MeterEntry>& meter_registry() {
  static const std::vector<MeterEntry> entries = {
      {"powercap", "RAPL energy counters of Intel and AMD processors (/sys/class/powercap)",
       [] { return powercap_meters(); }},
  };
  return entries;
}

std::vector<std::unique_ptr<Meter>> available_meters() {
  std::vector<std::unique_ptr<Meter>> usable;
  for (const MeterEntry& entry : meter_registry())
    for (auto& meter : entry.find())
      if (meter->unavailable().empty()) usable.push_back(std::move(meter));
  return usable;
}

}  // namespace tandem
