// The command line as a user types it: the built program in a folder of its own.
#include <regex>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

TEST(Help, EveryVerbShowsAnExample) {
  const Workplace place;
  for (const char* verb : {"", "list ", "run ", "verify ", "report "}) {
    const Outcome outcome = place.run(kTandem + " " + verb + "--help");
    EXPECT_EQ(outcome.code, 0) << verb;
    EXPECT_NE(outcome.out.find("example"), std::string::npos) << verb << outcome.out;
    EXPECT_NE(outcome.out.find(std::string("tandem ") + verb), std::string::npos) << verb << outcome.out;
  }
  EXPECT_EQ(place.run(kTandem + " --version").out.substr(0, 7), "tandem ");
}

TEST(List, ShowsKernelsPipelinesAndSettings) {
  const Workplace place;
  const Outcome all = place.run(kTandem + " list");
  EXPECT_EQ(all.code, 0) << all.err;
  for (const char* word : {"dense/gemm", "memory/triad", "sparse/spmv", "toy", "heat", "precision", "energy meters"})
    EXPECT_TRUE(all.says(word)) << word << "\n" << all.out;
  const Outcome some = place.run(kTandem + " list 'dense/*'");
  EXPECT_TRUE(some.says("dense/gemm"));
  EXPECT_FALSE(some.says("toy"));
  expect_refused(place.run(kTandem + " list 'dance/*'"), 2, "nothing is named \"dance/*\"");
}

TEST(Run, DryRunShowsThePlanAndLeavesNothing) {
  const Workplace place;
  const Outcome outcome = place.run(kTandem + " run " + kConfigs + "/small.toml --dry-run --ranks 2");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("dense/gemm/n=64")) << outcome.out;
  EXPECT_TRUE(outcome.says("2 ranks x 1 thread")) << outcome.out;
  EXPECT_TRUE(outcome.says("nothing was run (--dry-run)")) << outcome.out;
  std::set<std::string> left;
  for (const auto& entry : fs::directory_iterator(place.folder())) left.insert(entry.path().filename());
  EXPECT_EQ(left, (std::set<std::string>{"stdout.txt", "stderr.txt"}));
}

