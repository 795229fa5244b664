// A run of several parts: what must be as it was, one axis of time, and energies from the joined readings.
#include "harness/launch/resume.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/launch/energy.hpp"
#include "harness/measure/clock.hpp"
#include "harness/result/files.hpp"
#include "harness/result/power.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem {
namespace {

Json machine() {
  return {{"host", "h1"},
          {"cpu", "A"},
          {"cores", 4},
          {"cores_allowed", 4},
          {"memory_available_bytes", 1000},
          {"libraries",
           {{"blas", {{"name", "OpenBLAS"}, {"version", "0.3"}, {"core", "Zen"}}},
            {"onednn", {{"version", "2.6"}, {"isa", "avx2"}}},
            {"mpi", {{"version", "Open MPI"}}}}},
          {"tandem", {{"version", "1"}, {"commit", "ab"}, {"dirty", false}, {"flags", "-O3"}, {"program", "00"}}}};
}

TEST(Changes, OnlyProgramMachineAndLibrariesCount) {
  EXPECT_TRUE(changes_since(machine(), machine()).empty());
  Json now = machine();
  now["memory_available_bytes"] = 900;
  EXPECT_TRUE(changes_since(machine(), now).empty());
  for (const char* path : {"/host", "/cpu", "/cores", "/cores_allowed", "/libraries/blas/core", "/libraries/onednn/isa",
                           "/libraries/mpi/version", "/tandem/version", "/tandem/dirty", "/tandem/program"}) {
    now = machine();
    now[Json::json_pointer(path)] = "other";
    ASSERT_EQ(changes_since(machine(), now).size(), 1u) << path;
    EXPECT_NE(changes_since(machine(), now)[0].find("is other"), std::string::npos) << changes_since(machine(), now)[0];
    EXPECT_EQ(changes_since(now, machine()).size(), 1u) << path;
  }
}

TEST(Changes, EachIsNamedOnceAndWhatIsUnknownIsOne) {
  Json now = machine();
  now["cpu"] = "B";
  now["tandem"]["commit"] = "cd";
  now["tandem"]["program"] = "11";
  now["libraries"].erase("onednn");
  EXPECT_EQ(changes_since(machine(), now),
            (std::vector<std::string>{"program: commit was ab, is cd", "cpu: cpu was A, is B",
                                      "oneDNN: version was 2.6, is unknown"}));
}

Json launch_line(const std::string& id, double begin, double seconds) {
  return {{"record", "launch"}, {"id", id}, {"begin", begin}, {"seconds", seconds}};
}
Json part_line(double begin, const Json& meters = Json::array()) {
  return {{"record", "part"}, {"started", "t"}, {"begin", begin}, {"meters", meters}};
}

TEST(Past, PartsFollowOneAnotherOnOneAxis) {
  std::vector<Json> ledger = {{{"record", "plan"}, {"sha256", "ab"}}, part_line(0), launch_line("a", 0.1, 4)};
  Past past = past_of(ledger);
  EXPECT_EQ(past.plan, "ab");
  EXPECT_EQ(past.done, std::vector<std::string>{"a"});
  EXPECT_DOUBLE_EQ(past.end, 4.1) << "nobody closed it: its last launch is what is known";
  EXPECT_EQ(past.open, ledger[1]);
  ledger.push_back({{"record", "run"}, {"started", "t"}, {"seconds", 5.0}, {"interrupted", true}});
  past = past_of(ledger);
  EXPECT_DOUBLE_EQ(past.end, 5);
  EXPECT_TRUE(past.open.is_null());
  ledger.push_back(part_line(5));
  ledger.push_back({{"record", "run"}, {"started", "t"}, {"seconds", 2.0}, {"interrupted", true}});
  EXPECT_DOUBLE_EQ(past_of(ledger).end, 7);
  EXPECT_DOUBLE_EQ(past_of({}).end, 0);
}

const Json kMeters = Json::array({{{"meter", "m0"}, {"scope", "package"}, {"range", 1000.0}, {"period", 0.05}}});

// Two parts of ten seconds: 100 W; in between the machine was started anew, and the counter with it; then 50 W.
std::string two_parts() {
  std::string text = "seconds,meter,scope,joules\n";
  for (int i = 1; i <= 200; ++i)
    text += fmt::format("{:.9f},m0,package,{}\n", 0.05 * i, std::fmod(400 + 5.0 * i, 1000));
  for (int i = 1; i <= 200; ++i) text += fmt::format("{:.9f},m0,package,{}\n", 10 + 0.05 * i, 2.5 * i);
  return text;
}

Json with_energy(Json launch, double joules) {
  launch["energy"] = {{"joules", joules}, {"error", 0.0}, {"scope", "package"}, {"reason", nullptr}};
  return launch;
}

class Power : public ::testing::Test {
 protected:
  Json energy(const Json& launch, const std::string& csv, const std::vector<Json>& ledger) {
    write_file(place.folder() / "power.csv", csv);
    problems.clear();
    return energy_of_launch(launch, read_power(place.folder() / "power.csv", ledger), problems);
  }
  const std::vector<Json> parts = {part_line(0, kMeters), part_line(10, kMeters)};
  std::vector<std::string> problems;
  Workplace place;
};

TEST_F(Power, EnergiesOfBothPartsFollowFromTheJoinedFile) {
  EXPECT_NEAR(energy(with_energy(launch_line("a", 1, 8), 800), two_parts(), parts).at("joules"), 800, 1e-6);
  EXPECT_TRUE(problems.empty());
  EXPECT_NEAR(energy(with_energy(launch_line("b", 11, 8), 400), two_parts(), parts).at("joules"), 400, 1e-6);
  EXPECT_TRUE(problems.empty());
  const Json across = energy(with_energy(launch_line("c", 9, 3), 250), two_parts(), parts);
  EXPECT_TRUE(across.at("joules").is_null()) << "no energy spans two parts: " << across;
}

TEST_F(Power, MissingReadingsAreNullWithAReason) {
  const std::string text = two_parts();
  const Json lost = energy(with_energy(launch_line("b", 11, 8), 400), text.substr(0, text.find("15.0")), parts);
  EXPECT_TRUE(lost.at("joules").is_null());
  EXPECT_NE(lost.at("reason").get<std::string>().find("its readings in power.csv are missing"), std::string::npos)
      << lost;
  const Json none = energy(with_energy(launch_line("a", 1, 8), 800), "", {part_line(0)});
  EXPECT_TRUE(none.at("joules").is_null()) << none;
  Json unmetered = launch_line("a", 1, 8);
  unmetered["energy"] = {{"joules", nullptr}, {"error", nullptr}, {"scope", nullptr}, {"reason", "no counter"}};
  EXPECT_EQ(energy(unmetered, text, parts), unmetered["energy"]);
}

TEST_F(Power, ReadingsThatGiveAnotherEnergyAreAProblem) {
  energy(with_energy(launch_line("a", 1, 8), 700), two_parts(), parts);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0], "power.csv: the readings give 800 J for launch a, the ledger 700 J");
}

