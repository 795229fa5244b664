// The parts of the derivation of pairings; only derive_pairing.cpp and the three files beside it include this.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/result/derive_parts.hpp"

namespace tandem {

// What one pairing case has measured, and where its figures go.
struct PairingCase {
  Derivation& derivation;
  const Json& item;
  std::vector<const LaunchRecord*> launches;  // those that have figures
  const Status& status;
  std::string skipped;

  // Adds the figure "<name of the case>.<what>" from one value a launch: their median, with its interval from six
  // launches on; null with `reason` where no launch has a value. Returns {"value", "unit", "ci95", "reason"}.
  Json figure(const std::string& what, const std::vector<double>& values, const std::string& unit, std::size_t samples,
              const std::string& reason = "") const;
};

Json derive_transition(const PairingCase& pairing);
Json derive_interference(const PairingCase& pairing);
Json derive_serving(const PairingCase& pairing);

// Seconds per step of the samples of a "beats" record that lie inside (settle, end]: the neighbour is there all the
// time, and the first sample warms up. Empty where fewer than three do.
std::vector<double> beats_inside(const Json& record, double end);

}  // namespace tandem