TEST(Run, MeasuresAndSealsAResult) {
  EXPECT_EQ(small().outcome.code, 0) << small().outcome.out << small().outcome.err;
  EXPECT_EQ(small().outcome.err, "");
  for (const char* name :
       {"plan.json", "result.json", "samples.jsonl", "ledger.jsonl", "holdout.jsonl", "answers.jsonl", "power.csv",
        "timeline.json", "machine.json", "hwloc.xml", "stdout.log", "report.html", "manifest-sha256.txt", "weights"})
    EXPECT_TRUE(fs::exists(small().result / name)) << name;
  EXPECT_FALSE(fs::exists(small().result / "launches"));
  const Outcome verified = small().place.run(kTandem + " verify out");
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

TEST(Run, TheContractIsTheEndOfItsOutput) {
  const std::regex fom(
      R"(TANDEM-FOM v1 (limit|kernel|pipeline)\.[A-Za-z0-9_+.=-]+ = (-?\d\.\d{9}e[+-]\d\d+|null|inf) \S+ )"
      R"(ci95=(null|\[-?\d\.\d{9}e[+-]\d\d+,-?\d\.\d{9}e[+-]\d\d+\]) n=\d+ samples=\d+ )"
      R"(status=(VALID-CLOSED|VALID-OPEN|UNOFFICIAL|UNSTABLE|INVALID|FAILED)( reason="[^"]*")?)");
  const std::regex check(R"(TANDEM-CHECK v1 [A-Za-z0-9_+.=-]+ value=(\S+) limit=(\S+) result=(PASS|FAIL))");
  const std::regex result(
      R"(TANDEM-RESULT v1 status=(UNOFFICIAL|UNSTABLE) class=quick config=[0-9a-f]{12} root=[0-9a-f]{12})");
  const auto lines = lines_of(small().outcome.out);
  ASSERT_FALSE(lines.empty());
  EXPECT_TRUE(std::regex_match(lines.back(), result)) << lines.back();
  std::size_t at = 0, foms = 0, checks = 0;
  while (at < lines.size() && !lines[at].starts_with("TANDEM-")) ++at;
  for (; at + 1 < lines.size(); ++at) {
    const bool is_fom = lines[at].starts_with("TANDEM-FOM");
    (is_fom ? foms : checks) += 1;
    EXPECT_TRUE(std::regex_match(lines[at], is_fom ? fom : check)) << lines[at];
  }
  EXPECT_GT(foms, 30u);
  EXPECT_GT(checks, 0u);
  for (const std::string name :
       {"kernel.dense.gemm.n=32.precision=fp64.device=cpu.rows_that_differ_from_A_B__integers",
        "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.holdout_errors",
        "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.truth_invariant"})
    EXPECT_TRUE(small().outcome.says("TANDEM-CHECK v1 " + name)) << name;
}

TEST(Run, NamesFollowTheGrammar) {
  const std::vector<std::string> names = {
      "limit.fp64",
      "kernel.dense.gemm.n=32.precision=fp64.device=cpu.rate",
      "kernel.network.allreduce.bytes=8.precision=fp32.device=cpu.ranks=2.time",
      "pipeline.toy.size=S.ballast=0.device=cpu.simulation_only.ttis",
      "pipeline.toy.size=S.ballast=0.device=cpu.separated.movement_amplification",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.ttis",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.ettis",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.energy_to_solution",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.solutions_per_kwh",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.cross_workflow_efficiency",
      "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.holdout_error",
      "pipeline.toy.size=S.ballast=0.device=cpu.coupling_speedup",
      "pipeline.toy.size=S.ballast=0.device=cpu.data_movement_reduction",
      "pipeline.toy.size=S.ballast=0.device=cpu.energy_saving",
      "pipeline.toy.size=S.ballast=0.device=cpu.speedup_over_simulation",
      "pipeline.toy.size=S.ballast=0.device=cpu.amortisation"};
  for (const std::string& name : names) EXPECT_TRUE(small().outcome.says("TANDEM-FOM v1 " + name + " = ")) << name;
}

TEST(Run, ItsLinesAreItsDirectorys) {
  const auto lines = lines_of(small().outcome.out);
  const std::string manifest = sha256_file(small().result / "manifest-sha256.txt");
  EXPECT_TRUE(lines.back().ends_with("root=" + manifest.substr(0, 12))) << lines.back();
  const Json plan = read_json(small().result / "plan.json");
  EXPECT_NE(lines.back().find("config=" + sha256(plan.dump()).substr(0, 12)), std::string::npos) << lines.back();
  const std::string log = read_file(small().result / "stdout.log");
  EXPECT_EQ(log.find("TANDEM-RESULT"), std::string::npos) << "it ends before the line that holds its own digest";
  for (const std::string& line : lines)
    if (line.starts_with("TANDEM-FOM") || line.starts_with("TANDEM-CHECK")) {
      EXPECT_NE(log.find(line), std::string::npos) << line;
    }
}

TEST(Run, ItsDocumentFollowsTheSchema) { EXPECT_EQ(schema_errors(small().result / "result.json"), ""); }

TEST(Report, PrintsTheSummaryAndWritesThePageElsewhere) {
  const Outcome outcome = small().place.run(kTandem + " report out --out page.html");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("pipeline toy")) << outcome.out;
  EXPECT_TRUE(outcome.says("3-10x: inconclusive (1 launch) on this system: separated / integrated = ")) << outcome.out;
  EXPECT_TRUE(outcome.says("20-40 % energy: inconclusive")) << outcome.out;
  std::string page = small().place.read("page.html");
  const std::string elsewhere = "id=\"records\">[\"out/\"]";  // the links to the records start there
  const std::size_t at = page.find(elsewhere);
  ASSERT_NE(at, std::string::npos);
  page.replace(at, elsewhere.size(), "id=\"records\">[\"\"]");
  EXPECT_TRUE(page == read_file(small().result / "report.html")) << "else the same";
  EXPECT_EQ(small().place.run(kTandem + " verify out").code, 0) << "a report changes nothing";
  expect_refused(small().place.run(kTandem + " report nowhere"), 2, "nowhere is not a directory");
}

