// HPE Cray's counters of a node: <root>/{energy, cpu_energy, memory_energy, accel<i>_energy: "<joules> J <time> us";
// raw_scan_hz, freshness, generation, startup: whole numbers}. `energy` (scope "node") contains the others. A node's
// controller writes them raw_scan_hz times a second and raises `freshness` each time; a freshness that stands still
// means that nobody writes. `generation` changes with a power cap and `startup` with a restart of the counters: what
// was read before and after is not one measurement.
#pragma once

#include <filesystem>
#include <functional>

#include "harness/measure/clock.hpp"
#include "harness/meter/counter_file.hpp"
#include "harness/meter/meter.hpp"

namespace tandem {

Meters pm_counters_meters(const std::filesystem::path& root = "/sys/cray/pm_counters",
                          const FileReader& reader = read_text, const std::function<double()>& clock = now_seconds);

}  // namespace tandem
