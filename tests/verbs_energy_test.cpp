// Energy through the program: an external meter's log that a thread writes meanwhile, and a declared power model.
#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "harness/meter/power_log.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

// 200 W, a row every 20 ms, from before the run until after it.
class Logger {
 public:
  explicit Logger(const fs::path& file) : file_(file), thread_([this] { write(); }) {
    Workplace::until([&] { return fs::exists(file_) && fs::file_size(file_) > 200; });
  }
  ~Logger() {
    stop_ = true;
    thread_.join();
  }
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

 private:
  void write() {
    std::ofstream out(file_);
    out << "t,W\n";
    while (!stop_) {
      out << fmt::format("{:.6f},200\n", host_clocks().since_1970()) << std::flush;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  fs::path file_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

struct Metered {
  Metered() {
    const Logger logger(place.folder() / "pdu.csv");
    outcome = place.run("env TANDEM_POWER_LOG=pdu.csv " + kTandem + " run " + kConfigs + "/energy.toml --out out");
    if (outcome.code == 0) document = read_json(place.folder() / "out" / "result.json");
  }
  Workplace place;
  Outcome outcome;
  Json document;
};
const Metered& metered() {
  static const Metered made;
  return made;
}

TEST(Energy, OfAnArmAtTheWall) {
  ASSERT_EQ(metered().outcome.code, 0) << metered().outcome.out << metered().outcome.err;
  for (const Json& arm : metered().document.at("pipelines").at(0).at("arms")) {
    ASSERT_TRUE(arm.at("energy_to_solution").at("value").is_number()) << arm.at("energy_to_solution");
    const double joules = arm.at("energy_to_solution").at("value"), seconds = arm.at("ttis").at("value");
    EXPECT_NEAR(joules, 200 * seconds, 0.02 * 200 * seconds);
    EXPECT_EQ(arm.at("energy_scope"), "node");
    EXPECT_EQ(arm.at("energy_level"), "E3");
    EXPECT_EQ(arm.at("energy_scopes").size(), 1u);
    EXPECT_FALSE(arm.at("energy_by_phase").empty());
    for (const Json& phase : arm.at("energy_by_phase")) {
      EXPECT_NEAR(phase.at("alone_seconds"), phase.at("seconds"), 1e-9) << "one rank is always alone";
      if (phase.at("joules").is_null())
        EXPECT_NE(phase.at("reason").get<std::string>().find("below resolution"), std::string::npos) << phase;
      else
        EXPECT_NEAR(phase.at("watts"), 200, 10) << phase;
    }
  }
}

TEST(Energy, SavingIsTimeAloneAtOnePower) {
  ASSERT_EQ(metered().outcome.code, 0);
  const Json& kpis = metered().document.at("pipelines").at(0).at("kpis");
  const Json& split = kpis.at("energy_saving_split");
  ASSERT_TRUE(split.at("joules").is_number()) << split;
  const double whole = split.at("joules"), time = split.at("from_time"), power = split.at("from_power");
  EXPECT_NEAR(time + power, whole, 1e-9 * std::abs(whole) + 1e-9);
  EXPECT_NEAR(split.at("watts_separated"), 200, 4);
  EXPECT_TRUE(kpis.at("energy_saving").at("value").is_number());
  EXPECT_TRUE(metered().outcome.says("J a solution:"));
}

TEST(Energy, IdlePowerAndTheSamplersCost) {
  ASSERT_EQ(metered().outcome.code, 0);
  const Json& run = metered().document.at("run");
  ASSERT_EQ(run.at("idle_power").size(), 2u);
  EXPECT_EQ(run.at("idle_power").at(0).at("when"), "before");
  EXPECT_EQ(run.at("idle_power").at(1).at("when"), "after");
  for (const Json& rest : run.at("idle_power")) {
    ASSERT_TRUE(rest.at("watts").is_number()) << rest;
    EXPECT_NEAR(rest.at("watts"), 200, 4);
  }
  EXPECT_EQ(run.at("sampler").at("meters"), 1);
  EXPECT_LT(run.at("sampler").at("cpu_share"), 0.05);
  EXPECT_TRUE(metered().outcome.says("idle power before 200 W, after 200 W; reading the meters took"));
}

// 60 T + 45.5 A + 20 X, from the document's own slot seconds.
TEST(Energy, AModelStandsApartFromAllThatIsMeasured) {
  ASSERT_EQ(metered().outcome.code, 0);
  for (const Json& arm : metered().document.at("pipelines").at(0).at("arms")) {
    double busy = 0, transition = 0;
    for (const Json& phase : arm.at("phases")) {
      if (phase.at("state") == "phase") busy += phase.at("seconds").get<double>();
      if (phase.at("state") == "transition") transition += phase.at("seconds").get<double>();
    }
    const double seconds = arm.at("launch_seconds").at(0);
    EXPECT_NEAR(arm.at("energy_modelled").at("joules"), 60 * seconds + 45.5 * busy + 20 * transition, 1e-6);
    EXPECT_EQ(arm.at("energy_modelled").at("note"), "modelled, not measured");
  }
  EXPECT_TRUE(metered().outcome.says("energy (modelled, not measured)"));
  for (const Json& fom : metered().document.at("foms"))
    EXPECT_EQ(fom.at("name").get<std::string>().find("modelled"), std::string::npos) << fom.at("name");
  EXPECT_EQ(metered().document.at("pipelines").at(0).at("kpis").dump().find("modelled"), std::string::npos);
}

TEST(Energy, TheDocumentFollowsTheSchemaAndVerifies) {
  ASSERT_EQ(metered().outcome.code, 0);
  EXPECT_EQ(schema_errors(metered().place.folder() / "out" / "result.json"), "");
  const Outcome verified = metered().place.run(kTandem + " verify out");
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace tandem
