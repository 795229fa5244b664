#include "harness/meter/hwmon.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/meter/power_integral.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

constexpr double kReadEvery = 0.05;  // seconds between two readings of the recorder

// A driver's sensors with this label ("" = any, or none) measure this scope. What is not listed lies inside something
// that is, or is unknown.
struct Known {
  std::string driver, label, scope;
};
const std::vector<Known>& known() {
  static const std::vector<Known> list = {
      {"amd_energy", "Esocket", "package"},         // beside Ecore, its parts
      {"i915", "", "device"},                       // Intel graphics cards: the whole card
      {"xe", "card", "device"},                     // beside pkg, its part
      {"power_meter", "Grace Power", "package"},    // NVIDIA Grace: socket with its memory
      {"power_meter", "Module Power", "platform"},  // Grace Hopper: processor, GPU, memory and their regulators
      {"power_meter", "CPU Power", "part"},         // a rail of the socket
      {"power_meter", "SysIO Power", "part"},
      {"power_meter", "", "node"},  // ACPI 4.0: what the system draws
      {"ibmpowernv", "System", "node"}};
  return list;
}

std::string scope_of(const std::string& driver, const std::string& label) {
  for (const Known& one : known())
    if (one.driver == driver && label.starts_with(one.label)) return one.scope == "part" ? "" : one.scope;
  return "";
}

class Hwmon final : public Meter {
 public:
  Hwmon(fs::path counter, std::string name, std::string scope, FileReader reader, double resolution)
      : counter_(std::move(counter)),
        name_(std::move(name)),
        scope_(std::move(scope)),
        reader_(std::move(reader)),
        resolution_(resolution) {}
  std::string name() const override { return name_; }
  std::string scope() const override { return scope_; }
  double range() const override { return std::numeric_limits<double>::infinity(); }  // drivers extend them to 64 bits
  double resolution() const override { return resolution_; }
  std::string unavailable() const override {
    return counter_problem(counter_, reader_(counter_), "until the next boot: sudo chmod a+r " + counter_.string());
  }
  std::optional<double> read() override {
    const auto value = counter_value(reader_(counter_));
    return value ? std::optional(1e-6 * *value) : value;
  }

 private:
  fs::path counter_;
  std::string name_, scope_;
  FileReader reader_;
  double resolution_;
};

class MeanPower final : public Meter {
 public:
  MeanPower(const fs::path& stem, std::string name, std::string scope, FileReader reader, std::function<double()> clock)
      : power_(stem.string() + "_average"),
        name_(std::move(name)),
        scope_(std::move(scope)),
        reader_(std::move(reader)),
        interval_(1e-3 * counter_value(reader_(power_.string() + "_interval")).value_or(0)),
        integral_(std::move(clock)) {}
  std::string name() const override { return name_; }
  std::string scope() const override { return scope_; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return std::max(interval_, kReadEvery); }
  double longest_gap() const override { return std::max(1.0, 2 * interval_); }
  std::string unavailable() const override {
    std::string problem =
        counter_problem(power_, reader_(power_), "until the next boot: sudo chmod a+r " + power_.string());
    if (problem.empty() && interval_ < kReadEvery)
      problem = interval_ > 0 ? fmt::format("{}: a mean over {:.3g} s, too short for readings every {:.3g} s",
                                            power_.string(), interval_, kReadEvery)
                              : fmt::format("{}: nothing says over which time this power is a mean", power_.string());
    return problem;
  }
  std::optional<double> read() override {
    const auto value = counter_value(reader_(power_));
    return value ? integral_.add(1e-6 * *value) : value;
  }

 private:
  fs::path power_;
  std::string name_, scope_;
  FileReader reader_;
  double interval_;
  PowerIntegral integral_;
};

// What ACPI's meters are called stands in another file than the others' labels.
std::string label_of(const fs::path& stem, const FileReader& reader) {
  std::string label = first_line(reader(stem.string() + "_label").text);
  if (label.empty()) label = first_line(reader(stem.string() + "_oem_info").text);
  while (!label.empty() && label.back() == ' ') label.pop_back();
  return label;
}

}  // namespace

Meters hwmon_meters(const fs::path& root, const FileReader& reader, const std::function<double()>& clock) {
  Meters meters;
  for (const std::string& monitor : names_in(root)) {
    const std::string driver = first_word(reader(root / monitor / "name").text);
    for (const std::string& file : names_in(root / monitor)) {
      const bool energy = file.starts_with("energy") && file.ends_with("_input");
      const bool power = file.starts_with("power") && file.ends_with("_average");
      if (!energy && !power) continue;
      const std::string sensor = file.substr(0, file.find('_'));
      const fs::path stem = root / monitor / sensor;
      const std::string label = label_of(stem, reader);
      const std::string scope = scope_of(driver, label);
      if (scope.empty()) continue;
      const std::string name =
          fmt::format("hwmon/{}.{}.{}", as_name(driver), monitor, as_name(label.empty() ? sensor : label));
      // amd_energy reads its registers often enough never to miss a turn; the drivers update on each reading.
      if (energy)
        meters.push_back(std::make_unique<Hwmon>(root / monitor / file, name, scope, reader, 1e-3));
      else
        meters.push_back(std::make_unique<MeanPower>(stem, name, scope, reader, clock));
    }
  }
  if (meters.empty())
    meters.push_back(no_meter("hwmon", fmt::format("no monitor in {} counts energy of a known scope", root.string())));
  return meters;
}

}  // namespace tandem
