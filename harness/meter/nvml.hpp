// NVIDIA's GPUs by NVML, loaded while the program runs: the total energy counter in millijoules (Volta and later), or
// else power in milliwatts, summed up (NVML API reference, "Device Queries"). Scope "device": the board.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/measure/clock.hpp"
#include "harness/meter/meter.hpp"

namespace tandem {

Meters nvml_meters(const std::vector<std::string>& library = {"libnvidia-ml.so.1"},
                   const std::function<double()>& clock = now_seconds);

// How many processes compute on each GPU; -1: not told. Empty where there is no NVML.
std::vector<int> nvml_processes(const std::vector<std::string>& library = {"libnvidia-ml.so.1"});

}  // namespace tandem
