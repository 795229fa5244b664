// Pairings: two activities on one machine. What switching between them costs (transition), what one costs the other
// when both run (interference), and what a stream of requests and a simulation cost each other (serving). A pairing is
// a kind of case beside kernel and pipeline; docs/pairings.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/settings.hpp"
#include "harness/measure/noise.hpp"
#include "harness/measure/recorder.hpp"
#include "harness/pairing/activity.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

struct PairingJob {
  Settings settings;
  std::vector<ActivityChoice> activities;
  int threads = 1;  // per rank
  std::uint64_t seed = 1;
  double seconds = 0.3;  // that one window lasts
};

struct PairingEntry {
  std::string name;  // "transition": the table [[transition]] of a configuration
  std::string summary;
  std::vector<Parameter> parameters;
  int groups = 1;  // of ranks: 1 = this rank alone, 2 = the ranks are halved and pinned apart
  // The paths of its activities, by its settings and the list `listed` of the configuration; checks the settings.
  std::function<std::vector<std::string>(const Settings&, const std::vector<std::string>& listed)> activities;
  bool lists = false;  // the configuration gives `activities = [...]`
  std::function<void(const PairingJob&, const Ranks&, Recorder&)> run;
};

const std::vector<PairingEntry>& pairing_registry();
PairingEntry transition_pairing();
PairingEntry interference_pairing();
PairingEntry serving_pairing();

// `window = "auto"`: the seconds of a window are those of the run's class. Not part of a case's name.
Parameter window_parameter();
double window_seconds(const Settings& settings, const std::string& run_class);

// The verdicts of an activity, each named after it.
void record_verdicts(const std::string& activity, const std::vector<Verdict>& verdicts, Recorder& recorder);
// What disturbed the windows between two readings; their spread is a matter of the figures. Collective.
void record_noise(const NoiseReading& before, const NoiseReading& after, const Ranks& ranks, Recorder& recorder);

}  // namespace tandem
