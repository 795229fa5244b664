#include "harness/meter/pm_counters.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>

#include <fmt/format.h>

namespace tandem {
namespace {

namespace fs = std::filesystem;

// The files that tell of the counters' health, read once for a reading of each counter.
class Health {
 public:
  Health(fs::path root, FileReader reader, std::function<double()> clock)
      : root_(std::move(root)), reader_(std::move(reader)), clock_(std::move(clock)) {
    period_ = 1 / std::clamp(value("raw_scan_hz").value_or(10), 0.1, 1000.0);
    generation_ = value("generation");
    startup_ = value("startup");
  }
  double period() const { return period_; }

  // "" or why readings tell nothing now. One look serves all counters of a round of readings.
  const std::string& problem() {
    if (const double time = clock_(); time - looked_ > period_ / 10) {
      looked_ = time;
      problem_ = look(time);
    }
    return problem_;
  }

 private:
  std::string look(double time) {
    const auto freshness = value("freshness");
    if (!freshness) return fmt::format("{} cannot be read", (root_ / "freshness").string());
    if (freshness != freshness_) {
      freshness_ = freshness;
      changed_ = time;
    }
    if (time - changed_ > 1 + 10 * period_)
      return fmt::format("{} stands still: the node's controller writes no counters", (root_ / "freshness").string());
    if (value("generation") != generation_) return "the power cap was changed while it was read";
    if (value("startup") != startup_) return "the counters were restarted while they were read";
    return "";
  }
  std::optional<double> value(const char* file) const { return counter_value(reader_(root_ / file)); }

  fs::path root_;
  FileReader reader_;
  std::function<double()> clock_;
  double period_ = 0.1;
  double looked_ = -std::numeric_limits<double>::infinity();
  double changed_ = 0;
  std::string problem_;
  std::optional<double> freshness_, generation_, startup_;
};

class PmCounter final : public Meter {
 public:
  PmCounter(fs::path counter, std::string name, std::string scope, FileReader reader, std::shared_ptr<Health> health)
      : counter_(std::move(counter)),
        name_(std::move(name)),
        scope_(std::move(scope)),
        reader_(std::move(reader)),
        health_(std::move(health)) {}
  std::string name() const override { return "pm_counters/" + name_; }
  std::string scope() const override { return scope_; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return health_->period(); }
  std::string unavailable() const override {
    const FileText file = reader_(counter_);
    std::string problem = counter_problem(counter_, file, "sudo chmod a+r " + counter_.string());
    if (problem.empty() && !joules(file))
      problem = fmt::format("{} holds \"{}\", which is no number of J", counter_.string(), first_line(file.text));
    return problem.empty() ? health_->problem() : problem;
  }
  std::optional<double> read() override {
    return health_->problem().empty() ? joules(reader_(counter_)) : std::nullopt;
  }

 private:
  static std::optional<double> joules(const FileText& file) {
    const std::size_t space = file.text.find(' ');
    if (space == std::string::npos || first_word(file.text.substr(space + 1)) != "J") return std::nullopt;
    return counter_value(file);
  }

  fs::path counter_;
  std::string name_, scope_;
  FileReader reader_;
  std::shared_ptr<Health> health_;
};

// accel_energy is the sum of accel0_energy, accel1_energy and so on where those exist.
std::string scope_of(const std::string& counter) {
  if (counter == "energy") return "node";
  if (counter == "cpu_energy") return "package";
  if (counter == "memory_energy") return "dram";
  return counter == "accel_energy" ? "device" : "";
}

}  // namespace

Meters pm_counters_meters(const fs::path& root, const FileReader& reader, const std::function<double()>& clock) {
  Meters meters;
  const auto health = std::make_shared<Health>(root, reader, clock);
  for (const char* counter : {"energy", "cpu_energy", "memory_energy", "accel_energy"}) {
    const FileText file = reader(root / counter);
    if (file.error == ENOENT) continue;
    // Without an accelerator its counter stands at 0.
    if (scope_of(counter) == "device" && counter_value(file) == 0.0) continue;
    meters.push_back(std::make_unique<PmCounter>(root / counter, counter, scope_of(counter), reader, health));
  }
  if (meters.empty())
    meters.push_back(no_meter("pm_counters", fmt::format("no {}: this is no HPE Cray node", root.string())));
  return meters;
}

}  // namespace tandem
