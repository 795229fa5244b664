// tandem aa as a user types it.
#include <map>
#include <set>

#include "harness/result/aa_threshold.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kPlan = R"(threads = 1
[[kernel]]
name = "dense/gemm"
n = 32
[[pipeline]]
name = "toy"
arms = ["integrated"]
)";

TEST(AaVerb, MeasuresTheMachineAgainstItself) {
  const Workplace place;
  place.write("my.toml", kPlan);
  const Outcome outcome = place.run(kTandem + " aa my.toml --launches 2 --out aa.json");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* text : {"2 launches a side in turn; from 6 on there are intervals", "kernel.dense.gemm.n=32",
                           "saved: aa.json (of the run aa)",
                           "TANDEM-FOM v1 aa.kernel.delta = ", "TANDEM-FOM v1 aa.pipeline.difference = "})
    EXPECT_TRUE(outcome.says(text)) << text << "\n" << outcome.out;
  EXPECT_TRUE(lines_of(outcome.out).back().starts_with("TANDEM-RESULT v1 ")) << outcome.out;
  const Json aa = read_json(place.folder() / "aa.json");
  EXPECT_EQ(aa.at("cases").size(), 2u);
  EXPECT_EQ(aa.at("cases")[0].at("ratios").size(), 2u);
  EXPECT_GE(aa.at("kernel").at("delta").get<double>(), 0.03);
  EXPECT_GE(aa.at("pipeline").at("delta").get<double>(), 0.05);
  const Json machine = read_json(place.folder() / "aa/machine.json");
  EXPECT_EQ(read_aa(place.folder() / "aa.json", machine).kernel, aa.at("kernel").at("delta"));

  // Both sides of a pair do the same work; the next pair does other work.
  std::map<int, std::set<std::uint64_t>> seeds;
  const Json plan = read_json(place.folder() / "aa/plan.json");
  for (const Json& job : plan.at("jobs")) {
    EXPECT_NE(job.at("kind"), "limits");
    if (job.at("kind") == "arm") seeds[job.at("launch").get<int>() / 2].insert(job.at("seed").get<std::uint64_t>());
  }
  ASSERT_EQ(seeds.size(), 2u);
  EXPECT_EQ(seeds[0].size(), 1u);
  EXPECT_EQ(seeds[1].size(), 1u);
  EXPECT_NE(seeds[0], seeds[1]);

  // Once more from the run that stands beside it.
  EXPECT_EQ(place.run(kTandem + " verify aa").code, 0) << place.read("stdout.txt");
  EXPECT_EQ(place.run(kTandem + " aa --of aa --out again.json").code, 0) << place.read("stderr.txt");
  EXPECT_EQ(read_file(place.folder() / "again.json"), read_file(place.folder() / "aa.json"));
  expect_refused(place.run(kTandem + " aa --of aa"), 2, "aa.json exists already; choose another --out");
}

TEST(AaVerb, RefusesWhatMakesNoSense) {
  const Workplace place;
  place.write("my.toml", kPlan);
  expect_refused(place.run(kTandem + " aa my.toml --out aa"), 2, "write a name that ends in .json");
  expect_refused(place.run(kTandem + " aa my.toml --launches 0"), 2, "--launches");
  expect_refused(place.run(kTandem + " aa my.toml --filter 'sparse/*' --out aa.json"), 2,
                 "matches none of the 2 cases");
  expect_refused(place.run(kTandem + " aa --of " + small().result.string() + " --out aa.json"), 2,
                 "was not measured in pairs: begin with tandem aa");
  const Outcome help = place.run(kTandem + " aa --help");
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(help.says("tandem aa --filter 'dense/*' --out results/aa.json")) << help.out;
}

}  // namespace
}  // namespace tandem
