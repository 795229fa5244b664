// Meters that are files: perf's events, hardware monitors, Cray's counters and an external meter's log, on trees as
// their drivers' documentation describes them (no machine with readable ones was at hand), healthy and not.
#include <cerrno>
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "harness/meter/hwmon.hpp"
#include "harness/meter/perf.hpp"
#include "harness/meter/pm_counters.hpp"
#include "harness/meter/power_log.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;

class Tree : public ::testing::Test {
 protected:
  void write(const Files& files) const {
    for (const auto& [name, text] : files) {
      fs::create_directories((place.folder() / name).parent_path());
      place.write(name, text);
    }
  }
  // The superuser may read whatever its mode says, so the reader says what a user would see.
  static FileReader failing(const std::string& file, int error) {
    return [=](const fs::path& path) { return path.filename() == file ? FileText{"", error} : read_text(path); };
  }
  static bool says(const std::unique_ptr<Meter>& meter, const std::string& text) {
    return meter->unavailable().find(text) != std::string::npos && !meter->read();
  }
  static std::vector<std::string> names(const Meters& meters) {
    std::vector<std::string> all;
    for (const auto& meter : meters) all.push_back(meter->name() + " " + meter->scope());
    return all;
  }
  fs::path root() const { return place.folder(); }
  Workplace place;
};

// ---- perf

const Files kPerf = {{"type", "32\n"},
                     {"cpumask", "0,28\n"},
                     {"events/energy-pkg", "event=0x02\n"},
                     {"events/energy-pkg.scale", "2.3283064365386962890625e-10\n"},
                     {"events/energy-pkg.unit", "Joules\n"},
                     {"events/energy-ram", "event=0x03\n"},
                     {"events/energy-ram.scale", "2.3283064365386962890625e-10\n"},
                     {"events/energy-ram.unit", "Joules\n"},
                     {"events/energy-cores", "event=0x01\n"},
                     {"events/energy-psys", "event=0x05\n"},
                     {"events/energy-psys.scale", "2.3283064365386962890625e-10\n"},
                     {"events/energy-psys.unit", "Joules\n"}};

class Perf : public Tree {
 protected:
  // A kernel whose descriptor is 100 config + cpu, and whose count is that many joules.
  PerfCalls calls() {
    PerfCalls made;
    made.open = [this](std::uint32_t type, std::uint64_t config, int cpu) {
      EXPECT_EQ(type, 32u);
      opened += error == 0;
      return error != 0 ? -error : static_cast<int>(100 * config) + cpu;
    };
    made.count = [this](int descriptor) {
      return gone ? std::nullopt : std::optional<std::uint64_t>(static_cast<std::uint64_t>(descriptor) << 32);
    };
    made.close = [this](int) { ++closed; };
    return made;
  }
  int error = 0, opened = 0, closed = 0;
  bool gone = false;
};

TEST_F(Perf, EventsOfEachPackage) {
  write(kPerf);
  {
    const Meters meters = perf_meters(root(), read_text, calls());
    EXPECT_EQ(names(meters), (std::vector<std::string>{"perf/package-0 package", "perf/package-1 package",
                                                       "perf/dram-0 dram", "perf/dram-1 dram", "perf/psys platform"}));
    const std::vector<double> joules = {200, 228, 300, 328, 500};
    for (std::size_t i = 0; i < meters.size(); ++i) {
      EXPECT_EQ(meters[i]->unavailable(), "");
      EXPECT_DOUBLE_EQ(*meters[i]->read(), joules[i]) << meters[i]->name();
    }
    gone = true;
    EXPECT_TRUE(says(meters[0], "can no longer be read"));
  }
  EXPECT_EQ(closed, 5);
}

TEST_F(Perf, CpusInRanges) {
  write(kPerf);
  write({{"cpumask", "0-1,4\n"}});
  EXPECT_EQ(names(perf_meters(root(), read_text, calls())).size(), 3u + 3u + 1u);
}

