// Every kind of meter in the registry on this node, RAPL on trees as machines show them (meter_trees/README.md), and
// the record.
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "harness/measure/clock.hpp"
#include "harness/meter/energy_recorder.hpp"
#include "harness/meter/meter.hpp"
#include "harness/meter/powercap.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

const fs::path trees = METER_TREES;

std::vector<std::string> names(const Meters& meters) {
  std::vector<std::string> all;
  for (const auto& meter : meters) all.push_back(meter->name() + " " + meter->scope());
  return all;
}

TEST(EveryMeter, CountsOrSaysWhyNot) {
  std::set<std::string> seen;
  const std::set<std::string> scopes = {"package", "dram", "platform", "device", "node", "system"};
  ASSERT_FALSE(meter_registry().empty());
  for (const MeterEntry& entry : meter_registry()) {
    EXPECT_FALSE(entry.summary.empty());
    Meters meters = entry.find();
    EXPECT_FALSE(meters.empty()) << entry.name;
    for (const auto& meter : meters) {
      EXPECT_TRUE(seen.insert(meter->name()).second) << meter->name();
      EXPECT_TRUE(meter->name().starts_with(entry.name));
      if (meter->name() == entry.name)
        EXPECT_NE(meter->unavailable(), "") << "it stands for a kind that is not there: " << entry.name;
      else
        EXPECT_TRUE(scopes.contains(meter->scope())) << meter->scope();
      EXPECT_GT(meter->resolution(), 0);
      EXPECT_GT(meter->range(), 0);
      const auto joules = meter->read();
      EXPECT_EQ(joules.has_value(), meter->unavailable().empty()) << meter->unavailable();
      if (!joules) continue;
      EXPECT_GE(*joules, 0);
      EXPECT_LE(*joules, meter->range());
    }
  }
}

// Counts 1 J at each reading; `problem`: cannot be read.
class NamedMeter final : public Meter {
 public:
  NamedMeter(std::string name, std::string scope, std::string problem = "")
      : name_(std::move(name)), scope_(std::move(scope)), problem_(std::move(problem)) {}
  std::string name() const override { return name_; }
  std::string scope() const override { return scope_; }
  std::string unavailable() const override { return problem_; }
  std::optional<double> read() override { return ++joules_; }
  double range() const override { return 1e6; }
  double resolution() const override { return 1e-3; }

 private:
  std::string name_, scope_, problem_;
  double joules_ = 0;
};

MeterEntry stubs(const std::string& kind, const std::vector<std::array<std::string, 3>>& meters, bool guest = false) {
  const auto find = [=] {
    Meters all;
    for (const auto& [name, scope, problem] : meters) all.push_back(std::make_unique<NamedMeter>(name, scope, problem));
    if (all.empty()) all.push_back(no_meter(kind, "not there"));
    return all;
  };
  return {kind, "", find, guest};
}

std::vector<std::string> used(const std::vector<Sighting>& all) {
  std::vector<std::string> names;
  for (const Sighting& one : all)
    if (one.unused.empty()) names.push_back(one.meter->name());
  return names;
}

// perf counts the same packages as powercap: read together they would count twice.
TEST(Survey, OneKindOfMeterCountsAScope) {
  const std::vector<MeterEntry> registry = {
      stubs("a", {}), stubs("b", {{"b/0", "package", ""}, {"b/1", "package", ""}, {"b/2", "dram", "no permission"}}),
      stubs("c", {{"c/0", "package", ""}, {"c/1", "dram", ""}, {"c/2", "device", ""}}, true)};
  const auto all = survey(false, "", registry);
  ASSERT_EQ(all.size(), 7u);
  EXPECT_TRUE(all[0].absent);
  EXPECT_FALSE(all[3].absent);
  EXPECT_EQ(all[3].unused, "no permission");
  EXPECT_EQ(all[4].unused, "not used: b counts this scope (package)");
  EXPECT_EQ(used(all), (std::vector<std::string>{"b/0", "b/1", "c/1", "c/2"}));
}

