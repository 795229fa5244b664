// An external power meter by the log that it writes while Tandem runs: a CSV file of "seconds since 1970,watts", with
// or without a line of headings. The user names it in TANDEM_POWER_LOG and so declares what it measures: PATH a whole
// node, "system:PATH" all nodes of the run with their network. Energy is the trapezoid rule over its rows, at the times
// of the rows.
//
// Clocks: the rows' times become those of this host's steady clock by the difference of this host's clocks when the
// file is opened. The logger's clock must follow this host's (NTP, PTP): being d seconds off makes an error of up to
// d (Pmax - Pmin) at each edge of an interval.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "harness/meter/meter.hpp"

namespace tandem {

struct LogClocks {
  std::function<double()> steady;
  std::function<double()> since_1970;
};
LogClocks host_clocks();

// `declared`: the variable's value; nullptr or "" where it is not set.
Meters power_log_meters(const char* declared, const LogClocks& clocks = host_clocks());

}  // namespace tandem