TEST_F(Perf, AnotherUnitIsNoEnergy) {
  write(kPerf);
  write({{"events/energy-pkg.unit", "Watts\n"}});
  const Meters meters = perf_meters(root(), read_text, calls());
  EXPECT_TRUE(says(meters[0], "its unit is \"Watts\", not Joules"));
  EXPECT_EQ(meters[2]->unavailable(), "") << "the memory's is as it was";
}

TEST_F(Perf, WithoutScaleCodeOrPermissionThereIsNone) {
  for (const auto& [file, text] : Files{{"events/energy-pkg.scale", "0\n"},
                                        {"events/energy-pkg.scale", "many\n"},
                                        {"events/energy-pkg", "umask=0x02\n"},
                                        {"type", "\n"}}) {
    write(kPerf);
    write({{file, text}});
    EXPECT_TRUE(says(perf_meters(root(), read_text, calls())[0], "cannot be read")) << file << " " << text;
  }
  write(kPerf);
  error = EACCES;
  EXPECT_TRUE(says(perf_meters(root(), read_text, calls())[0], "sudo sysctl kernel.perf_event_paranoid=0"));
  error = ENODEV;
  EXPECT_TRUE(says(perf_meters(root(), read_text, calls())[0], "perf_event_open: No such device"));
  EXPECT_TRUE(says(perf_meters(root() / "nowhere", read_text, calls())[0], "no energy events"));
  EXPECT_EQ(closed, opened) << "what was not opened is not closed";
}

// ---- hwmon

TEST_F(Tree, MonitorsOfKnownScope) {
  write({{"hwmon0/name", "amd_energy\n"},
         {"hwmon0/energy1_label", "Ecore000\n"},
         {"hwmon0/energy1_input", "5\n"},
         {"hwmon0/energy2_label", "Esocket0\n"},
         {"hwmon0/energy2_input", "81234567890\n"},
         {"hwmon1/name", "xe\n"},
         {"hwmon1/energy1_label", "card\n"},
         {"hwmon1/energy1_input", "7000000\n"},
         {"hwmon1/energy2_label", "pkg\n"},
         {"hwmon1/energy2_input", "6000000\n"},
         {"hwmon2/name", "i915_gt0\n"},
         {"hwmon2/energy1_input", "7000000\n"},
         {"hwmon3/name", "coretemp\n"},
         {"hwmon3/temp1_input", "40000\n"}});
  const Meters meters = hwmon_meters(root());
  EXPECT_EQ(names(meters),
            (std::vector<std::string>{"hwmon/amd_energy.hwmon0.Esocket0 package", "hwmon/xe.hwmon1.card device"}));
  EXPECT_DOUBLE_EQ(*meters[0]->read(), 81234.567890);
  EXPECT_EQ(meters[1]->unavailable(), "");
  EXPECT_TRUE(says(hwmon_meters(root(), failing("energy2_input", EACCES))[0], "sudo chmod a+r"));
  EXPECT_TRUE(says(hwmon_meters(root(), failing("energy2_input", ENODEV))[0], "No such device"));
  EXPECT_TRUE(says(hwmon_meters(root() / "nowhere")[0], "no monitor"));
}

// Power counts only where the driver says over which time it is a mean, and no reading is missed.
TEST_F(Tree, MeanPowerIsSummedUpOnlyWhereNothingIsMissed) {
  double time = 100;
  const auto clock = [&] { return time; };
  write({{"hwmon0/name", "power_meter\n"},
         {"hwmon0/power1_average", "200000000\n"},
         {"hwmon0/power1_average_interval", "1000\n"},
         {"hwmon1/name", "amdgpu\n"},
         {"hwmon1/power1_average", "50000000\n"}});
  const Meters meters = hwmon_meters(root(), read_text, clock);
  ASSERT_EQ(names(meters), (std::vector<std::string>{"hwmon/power_meter.hwmon0.power1 node"}));
  EXPECT_EQ(meters[0]->unavailable(), "");
  EXPECT_EQ(meters[0]->resolution(), 1);
  EXPECT_EQ(meters[0]->longest_gap(), 2);
  EXPECT_EQ(*meters[0]->read(), 0);
  time += 1;
  EXPECT_EQ(*meters[0]->read(), 200);
  write({{"hwmon0/power1_average", "400000000\n"}});
  time += 0.5;
  EXPECT_EQ(*meters[0]->read(), 350);
  write({{"hwmon0/power1_average", "-1\n"}});
  EXPECT_FALSE(meters[0]->read());
  for (const char* interval : {"20\n", "0\n", "\n"}) {
    write({{"hwmon0/power1_average_interval", interval}, {"hwmon0/power1_average", "1000\n"}});
    EXPECT_NE(hwmon_meters(root(), read_text, clock)[0]->unavailable(), "") << interval;
  }
}