TEST_F(Power, ADamagedRowIsNamed) {
  for (const char* row : {"1.0,m0,package\n", "x,m0,package,5\n", "1.0,m0,package,5,6\n", "1.0,m0,package,\n", "\n"})
    EXPECT_THROW(energy(launch_line("a", 1, 8), std::string("seconds,meter,scope,joules\n") + row, parts), Error)
        << row;
}

Json host(int rank, const std::string& name) { return {{"record", "host"}, {"rank", rank}, {"host", name}}; }

// Two nodes, of which the other may have any meters or none: what this one drew is not the launch's energy.
TEST(Nodes, EnergyOfOneOfTwoIsNoEnergyOfTheLaunch) {
  const auto metered = [](const char* scope) {
    return Json{{"joules", 500.0}, {"error", 1.0}, {"scope", scope}, {"reason", nullptr}};
  };
  const std::vector<Json> here = {{{"record", "end"}}, host(0, "a"), host(1, "a")}, both = {host(0, "a"), host(1, "b")},
                          there = {host(0, "b"), host(1, "b")};
  EXPECT_EQ(energy_of_ranks(metered("package"), here, {"a"}), metered("package"));
  EXPECT_EQ(energy_of_ranks(metered("package"), {}, {"a"}), metered("package")) << "no launcher, so here";
  for (const auto& records : {both, there})
    for (const char* scope : {"package", "platform", "node"}) {
      const Json energy = energy_of_ranks(metered(scope), records, {"a"});
      EXPECT_TRUE(energy.at("joules").is_null()) << scope;
      EXPECT_NE(energy.at("reason").get<std::string>().find("1 other node too"), std::string::npos) << energy;
    }
  EXPECT_EQ(energy_of_ranks(metered("system"), both, {"a"}), metered("system"));
  EXPECT_EQ(energy_of_ranks(metered("package"), both, {"a", "b"}), metered("package")) << "both were metered";
  const Json none = {{"joules", nullptr}, {"error", nullptr}, {"scope", nullptr}, {"reason", "no counter"}};
  EXPECT_EQ(energy_of_ranks(none, both, {"a"}), none);
}

