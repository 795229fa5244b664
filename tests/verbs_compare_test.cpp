// tandem compare as a user types it: a run, and copies of it that were made dearer and fit together again, as an
// operator could make them.
#include <functional>
#include <map>

#include "harness/base/digest.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kComparedPlan = R"(threads = 1
launches = 6
limits = "none"
[[kernel]]
name = "dense/gemm"
n = 32
)";

using Change = std::function<void(Json&)>;

class Compare : public ::testing::Test {
 protected:
  static const Workplace& place() {
    static const Workplace made;
    static const bool measured = [] {
      made.write("my.toml", kComparedPlan);
      const Outcome outcome = made.run(kTandem + " run my.toml --out a");
      EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
      return outcome.code == 0;
    }();
    EXPECT_TRUE(measured);
    return made;
  }
  // A copy of the run with other samples and other records of its launches, sealed anew.
  static void forge(const std::string& name, const Change& samples, const Change& launch) {
    const fs::path copy = place().folder() / name;
    fs::remove_all(copy);
    fs::copy(place().folder() / "a", copy, fs::copy_options::recursive);
    std::map<std::string, std::string> of_launch;
    std::string all;
    read_lines(copy / "samples.jsonl", [&](Json&& line) {
      samples(line);
      const std::string text = line.dump() + "\n";
      of_launch[line.at("launch")] += text;
      all += text;
    });
    write_file(copy / "samples.jsonl", all);
    const auto lines = read_ledger(copy / "ledger.jsonl");
    fs::remove(copy / "ledger.jsonl");
    {
      Ledger ledger(copy / "ledger.jsonl");
      for (Json line : lines) {
        line.erase("chain");
        if (line.at("record") == "launch") {
          launch(line);
          line["files"]["samples.jsonl"] = sha256(of_launch.at(line.at("id")));
        }
        ledger.write(line);
      }
    }
    seal(copy);
  }
  static void scale(Json& samples, double factor) {
    for (Json& seconds : samples["seconds"]) seconds = seconds.get<double>() * factor;
  }
  static Outcome compare(const std::string& arguments) { return place().run(kTandem + " compare " + arguments); }
};

TEST_F(Compare, ASlowedCopyIsSlower) {
  forge(
      "slow", [](Json& samples) { scale(samples, 10); }, [](Json&) {});
  const Outcome outcome = compare("a slow --out c.html --markdown c.md --json c.json");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* text : {"B against A: 0 FASTER, 1 SLOWER", "the ledger's chain holds", "written: c.html", "6, 6",
                           ("TANDEM-COMPARE v1 kernel.dense.gemm.n=32.precision=fp64.device=cpu.rate of=B against=A "
                            "ratio=1.000000000e-01 ")})
    EXPECT_TRUE(outcome.says(text)) << text << "\n" << outcome.out;
  EXPECT_NE(place().read("c.md").find("**SLOWER**"), std::string::npos);
  EXPECT_NE(place().read("c.html").find("tandem-comparison/1"), std::string::npos);
  EXPECT_EQ(schema_errors(place().folder() / "c.json", "comparison-1"), "");
  Json document = read_json(place().folder() / "c.json");
  document["comparisons"][0]["headline"][0]["verdict"] = "BETTER";
  write_file(place().folder() / "broken.json", document.dump());
  EXPECT_NE(schema_errors(place().folder() / "broken.json", "comparison-1"), "");
  EXPECT_TRUE(compare("slow a").says("B against A: 1 FASTER, 0 SLOWER"));
}

TEST_F(Compare, OneLaunchDecidesNothing) {
  const Outcome outcome = compare("a '" + small().result.string() + "'");
  EXPECT_EQ(outcome.code, 5) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("INCONCLUSIVE (1 launch)")) << outcome.out;
  EXPECT_TRUE(outcome.says("only in B: dense/gemm n=64 fp64, rate")) << outcome.out;
}

TEST_F(Compare, RefusesWhatDoesNotHoldOrIsNotTheSame) {
  fs::remove_all(place().folder() / "torn");
  fs::copy(place().folder() / "a", place().folder() / "torn", fs::copy_options::recursive);
  write_file(place().folder() / "torn/samples.jsonl", "");
  expect_refused(compare("a torn"), 3, "torn is not compared: tandem verify refuses it");
  forge(
      "other", [](Json& samples) { scale(samples, 2); },
      [](Json& launch) {
        for (Json& record : launch["records"])
          if (record.at("record") == "facts") record["flops"] = record["flops"].get<double>() * 2;
      });
  const Outcome other = compare("a other");
  expect_refused(other, 2, "nothing of B may be compared with A");
  EXPECT_TRUE(other.says("not the same: work: 65536 flops | 131072 flops")) << other.out;
  expect_refused(compare("a"), 2, "two or more");
  expect_refused(compare("a a"), 2, "a and a are the same result");
  expect_refused(compare("a nowhere"), 2, "nowhere is not a directory");
  expect_refused(compare("a other --aa nowhere.json"), 2, "nowhere.json is no file; make one with tandem aa");
  expect_refused(compare("a other --aa a/plan.json"), 2, "holds no A/A threshold");
  const Outcome help = compare("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_TRUE(help.says("tandem compare results/old results/new")) << help.out;
}

TEST_F(Compare, AHeadlineThatMatchesNothingIsRefusedBeforeTheRun) {
  const Workplace own;
  own.write("my.toml", "headline = [\"kernel.sparse.*\"]\n" + std::string(kComparedPlan));
  expect_refused(own.run(kTandem + " run my.toml --out x"), 2, "headline \"kernel.sparse.*\" matches no figure");
  EXPECT_FALSE(fs::exists(own.folder() / "x"));
}

}  // namespace
}  // namespace tandem