// A guest's copy of a counter advances, yet is not the hardware's; a card that was passed through is.
TEST(Survey, AGuestReadsOnlyWhatIsItsOwn) {
  const std::vector<MeterEntry> registry = {stubs("b", {{"b/0", "package", ""}}),
                                            stubs("c", {{"c/0", "package", ""}, {"c/2", "device", ""}}, true)};
  EXPECT_EQ(used(survey(true, "", registry)), (std::vector<std::string>{"c/0", "c/2"}));
  EXPECT_NE(survey(true, "", registry)[0].unused.find("virtual machine"), std::string::npos);
  EXPECT_EQ(used(survey(false, "", registry)), (std::vector<std::string>{"b/0", "c/2"}));
}

// The node's counters are everybody's; a card is its job's.
TEST(Survey, OnASharedNodeOnlyDevicesAreRead) {
  const std::vector<MeterEntry> registry = {stubs("b", {{"b/0", "package", ""}, {"b/1", "node", ""}}),
                                            stubs("c", {{"c/0", "node", ""}, {"c/2", "device", ""}}, true)};
  const auto all = survey(false, "4 of 64", registry);
  EXPECT_EQ(used(all), (std::vector<std::string>{"c/2"}));
  EXPECT_EQ(all[0].unused, "not used: it counts other jobs too, for 4 of 64");
  EXPECT_EQ(used(survey(false, "", registry)), (std::vector<std::string>{"b/0", "b/1", "c/2"}));
}

TEST(Powercap, PackageMemoryAndPlatform) {
  const Meters meters = powercap_meters(trees / "intel_psys");
  EXPECT_EQ(names(meters),
            (std::vector<std::string>{"powercap/package-0 package", "powercap/dram-0 dram", "powercap/psys platform"}));
  for (const auto& meter : meters) EXPECT_EQ(meter->unavailable(), "");
  EXPECT_DOUBLE_EQ(*meters[0]->read(), 118462.093147);
  EXPECT_DOUBLE_EQ(meters[0]->range(), 262143.328850);
}

TEST(Powercap, TwoPackages) {
  EXPECT_EQ(names(powercap_meters(trees / "intel_two_packages")),
            (std::vector<std::string>{"powercap/package-0 package", "powercap/dram-0 dram",
                                      "powercap/package-1 package", "powercap/dram-1 dram"}));
}

TEST(Powercap, PlatformBetweenPackages) {
  const Meters meters = powercap_meters(trees / "intel_psys_between_packages");
  EXPECT_EQ(names(meters),
            (std::vector<std::string>{"powercap/package-0 package", "powercap/dram-0 dram", "powercap/psys platform",
                                      "powercap/package-1 package", "powercap/dram-1 dram"}));
  for (const auto& meter : meters) EXPECT_LE(*meter->read(), meter->range()) << meter->name();
}

TEST(Powercap, Amd) {
  const Meters meters = powercap_meters(trees / "amd");
  EXPECT_EQ(names(meters), (std::vector<std::string>{"powercap/package-0 package"}));
  EXPECT_DOUBLE_EQ(*meters[0]->read(), 41230.987654);
}

TEST(Powercap, AbsentTreeIsAReason) {
  const Meters meters = powercap_meters(trees / "nowhere");
  ASSERT_EQ(meters.size(), 1u);
  EXPECT_NE(meters[0]->unavailable().find("no RAPL counters"), std::string::npos);
  EXPECT_FALSE(meters[0]->read());
}

// The superuser may read whatever its mode says, so the reader says what a user would see.
TEST(Powercap, PermissionDeniedNamesTheMend) {
  const auto denied = [](const fs::path& path) {
    return path.filename() == "energy_uj" ? FileText{"", EACCES} : read_text(path);
  };
  for (const auto& meter : powercap_meters(trees / "intel_two_packages", denied)) {
    EXPECT_NE(meter->unavailable().find("sudo chmod a+r"), std::string::npos);
    EXPECT_FALSE(meter->read());
  }
}

