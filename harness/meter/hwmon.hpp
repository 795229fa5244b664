// Energy and power that drivers show as hardware monitors: <root>/hwmon<i>/{name, energy<j>_input in microjoules,
// power<j>_average in microwatts, power<j>_average_interval in milliseconds, *_label} (Linux: Documentation/hwmon/
// sysfs-interface.rst). Only drivers whose scope is known are read (the table in hwmon.cpp). Power is summed up only
// where the driver says over which time it is a mean, and that is no shorter than the time between two readings: then
// nothing is missed. power<j>_input, an instant's, is not.
#pragma once

#include <filesystem>
#include <functional>

#include "harness/measure/clock.hpp"
#include "harness/meter/counter_file.hpp"
#include "harness/meter/meter.hpp"

namespace tandem {

Meters hwmon_meters(const std::filesystem::path& root = "/sys/class/hwmon", const FileReader& reader = read_text,
                    const std::function<double()>& clock = now_seconds);

}  // namespace tandem