class BadInput : public ::testing::Test {
 protected:
  Outcome run(const std::string& config, const std::string& more = "--out out") {
    place.write("my.toml", config);
    return place.run(kTandem + " run my.toml " + more);
  }
  Workplace place;
};

constexpr const char* kToyOnly = "[[pipeline]]\nname = \"toy\"\narms = [\"integrated\"]\n";

TEST_F(BadInput, ConfigurationsAreRefusedBeforeAnythingIsMade) {
  const std::vector<std::pair<std::string, std::string>> all = {
      {"[[kernel]]\nname = \"dense/mixed_gemm\"\nprecison = \"bf16\"\n",
       "my.toml:3: unknown key \"precison\" in [[kernel]] dense/mixed_gemm; did you mean \"precision\"?"},
      {"[[kernel]]\nname = \"dense/mixed_gemm\"\nprecision = \"fp65\"\n", "my.toml:1: dense/mixed_gemm: "},
      {"class = [\n", "my.toml:"},
      {"[[pipeline]]\nname = \"toy\"\ncoupling = \"stremed\"\n", "my.toml:3: coupling = \"stremed\" is not known"},
      {"[[pipeline]]\nname = \"toy\"\ndesign = \"sterred\"\n", "my.toml:3: design = \"sterred\" is not known"},
      {"[[pipeline]]\nname = \"toy\"\nsize = \"XXL\"\n", "my.toml:1: toy: size=XXL is not S"}};
  for (const auto& [config, message] : all) {
    expect_refused(run(config), 2, message);
    EXPECT_FALSE(fs::exists(place.folder() / "out")) << config;
  }
}

TEST_F(BadInput, FilesAndFoldersAreNamed) {
  expect_refused(place.run(kTandem + " run nowhere.toml"), 2, "cannot read nowhere.toml: it does not exist");
  place.write("file", "in the way");
  fs::create_directory(place.folder() / "full");
  place.write("full/mine.txt", "precious");
  expect_refused(run(kToyOnly, "--out full"), 2, "full exists already; choose another --out");
  expect_refused(run(kToyOnly, "--out file"), 2, "file exists already");
  expect_refused(run(kToyOnly, "--out file/out"), 2, "cannot write file/out");
  expect_refused(run(kToyOnly, "--out /proc/tandem"), 2, "cannot write /proc/tandem");
  EXPECT_EQ(place.read("full/mine.txt"), "precious");
}

TEST_F(BadInput, ArgumentsAreNamed) {
  expect_refused(run(kToyOnly, "--filter 'dense/*'"), 2, "--filter \"dense/*\" matches none of the 1 cases of my.toml");
  expect_refused(run(kToyOnly, "--launches 0"), 2, "--launches");
  expect_refused(run(kToyOnly, "--rank 2"), 2, "--rank");
  expect_refused(run(kToyOnly, "--resume out"), 2, "--resume");
  expect_refused(place.run(kTandem), 2, "subcommand");
  expect_refused(place.run(kTandem + " measure"), 2, "tandem --help shows what there is");
  expect_refused(place.run(kTandem + " run --resume nowhere"), 2, "nowhere holds no plan.json");
  expect_refused(small().place.run(kTandem + " run --resume out"), 2, "out is finished and sealed; start a new run");
}

// Found before anything is made, not launch by launch.
TEST_F(BadInput, AMissingLauncherIsNamed) {
  const std::string config = std::string("launcher = \"no-such-mpirun -n {ranks}\"\nranks = 2\n") + kToyOnly;
  const std::string message =
      "no-such-mpirun of launcher = \"no-such-mpirun -n {ranks}\" cannot be started: install it";
  expect_refused(run(config), 2, message);
  EXPECT_FALSE(fs::exists(place.folder() / "out"));
  const Outcome dry = run(config, "--dry-run");
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_TRUE(dry.says("note: " + message)) << dry.out;
}