TEST(Powercap, BrokenFilesAreReasons) {
  for (const FileText& broken : {FileText{"", ENODATA}, FileText{"many\n", 0}, FileText{"", 0}, FileText{"-5\n", 0}}) {
    const auto reader = [&](const fs::path& path) { return path.filename() == "energy_uj" ? broken : read_text(path); };
    for (const auto& meter : powercap_meters(trees / "amd", reader)) {
      EXPECT_NE(meter->unavailable(), "");
      EXPECT_FALSE(meter->read());
    }
  }
  const auto rangeless = [](const fs::path& path) {
    return path.filename() == "max_energy_range_uj" ? FileText{"", ENOENT} : read_text(path);
  };
  EXPECT_NE(powercap_meters(trees / "amd", rangeless)[0]->unavailable().find("max_energy_range_uj"), std::string::npos);
}

// 100 W on a counter that starts anew every `range` joules, read every 50 ms for `seconds`.
EnergyTrace steady(double seconds, double range = 1000, double from = 0) {
  EnergyTrace trace{"test/package-0", "package", range, 0.05, {}, std::numeric_limits<double>::infinity(), ""};
  const int rows = static_cast<int>(std::lround(seconds / 0.05));
  for (int i = 0; i <= rows; ++i) trace.rows.push_back({10 + 0.05 * i, std::fmod(from + 5.0 * i, range)});
  return trace;
}

TEST(Energy, DifferenceModuloRange) {
  EXPECT_EQ(counter_difference(10, 30, 100), 20);
  EXPECT_EQ(counter_difference(90, 15, 100), 25);
  EXPECT_EQ(counter_difference(90, 15, std::numeric_limits<double>::infinity()), -75);
}

TEST(Energy, SteadyPowerThroughManyTurns) {
  const EnergyReading reading = energy_between(steady(60, 1000, 998), 12.01, 67.34);  // 5 to 6 turns
  ASSERT_TRUE(reading.joules) << reading.reason;
  EXPECT_NEAR(*reading.joules, 5533, 1e-6);
  EXPECT_NEAR(reading.error, 0, 1e-6);
}

// 100 W, then 300 W from 15 s on: Pmax - Pmin = 200 W, u = 0.05 s.
TEST(Energy, EdgeErrorAndResolution) {
  EnergyTrace trace = steady(10, 1e6);
  for (EnergyRow& row : trace.rows)
    if (row.seconds > 15) row.joules += 200 * (row.seconds - 15);
  const EnergyReading whole = energy_between(trace, 10.5, 19.5);
  ASSERT_TRUE(whole.joules) << whole.reason;
  EXPECT_NEAR(*whole.joules, 450 + 1350, 1e-6);
  EXPECT_NEAR(whole.error, 0.05 * 200, 1e-6);
  // Pavg = 200 W about the step: shorter than 50 * 0.05 * 200 / 200 = 2.5 s is no number.
  EXPECT_TRUE(energy_between(trace, 13.7, 16.3).joules);
  const EnergyReading brief = energy_between(trace, 13.8, 16.2);
  EXPECT_FALSE(brief.joules);
  EXPECT_NE(brief.reason.find("below resolution"), std::string::npos) << brief.reason;
  EXPECT_FALSE(energy_between(trace, 12.01, 12.09).joules);  // 2 gaps tell nothing of the power's range
}

TEST(Energy, UnhealthyRecordsAreReasons) {
  const auto reason = [](const EnergyTrace& trace) {
    const EnergyReading reading = energy_between(trace, 11, 19);
    EXPECT_FALSE(reading.joules);
    return reading.reason;
  };
  EnergyTrace trace = steady(10, 1e6);
  EXPECT_FALSE(energy_between(trace, 9, 19).joules);  // before the record
  EXPECT_FALSE(energy_between(trace, 11, 21).joules);
  EXPECT_FALSE(energy_between(trace, 12, 12).joules);
  for (EnergyRow& row : trace.rows) row.joules = 7;
  EXPECT_NE(reason(trace).find("did not advance"), std::string::npos);
  trace = steady(10, 1e6);
  for (EnergyRow& row : trace.rows)
    if (row.seconds > 15) row.joules -= 300;  // set back: no turn of a counter that has a million joules to go
  EXPECT_NE(reason(trace).find("jumped"), std::string::npos);
  trace = steady(10, 1e6);
  trace.rows[80].joules = 2e6;
  EXPECT_NE(reason(trace).find("out of its range"), std::string::npos);
  trace = steady(10, 1000);
  trace.rows.erase(trace.rows.begin() + 60, trace.rows.begin() + 70);  // half a second at 10 kW is more than a turn
  EXPECT_NE(reason(trace).find("not read"), std::string::npos);
  trace = steady(10, std::numeric_limits<double>::infinity());
  trace.rows[80].joules = std::nan("");
  EXPECT_NE(reason(trace), "");
  trace = steady(10, 1e6);
  trace.longest_gap = 0.5;
  EXPECT_TRUE(energy_between(trace, 11, 19).joules);
  trace.rows.erase(trace.rows.begin() + 60, trace.rows.begin() + 75);
  EXPECT_NE(reason(trace).find("was not read for 0.8 s"), std::string::npos) << reason(trace);
}

