// RAPL through Linux's powercap tree, the same for Intel and AMD: <root>/intel-rapl:<i>[:<j>]/{name, energy_uj,
// max_energy_range_uj} (Linux: Documentation/power/powercap/powercap.rst). Read are package-<i>, dram (scope "dram")
// and psys (scope "platform": it contains the packages). Core and uncore are parts of the package and left out, as is
// intel-rapl-mmio, a second view of the same package.
#pragma once

#include <filesystem>

#include "harness/meter/counter_file.hpp"
#include "harness/meter/meter.hpp"

namespace tandem {

Meters powercap_meters(const std::filesystem::path& root = "/sys/class/powercap", const FileReader& reader = read_text);

}  // namespace tandem
