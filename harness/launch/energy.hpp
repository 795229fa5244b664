// Energy of launches: the node's meters, read from before the first launch until after the last.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "harness/base/json.hpp"
#include "harness/meter/energy_recorder.hpp"

namespace tandem {

class EnergyWatch {
 public:
  EnergyWatch();
  // {"joules", "error", "scope", "reason"}: of the widest scope that is metered; null with its reason where none is.
  Json between(double begin, double end) const;
  void write_csv(const std::filesystem::path& path, double origin);  // "seconds,meter,scope,joules"; stops the record

 private:
  std::string reason_;  // why there is no meter
  std::unique_ptr<EnergyRecorder> recorder_;
};

}  // namespace tandem
