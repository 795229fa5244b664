// tandem reproduce, cite and export over the small run.
#include <filesystem>
#include <regex>

#include "harness/result/files.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

const std::string latency = "piz-daint-gpu-osu-allreduce-6-2020";

class Reproduce : public ::testing::Test {
 protected:
  Outcome tandem(const std::string& arguments) { return place.run(kTandem + " " + arguments); }
  std::string result() const { return "'" + small().result.string() + "'"; }
  Workplace place;
};

TEST_F(Reproduce, ListsWhatIsPublished) {
  const Outcome all = tandem("reproduce"), some = tandem("reproduce 'frontier-hpl-mxp*'");
  EXPECT_EQ(all.code, 0) << all.err;
  EXPECT_TRUE(all.says("el-capitan-hpl-2025-11"));
  EXPECT_GT(lines_of(all.out).size(), 100u);
  EXPECT_EQ(lines_of(some.out).size(), 5u) << some.out;  // head, three rows, legend
  EXPECT_TRUE(some.says("11.4 EFLOP/s ?"));
  for (const std::string& line : lines_of(all.out)) EXPECT_LE(line.size(), 100u) << line;
  expect_refused(tandem("reproduce 'nothing*'"), 2, "no published figure matches");
  expect_refused(tandem("reproduce frontier-hpl"), 2, "there are frontier-hpl-2022-11");
}

TEST_F(Reproduce, ShowsThePlanAndRunsNothing) {
  const Outcome plan =
      tandem("reproduce raspberry-pi-5-8gb-hpl-2026-04 --set n=256 --set nb=64 --dry-run --class standard");
  EXPECT_EQ(plan.code, 0) << plan.err;
  for (const char* text : {"Raspberry Pi 5 8GB, HPL Rmax: 35.169 GFLOP/s", "n = \"256\"", "dense/lu/n=256",
                           "class standard, 3 launches", "nothing was run"})
    EXPECT_TRUE(plan.says(text)) << text << "\n" << plan.out;
  expect_refused(tandem("reproduce frontier-hpl-2022-11 --set colour=red --dry-run"), 2, "unknown key \"colour\"");
  expect_refused(tandem("reproduce frontier-hpl-2022-11 --set n --dry-run"), 2, "write KEY=VALUE");
}

TEST_F(Reproduce, ShowsASealedResultBesideThePublishedFigure) {
  const Outcome outcome = tandem("reproduce " + latency + " --of " + result() + " --out record.json");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* text : {"Piz Daint gpu nodes, OSU all-reduce: 7.81 us (2020)", "network/allreduce/bytes=8",
                           "of the published time", "what may differ", "scale: published on 6 nodes",
                           "TANDEM-PUBLISHED v1 piz-daint-gpu-osu-allreduce-6-2020 = 7.81"})
    EXPECT_TRUE(outcome.says(text)) << text << "\n" << outcome.out;
  EXPECT_EQ(schema_errors(place.folder() / "record.json", "reproduction-1"), "");
  EXPECT_EQ(lines_of(outcome.out).back(), lines_of(small().outcome.out).back());
  expect_refused(tandem("reproduce fugaku-hpcg-2023-11 --of " + result()), 2, "no rate of sparse/hpcg");
  expect_refused(tandem("reproduce " + latency + " --of nowhere"), 2, "nowhere is not a directory");
  expect_refused(tandem("reproduce " + latency + " --of x --ranks 2"), 2, "--of");
}

TEST_F(Reproduce, MeasuresTheCaseItself) {
  const Outcome outcome = tandem("reproduce raspberry-pi-4-hpl-2026-04 --set n=96 --dir out");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("n = 96 here, memory:0.8 would be comparable")) << outcome.out;
  EXPECT_TRUE(std::regex_search(outcome.out, std::regex("= [0-9.e-]+ of the published figure; per core")))
      << outcome.out;
  EXPECT_EQ(schema_errors(place.folder() / "out.reproduce-raspberry-pi-4-hpl-2026-04.json", "reproduction-1"), "");
  EXPECT_EQ(tandem("verify out").code, 0);
}

TEST_F(Reproduce, SaysWhereNothingMeasuresIt) {
  const Outcome outcome = tandem("reproduce dell-a100-mlperf-hpc-deepcam-2022");
  EXPECT_EQ(outcome.code, 77);
  EXPECT_TRUE(outcome.says("measured by nothing of Tandem: Tandem ships no data sets of terabytes")) << outcome.out;
}

TEST_F(Reproduce, CiteNamesRootAndSeeds) {
  const Outcome outcome = tandem("cite " + result());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string last = lines_of(small().outcome.out).back();
  const std::string root = last.substr(last.rfind('=') + 1);
  for (const std::string& text : {"root " + root, "@misc{tandem-result-" + root, std::string("@software{tandem-"),
                                  std::string("toy/"), std::string("dense/gemm/n=32")})
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  EXPECT_TRUE(tandem("cite --bibtex " + result()).out.starts_with("@software"));
}

TEST_F(Reproduce, ExportsEveryFormatOfASealedResultOnly) {
  for (const char* format : {"gbench", "junit", "openmetrics", "csv"}) {
    const Outcome there = tandem("export " + result() + " --format " + format);
    EXPECT_EQ(there.code, 0) << there.err;
    const Outcome file = tandem("export " + result() + " --format " + format + " --out feed");
    EXPECT_EQ(file.code, 0) << file.err;
    EXPECT_EQ(place.read("feed"), there.out);
    EXPECT_NE(there.out.find("dense"), std::string::npos);
  }
  expect_refused(tandem("export " + result() + " --format xml"), 2, "--format");
  fs::copy(small().result, place.folder() / "copy", fs::copy_options::recursive);
  write_file(place.folder() / "copy" / "samples.jsonl", "{}\n");
  for (const std::string& verb :
       {std::string("cite"), std::string("export --format csv"), "reproduce " + latency + " --of"})
    expect_refused(tandem(verb + " copy"), 3, "copy is not what was measured: ");
}

}  // namespace
}  // namespace tandem
