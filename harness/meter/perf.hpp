// RAPL through the kernel's perf events, for nodes where powercap is closed but perf is open:
// <root>/{type, cpumask, events/energy-<domain>[.scale, .unit]} (Linux: Documentation/ABI/testing/
// sysfs-bus-event_source-devices-events; arch/x86/events/rapl.c). Read are energy-pkg and energy-ram on the CPUs of the
// cpumask, one a package, and energy-psys on the first of them. The kernel extends the counters to 64 bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "harness/meter/counter_file.hpp"
#include "harness/meter/meter.hpp"

namespace tandem {

// The system calls, so that tests can stand in for the kernel.
struct PerfCalls {
  std::function<int(std::uint32_t type, std::uint64_t config, int cpu)> open;  // a descriptor, or -errno
  std::function<std::optional<std::uint64_t>(int descriptor)> count;
  std::function<void(int descriptor)> close;
};
PerfCalls kernel_perf();

Meters perf_meters(const std::filesystem::path& root = "/sys/bus/event_source/devices/power",
                   const FileReader& reader = read_text, const PerfCalls& calls = kernel_perf());

}  // namespace tandem
