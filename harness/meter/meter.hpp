// Meter: a rising counter of joules with a scope. Scopes of different kinds are never added up: a platform contains its
// packages. What cannot be read is a reason, never 0 (docs/method.md section 5).
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

// What a counter showed at a time.
struct EnergyRow {
  double seconds = 0;  // steady clock
  double joules = 0;   // as it was read, modulo the range
};

class Meter {
 public:
  virtual ~Meter() = default;
  virtual std::string name() const = 0;         // "powercap/package-0"
  virtual std::string scope() const = 0;        // "package", "dram", "platform", "device", "node", "system"
  virtual std::string unavailable() const = 0;  // why it cannot be read and the command that mends it; "" if it can
  virtual std::optional<double> read() = 0;     // joules, modulo range(); nothing if it cannot be read (any more)
  virtual double range() const = 0;             // joules at which the counter starts anew; infinity: never
  virtual double resolution() const = 0;        // seconds between two updates of the counter

  // Seconds without a reading after which it is unknown what passed: finite where readings of power are summed up here.
  virtual double longest_gap() const { return std::numeric_limits<double>::infinity(); }
  // read() with its time, the middle of the call; of a log that comes later, its newest entry's.
  virtual std::optional<EnergyRow> row();
};
using Meters = std::vector<std::unique_ptr<Meter>>;

// A kind of meter. `find` returns the meters of this node; where there are none, a single one that says why.
struct MeterEntry {
  std::string name;
  std::string summary;
  std::function<Meters()> find;
  bool guest = false;  // what it reads in a virtual machine is the hardware's own
};

// All kinds, in the order of the list in meter.cpp: of two kinds with the same scope the first that can be read is.
const std::vector<MeterEntry>& meter_registry();

// Stands for a kind that this node does not have; its name is the kind's.
std::unique_ptr<Meter> no_meter(const std::string& kind, const std::string& reason);

// A meter of this node and why it is not read: it cannot be, it is a guest's copy of a counter, others run under it
// too, or another kind already counts its scope. "" = it is read.
struct Sighting {
  std::unique_ptr<Meter> meter;
  std::string unused;
  bool absent = false;  // the node has nothing of its kind
};
// `guest`: this is a virtual machine; `shared`: why other jobs may run on this node, "" if nothing says so. Then only
// what counts a single device is read.
std::vector<Sighting> survey(bool guest, const std::string& shared,
                             const std::vector<MeterEntry>& registry = meter_registry());

}  // namespace tandem