// A counter that is read modulo its range, then gone: the card fell off the bus, the driver was unloaded.
class Leaving final : public Meter {
 public:
  explicit Leaving(int readings) : readings_(readings) {}
  std::string name() const override { return "test/leaving"; }
  std::string scope() const override { return "device"; }
  std::string unavailable() const override { return readings_ > 0 ? "" : "GPU is lost"; }
  std::optional<double> read() override { return readings_-- > 0 ? std::optional(100 * now_seconds()) : std::nullopt; }
  double range() const override { return std::numeric_limits<double>::infinity(); }
  double resolution() const override { return 1e-3; }

 private:
  int readings_;
};

TEST(Energy, AMeterThatDisappearsSaysWhy) {
  Meters meters;
  meters.push_back(std::make_unique<Leaving>(10));
  EnergyRecorder recorder(std::move(meters), 0.005);
  const double begin = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  recorder.stop();
  const auto traces = recorder.traces();
  ASSERT_EQ(traces[0].rows.size(), 10u);
  const EnergyReading reading = energy_between(traces[0], begin, now_seconds());
  EXPECT_FALSE(reading.joules);
  EXPECT_EQ(reading.reason, "test/leaving: the record does not cover the interval; GPU is lost");
  EXPECT_EQ(energy_of_scope(traces, "device", begin, now_seconds()).reason, reading.reason);
}

TEST(Energy, PackagesAddUpAndScopesDoNot) {
  std::vector<EnergyTrace> traces = {steady(10, 1e6), steady(10, 1e6, 77), steady(10, 1e6)};
  traces[2].scope = "platform";
  EXPECT_NEAR(*energy_of_scope(traces, "package", 11, 19).joules, 1600, 1e-6);
  EXPECT_NEAR(*energy_of_scope(traces, "platform", 11, 19).joules, 800, 1e-6);
  EXPECT_EQ(energy_of_scope(traces, "node", 11, 19).reason, "no meter of scope \"node\"");
  traces[1].rows.clear();
  EXPECT_FALSE(energy_of_scope(traces, "package", 11, 19).joules);  // one package alone is not the node's packages
}

// 50 W by the clock, in steps of 1 ms as RAPL's, starting anew at 30 J.
class Clockwork final : public Meter {
 public:
  std::string name() const override { return "test/clockwork"; }
  std::string scope() const override { return "package"; }
  std::string unavailable() const override { return ""; }
  std::optional<double> read() override { return std::fmod(50 * std::floor(now_seconds() * 1e3) / 1e3, range()); }
  double range() const override { return 30000; }
  double resolution() const override { return 1e-3; }
};

TEST(Energy, RecorderFollowsAMeter) {
  Meters meters;
  meters.push_back(std::make_unique<Clockwork>());
  EnergyRecorder recorder(std::move(meters), 0.01);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double begin = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  const double end = now_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  recorder.stop();
  const auto traces = recorder.traces();
  ASSERT_EQ(traces.size(), 1u);
  EXPECT_GE(traces[0].rows.size(), 10u);
  EXPECT_EQ(traces[0].period, 0.01);
  const EnergyReading reading = energy_between(traces[0], begin, end);
  if (reading.joules)
    EXPECT_NEAR(*reading.joules, 50 * (end - begin), reading.error + 0.1);
  else
    EXPECT_NE(reading.reason.find("below resolution"), std::string::npos) << reading.reason;
  EXPECT_LT(recorder.cost(), 0.2);
  recorder.stop();  // twice is allowed
}

}  // namespace
}  // namespace tandem