// 50 W by the clock.
class Clockwork final : public Meter {
 public:
  std::string name() const override { return "m0"; }
  std::string scope() const override { return "package"; }
  std::string unavailable() const override { return ""; }
  std::optional<double> read() override { return 50 * now_seconds(); }
  double range() const override { return INFINITY; }
  double resolution() const override { return 1e-3; }
};

TEST_F(Power, ASecondPartAppendsAfterTheFirst) {
  const auto csv = place.folder() / "power.csv";
  EXPECT_EQ(EnergyWatch::last_row(csv), 0);
  std::string before;
  std::vector<Json> lines;
  for (int part = 0; part < 2; ++part) {
    const double past = EnergyWatch::last_row(csv);
    const double origin = now_seconds() - past;
    Meters meters;
    meters.push_back(std::make_unique<Clockwork>());
    EnergyWatch watch(std::move(meters));
    lines.push_back(part_line(past, watch.meters()));
    EXPECT_TRUE(lines.back().at("meters")[0].at("range").is_null());
    const double begin = now_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const double end = now_seconds();
    Json launch = launch_line("a", begin - origin, end - begin);
    launch["energy"] = watch.between(begin, end);
    const std::string reason = launch["energy"].value("reason", Json(nullptr)).dump();
    EXPECT_EQ(reason.find("does not cover"), std::string::npos) << "the reading after the end was waited for";
    watch.append_csv(csv, origin);
    watch.stop();
    watch.append_csv(csv, origin);
    const std::string text = read_file(csv);
    EXPECT_TRUE(text.starts_with(before)) << "what is there is never written again";
    EXPECT_EQ(text.rfind("seconds,meter"), 0u) << "one header";
    EXPECT_GT(EnergyWatch::last_row(csv), past + 0.3);
    before = text;
    const auto read = read_power(csv, lines);
    ASSERT_EQ(read.size(), lines.size());
    EXPECT_GE(read.back().traces.at(0).rows.size(), 4u);
    EXPECT_GT(read.back().traces[0].rows.front().seconds, past);
    std::vector<std::string> problems_found;
    EXPECT_EQ(energy_of_launch(launch, read, problems_found).at("joules").is_null(),
              launch["energy"]["joules"].is_null());
    EXPECT_TRUE(problems_found.empty()) << problems_found.front();
  }
  std::vector<double> times;
  for (const PowerPart& part : read_power(csv, lines))
    for (const EnergyRow& row : part.traces[0].rows) times.push_back(row.seconds);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(times.size() + 1, static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')));
}

}  // namespace
}  // namespace tandem