// NVIDIA Grace names its ACPI meters; the rails lie inside the socket, the module contains it.
TEST_F(Tree, GraceSocketAndModule) {
  const std::vector<std::string> called = {"Module Power Socket 0", "Grace Power Socket 0", "CPU Power Socket 0",
                                           "SysIO Power Socket 0"};
  for (std::size_t i = 0; i < called.size(); ++i) {
    const std::string monitor = "hwmon" + std::to_string(i);
    write({{monitor + "/name", "power_meter\n"},
           {monitor + "/power1_average", "100000000\n"},
           {monitor + "/power1_average_interval", "50\n"},
           {monitor + "/power1_oem_info", called[i] + "\n"}});
  }
  const Meters meters = hwmon_meters(root());
  EXPECT_EQ(names(meters), (std::vector<std::string>{"hwmon/power_meter.hwmon0.Module-Power-Socket-0 platform",
                                                     "hwmon/power_meter.hwmon1.Grace-Power-Socket-0 package"}));
  EXPECT_EQ(meters[1]->unavailable(), "");
}

// ---- pm_counters

class Cray : public Tree {
 protected:
  void SetUp() override {
    write({{"energy", "26500000 J 1690000000000000 us\n"},
           {"cpu_energy", "9000000 J 1690000000000000 us\n"},
           {"memory_energy", "2000000 J 1690000000000000 us\n"},
           {"accel_energy", "0 J 1690000000000000 us\n"},
           {"raw_scan_hz", "10\n"},
           {"freshness", "430\n"},
           {"generation", "9\n"},
           {"startup", "1690000000\n"}});
  }
  Meters meters(const FileReader& reader = read_text) {
    return pm_counters_meters(root(), reader, [this] { return time; });
  }
  double time = 50;
};

TEST_F(Cray, NodeProcessorsAndMemory) {
  const Meters found = meters();
  EXPECT_EQ(names(found), (std::vector<std::string>{"pm_counters/energy node", "pm_counters/cpu_energy package",
                                                    "pm_counters/memory_energy dram"}));
  EXPECT_EQ(found[0]->unavailable(), "");
  EXPECT_EQ(*found[0]->read(), 26500000);
  EXPECT_DOUBLE_EQ(found[0]->resolution(), 0.1);
  write({{"accel_energy", "77 J 1690000000000000 us\n"}});
  EXPECT_EQ(names(meters()).back(), "pm_counters/accel_energy device");
}

TEST_F(Cray, AnotherUnitOrNoPermissionIsAReason) {
  write({{"energy", "26500000 mJ 1690000000000000 us\n"}});
  EXPECT_TRUE(says(meters()[0], "which is no number of J"));
  write({{"energy", "26500000\n"}});
  EXPECT_TRUE(says(meters()[0], "which is no number of J"));
  SetUp();
  EXPECT_TRUE(says(meters(failing("energy", EACCES))[0], "sudo chmod a+r"));
  EXPECT_TRUE(says(meters(failing("freshness", EACCES))[0], "freshness cannot be read"));
  EXPECT_TRUE(says(pm_counters_meters(root() / "nowhere")[0], "no HPE Cray node"));
}