TEST_F(BadInput, AMissingMpirunIsNamedWhereRanksNeedIt) {
  const std::string two = std::string("ranks = 2\n") + kToyOnly;
  place.write("my.toml", two);
  const std::string elsewhere = "env PATH=/nowhere " + kTandem + " run my.toml ";
  expect_refused(place.run(elsewhere + "--out out"), 2, "mpirun is not on the PATH, and 2 ranks need it: install it");
  EXPECT_TRUE(place.run(elsewhere + "--dry-run").says("note: mpirun is not on the PATH"));
  place.write("my.toml", kToyOnly);
  EXPECT_FALSE(place.run(elsewhere + "--dry-run").says("note:")) << "one rank needs none";
}

TEST_F(BadInput, ALauncherOfSingletonsIsAnErrorThatSaysSo) {
  const Outcome outcome = run(std::string("limits = \"none\"\nlauncher = \"env FOO={ranks}\"\nranks = 2\n") + kToyOnly);
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("asked for 2 ranks, the launcher \"env FOO={ranks}\" started programs of 1 rank each"))
      << outcome.out;
}

// A limit on the size of files stands for a full disk: it needs no rights.
TEST_F(BadInput, AFullDiskIsOneClearLine) {
  place.write("my.toml", kToyOnly);
  const Outcome outcome = place.run("sh -c \"trap '' XFSZ; ulimit -f 1; exec " + kTandem + " run my.toml --out out\"");
  expect_refused(outcome, 1, "cannot write out/");
  EXPECT_TRUE(outcome.says("File too large")) << outcome.err;
}

TEST_F(BadInput, AFullDiskWhileHandingOverFailsThatCase) {
  place.write("my.toml",
              "threads = 1\nlimits = \"none\"\n[[pipeline]]\nname = \"toy\"\nballast = [0, \"100k\"]\narms = "
              "[\"separated\"]\n");
  const Outcome outcome =
      place.run("sh -c \"trap '' XFSZ; ulimit -f 16384; exec " + kTandem + " run my.toml --out out\"");
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  const Json document = read_json(place.folder() / "out/result.json");
  const Json& honest = document.at("pipelines")[0];
  EXPECT_TRUE(honest.at("status") == "UNOFFICIAL" || honest.at("status") == "UNSTABLE") << honest.at("reasons");
  EXPECT_EQ(document.at("pipelines")[1].at("status"), "FAILED");
  EXPECT_NE(document.at("pipelines")[1].at("reasons").dump().find("samples.0.h5"), std::string::npos)
      << document.at("pipelines")[1].at("reasons");
}

TEST_F(BadInput, AMatrixMarketFileWithAFaultIsNamedWithItsLine) {
  place.write("bad.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 2\n1 1 1.0\n4 1 1.0\n");
  place.write("complex.mtx", "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1.0 2.0\n");
  const auto spmv = [](const std::string& matrix) {
    return "limits = \"none\"\n[[kernel]]\nname = \"sparse/spmv\"\nmatrix = \"" + matrix + "\"\n";
  };
  for (const auto& [matrix, message] :
       {std::pair{"bad.mtx", "4"}, {"complex.mtx", "complex"}, {"none.mtx", "none.mtx"}}) {
    const Outcome outcome = run(spmv(matrix));
    EXPECT_TRUE(outcome.code == 2 || outcome.code == 1) << outcome.code << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.says(matrix)) << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.says(message)) << outcome.out << outcome.err;
    fs::remove_all(place.folder() / "out");
  }
}

TEST(Heat, TheRealPipelineRunsInItsIntegratedArm) {
  const Workplace place;
  place.write("heat.toml", "limits = \"none\"\n[[pipeline]]\nname = \"heat\"\narms = [\"integrated\"]\n");
  const Outcome outcome = place.run(kTandem + " run heat.toml --out out");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0);
}

}  // namespace
}  // namespace tandem
