// Class official through the program: launches until the stop rule is content, and a record in which none is missing.
#include <algorithm>
#include <vector>

#include "harness/base/digest.hpp"
#include "harness/launch/plan.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// A run that was interrupted before its first launch, without the limits, which take their time in this class.
void prepare(const fs::path& folder) {
  Plan plan = make_plan(
      parse_config("class = \"official\"\nthreads = 1\n[[pipeline]]\nname = \"toy\"\narms = [\"integrated\"]\n"
                   "predicting_kernels = \"none\"\n",
                   "my.toml", {}));
  std::erase_if(plan.jobs, [](const Job& job) { return job.kind == Job::Kind::limits; });
  fs::create_directories(folder / "weights");
  write_file(folder / "plan.json", to_json(plan).dump(1) + "\n");
  for (const char* name : {"machine.json", "hwloc.xml"}) fs::copy(small().result / name, folder / name);
}

// K4 and K5: the median over the launches, and the order statistics that enclose it.
void expect_intervals_of_launches(const Json& arm) {
  const Json& k4 = arm.at("cross_workflow_efficiency");
  auto values = k4.at("launch_values").get<std::vector<double>>();
  ASSERT_EQ(values.size(), arm.at("launches"));
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size(), rank = n == 10 ? 2 : n == 14 ? 3 : 6;
  EXPECT_EQ(k4.at("ci95"), Json({values[rank - 1], values[n - rank]}));
  EXPECT_EQ(k4.at("value").get<double>(), (values[n / 2 - 1] + values[n / 2]) / 2);
  EXPECT_EQ(arm.at("movement_amplification").at("ci95"), Json({0.0, 0.0})) << "in memory nothing is moved";
  EXPECT_TRUE(arm.at("energy_to_solution").at("ci95").is_null()) << "nothing is metered";
}

TEST(Official, LaunchesUntilTheStopRuleIsContent) {
  const Workplace place;
  prepare(place.folder() / "out");
  const Outcome outcome = place.run(kTandem + " run --resume out");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("1 cases, at most 20 launches into out")) << outcome.out;
  const Json arm = read_json(place.folder() / "out/result.json").at("pipelines")[0].at("arms")[0];
  const int launches = arm.at("launches");
  EXPECT_TRUE(launches == 10 || launches == 14 || launches == 20) << launches;
  const Json& convergence = arm.at("convergence");
  EXPECT_EQ(convergence.at("launches"), launches);
  EXPECT_TRUE(launches == 20 || convergence.at("converged") == true) << convergence;
  EXPECT_EQ(outcome.says("unconverged: half the interval is"), convergence.at("converged") == false) << outcome.out;
  EXPECT_TRUE(arm.at("ttis").at("ci95").is_array());
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0) << place.read("stdout.txt");
  expect_intervals_of_launches(arm);

  // Whoever leaves out the launches after a look that he liked has to leave out the right ones.
  const auto lines = read_ledger(place.folder() / "out/ledger.jsonl");
  fs::remove(place.folder() / "out/ledger.jsonl");
  {
    Ledger ledger(place.folder() / "out/ledger.jsonl");
    for (Json line : lines) {
      line.erase("chain");
      if (line.value("launch", 0) != 9) ledger.write(line);
    }
  }
  for (const char* file : {"out/holdout.jsonl", "out/answers.jsonl"}) {
    std::string kept;
    for (const std::string& line : lines_of(place.read(file)))
      if (line.find("in_memory.9\"") == std::string::npos) kept += line + "\n";
    place.write(file, kept);
  }
  write_manifest(place.folder() / "out");
  EXPECT_EQ(place.run(kTandem + " verify out").code, 3);
  EXPECT_NE(place.read("stdout.txt").find("coupling=in_memory.9 of the plan is missing"), std::string::npos)
      << place.read("stdout.txt");
}

}  // namespace
}  // namespace tandem