TEST_F(Cray, CountersThatNobodyWritesAreStale) {
  const Meters found = meters();
  for (int i = 0; i < 5; ++i, time += 1) {
    write({{"freshness", std::to_string(431 + 10 * i) + "\n"}});
    EXPECT_TRUE(found[0]->read());
  }
  time += 2;
  EXPECT_TRUE(says(found[0], "stands still"));
  write({{"freshness", "999\n"}});
  time += 0.1;
  EXPECT_TRUE(found[0]->read()) << "written again";
}

TEST_F(Cray, APowerCapOrARestartInBetweenEndsTheMeasurement) {
  for (const auto& [file, reason] :
       std::map<std::string, std::string>{{"generation", "power cap was changed"}, {"startup", "were restarted"}}) {
    SetUp();
    const Meters found = meters();
    EXPECT_TRUE(found[0]->read());
    write({{file, "10\n"}});
    time += 0.1;
    EXPECT_TRUE(says(found[0], reason));
  }
}

// ---- an external meter's log

class Log : public Tree {
 protected:
  Meters meters(const std::string& declared) {
    const LogClocks clocks{[this] { return time - 1.7e9; }, [this] { return time; }};
    return power_log_meters(declared.c_str(), clocks);
  }
  std::string path() const { return (root() / "power.csv").string(); }
  void append(const std::string& text) const { std::ofstream(path(), std::ios::app) << text; }
  double time = 1.7e9 + 1000;
};

TEST_F(Log, RowsAreSummedUpAtTheirOwnTimes) {
  append("t,W\n1700000990.5,100\n1700000991.5,100\n1700000992.5,300\n");
  const Meters found = meters(path());
  ASSERT_EQ(names(found), (std::vector<std::string>{"power_log/node node"}));
  EXPECT_EQ(found[0]->unavailable(), "");
  EXPECT_EQ(found[0]->resolution(), 1);
  EXPECT_DOUBLE_EQ(found[0]->row()->joules, 300);
  EXPECT_NEAR(found[0]->row()->seconds, 992.5, 1e-6) << "steady clock";
  append("1700000993.5,30");
  EXPECT_DOUBLE_EQ(*found[0]->read(), 300) << "a line that is still being written";
  append("0\n1700000994.5,300\n");
  EXPECT_DOUBLE_EQ(*found[0]->read(), 900);
  EXPECT_NEAR(found[0]->row()->seconds, 994.5, 1e-6);
  EXPECT_EQ(names(meters("system:" + path())), (std::vector<std::string>{"power_log/system system"}));
}

TEST_F(Log, WhatIsNoLogIsAReason) {
  EXPECT_TRUE(says(meters("")[0], "TANDEM_POWER_LOG"));
  EXPECT_TRUE(says(power_log_meters(nullptr)[0], "TANDEM_POWER_LOG"));
  EXPECT_TRUE(says(meters(path())[0], "cannot be read"));
  append("t,W\n1700000990,100\n");
  EXPECT_TRUE(says(meters(path())[0], "fewer than two rows"));
  append("1700000991,100\n");
  EXPECT_EQ(meters(path())[0]->unavailable(), "");
  time += 100;
  EXPECT_TRUE(says(meters(path())[0], "109 s away from now"));
  place.write("power.csv", "0.5,100\n1.5,100\n");
  EXPECT_TRUE(says(meters(path())[0], "seconds since 1970"));
}

TEST_F(Log, AWrongRowEndsIt) {
  for (const char* wrong : {"many,100\n", "1700000993,\n", "1700000993;100\n", "1700000993,100 W\n", "1700000991,100\n",
                            "1700000993,-5\n", "1700000993,nan\n"}) {
    place.write("power.csv", "1700000991,100\n1700000992,100\n");
    const Meters found = meters(path());
    EXPECT_TRUE(found[0]->read()) << wrong;
    append(wrong);
    EXPECT_FALSE(found[0]->read()) << wrong;
    EXPECT_TRUE(says(found[0], "line 3")) << wrong << found[0]->unavailable();
    EXPECT_FALSE(found[0]->row());
  }
}

}  // namespace
}  // namespace tandem
