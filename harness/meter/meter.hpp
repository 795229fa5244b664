// Meter: a rising counter of joules with a scope. Scopes of different kinds are never added up: a platform contains its
// packages. What cannot be read is a reason, never 0 (docs/method.md section 5).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem {

class Meter {
 public:
  virtual ~Meter() = default;
  virtual std::string name() const = 0;         // "powercap/package-0"
  virtual std::string scope() const = 0;        // "package", "dram", "platform", "device", "node"
  virtual std::string unavailable() const = 0;  // why it cannot be read and the command that mends it; "" if it can
  virtual std::optional<double> read() = 0;     // joules, modulo range(); nothing if it cannot be read (any more)
  virtual double range() const = 0;             // joules at which the counter starts anew; infinity: never
  virtual double resolution() const = 0;        // seconds between two updates of the counter
};

// A kind of meter. `find` returns the meters of this node; where there are none, a single one that says why.
struct MeterEntry {
  std::string name;
  std::string summary;
  std::function<std::vector<std::unique_ptr<Meter>>()> find;
};

// All kinds, in the order of the list in meter.cpp.
const std::vector<MeterEntry>& meter_registry();

// The meters of all kinds that can be read on this node.
std::vector<std::unique_ptr<Meter>> available_meters();

}  // namespace tandem
