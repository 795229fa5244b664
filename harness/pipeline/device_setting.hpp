// The device that works in a phase of a pipeline, a setting of content: `simulate_on`, `train_on`.
#pragma once

#include <string>

#include "harness/base/check.hpp"
#include "harness/base/settings.hpp"

namespace tandem {

inline constexpr const char* simulate_on = "simulate_on";
inline constexpr const char* train_on = "train_on";

inline Parameter device_parameter(const char* key) {
  const bool simulates = key == std::string(simulate_on);
  return {key, "cpu",
          std::string(simulates ? "device of training simulations" : "device that trains the network") +
              ": cpu, gpu, guarded",
          false};
}

inline void check_device(const Settings& settings, const char* key) {
  const std::string& device = settings.text(key);
  check_usage(device == "cpu" || device == "gpu" || device == "guarded", "{}={} is not cpu, gpu or guarded", key,
              device);
}

}  // namespace tandem
