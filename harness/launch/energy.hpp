// Energy of launches: the node's meters, read from before the first launch until after the last.
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/launch/node_meters.hpp"
#include "harness/meter/energy_recorder.hpp"

namespace tandem {

class EnergyWatch {
 public:
  // All meters of this node that can be read, or with a launcher those of all nodes.
  explicit EnergyWatch(const std::string& meter_launcher);
  explicit EnergyWatch(Meters meters);

  // [{"meter", "scope", "range", "period", "longest_gap"}]: what it takes beside power.csv to derive energies again;
  // range null: never starts anew; longest_gap null: none is too long.
  Json meters() const;
  // {"joules", "error", "scope", "reason"}: of the widest scope that every node meters; null with its reason where none
  // is.
  // Waits for the reading that follows `end` (steady clock, seconds).
  Json between(double begin, double end) const;
  // Seconds that idle power takes to measure: `least`, or more for a slow meter; 0 without a meter.
  double idle_seconds(double least) const;
  // {"meters", "period", "cpu_share"}: what reading them costs, CPU seconds per second; null without a meter.
  Json sampler() const;
  void stop();                                                   // takes a last reading
  const std::set<std::string>& hosts() const { return hosts_; }  // digests of those whose meters these are

  // Appends the readings since the last call, "seconds,meter,scope,joules", seconds counted from `origin`.
  void append_csv(const std::filesystem::path& path, double origin);
  // Seconds of the latest reading in a file of append_csv; 0 where it has none.
  static double last_row(const std::filesystem::path& path);
  // Until every meter was read at or after `time`, for half a second or three of its periods at most.
  void wait_for(double time) const;

 private:
  void start(Meters meters);

  std::string reason_;  // why there is no meter
  std::set<std::string> hosts_;
  std::unique_ptr<NodeMeters> nodes_;
  std::unique_ptr<EnergyRecorder> recorder_;
  std::vector<std::size_t> written_;  // rows of each meter in the file
};

// The meters of this node that are to be read; `reason`: why there are none.
struct NodeReadable {
  Meters meters;
  std::string reason;
};
NodeReadable readable_meters();

// `energy` of between() if it is that of all ranks: those whose `records` of kind "host" name a host that is none of
// `hosts` drew power that no meter saw. A meter of scope "system" sees all nodes.
Json energy_of_ranks(const Json& energy, const std::vector<Json>& records, const std::set<std::string>& hosts);

}  // namespace tandem
