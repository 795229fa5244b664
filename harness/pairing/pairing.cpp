#include "harness/pairing/pairing.hpp"

#include "harness/base/check.hpp"

namespace tandem {

const std::vector<PairingEntry>& pairing_registry() {
  static const std::vector<PairingEntry> entries = {transition_pairing(), interference_pairing(), serving_pairing()};
  return entries;
}

Parameter window_parameter() {
  return {"window", "auto", "seconds that one measurement lasts; auto: 0.3 in class quick, 1 in standard, else 2",
          false};
}

double window_seconds(const Settings& settings, const std::string& run_class) {
  if (settings.text("window") == "auto") return run_class == "quick" ? 0.3 : run_class == "standard" ? 1 : 2;
  const double seconds = settings.number("window");
  check_usage(seconds >= 1e-3 && seconds <= 600, "window = {}: seconds, 0.001 to 600", seconds);
  return seconds;
}

void record_verdicts(const std::string& activity, const std::vector<Verdict>& verdicts, Recorder& recorder) {
  for (Verdict verdict : verdicts) {
    verdict.check = activity + ": " + verdict.check;
    recorder.verdict(verdict);
  }
}

void record_noise(const NoiseReading& before, const NoiseReading& after, const Ranks& ranks, Recorder& recorder) {
  for (const Reason& reason : judge_noise(before, after, {}, true, ranks))
    if (reason.unstable && ranks.root()) recorder.write({{"record", "unstable"}, {"reason", reason.text}});
}

}  // namespace tandem
