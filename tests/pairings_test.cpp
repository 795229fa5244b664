// Pairings as a user runs them: two activities that take turns, that run side by side, and that serve.
#include <algorithm>

#include <gtest/gtest.h>

#include "harness/result/files.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// One run of cli/pairings.toml, looked at by all tests.
struct Pairings {
  Pairings() {
    outcome = place.run(kTandem + " run " + kConfigs + "/pairings.toml --out out");
    if (fs::exists(place.folder() / "out/result.json")) document = read_json(place.folder() / "out/result.json");
  }
  const Json& of(const std::string& start) const {
    static const Json none;
    for (const Json& pairing : document.at("pairings"))
      if (pairing.at("case").get<std::string>().starts_with(start)) return pairing;
    ADD_FAILURE() << "no case " << start;
    return none;
  }
  Workplace place;
  Outcome outcome;
  Json document;
};

const Pairings& all() {
  static const Pairings made;
  return made;
}

TEST(Pairings, RunVerifyAndFollowTheSchema) {
  ASSERT_EQ(all().outcome.code, 0) << all().outcome.out << all().outcome.err;
  EXPECT_EQ(all().place.run(kTandem + " verify out").code, 0) << all().place.read("stdout.txt");
  EXPECT_EQ(schema_errors(all().place.folder() / "out/result.json"), "");
}

TEST(Pairings, NamesFollowTheGrammar) {
  const std::string forth = "transition.from=toy_simulate.to=dense_gemm_n_64.switch=",
                    small = ".longest=0_001.window=0_02";
  const std::string matrix = "interference.matrix=tiny.window=0_02.device=cpu.ranks=2.of=";
  const std::string serving =
      "serving.requests=toy_infer_batch_1.beside=toy_simulate.loads=0_0_5_1_5.window=0_02.device=cpu.ranks=2.";
  for (const std::string& name :
       {forth + "in_process" + small + ".device=cpu.half_efficiency_period",
        forth + "in_process" + small + ".device=cpu.warm_up_back", forth + "processes" + small + ".device=cpu.latency",
        matrix + "dense_gemm_n_64.beside=toy_train.slowdown",
        matrix + "dense_gemm_n_64.beside=toy_train.co_running_gain", serving + "capacity", serving + "load=0_5.p99",
        serving + "load=0_5.alone.p99", serving + "load=1_5.slowdown"})
    EXPECT_TRUE(all().outcome.says("TANDEM-FOM v1 " + name + " = ")) << name << all().outcome.out;
}

TEST(Pairings, ThePagesAndTheSummaryShowThem) {
  EXPECT_TRUE(all().outcome.says("half-efficiency period:")) << all().outcome.out;
  EXPECT_TRUE(all().outcome.says("slowdown of / beside")) << all().outcome.out;
  EXPECT_TRUE(all().outcome.says("p99 alone")) << all().outcome.out;
  EXPECT_NE(read_file(all().place.folder() / "out/report.html").find("pairingSections"), std::string::npos);
}

// Turns follow one another without a hole: their times and the gaps between them are the wall time.
TEST(Transition, TurnsAndGapsAreTheWallTime) {
  std::size_t records = 0;
  read_lines(all().place.folder() / "out/samples.jsonl", [&](Json&& line) {
    if (line.at("record") != "turns") return;
    ++records;
    const auto numbers = [&](const char* side, const char* key) {
      return line.at(side).at(key).get<std::vector<double>>();
    };
    const auto a = numbers("from", "begins"), b = numbers("from", "ends"), c = numbers("to", "begins"),
               d = numbers("to", "ends");
    ASSERT_EQ(a.size(), d.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_LT(a[i], b[i]);
      EXPECT_LE(b[i], c[i]) << "the other begins after this one's last step";
      EXPECT_LT(c[i], d[i]);
      if (i + 1 < a.size()) {
        EXPECT_LE(d[i], a[i + 1]);
      }
    }
    for (const char* side : {"from", "to"})
      for (const Json& profile : line.at(side).at("profiles"))
        EXPECT_EQ(profile.size(), std::min<std::size_t>(32, line.at(side).at("steps")));
  });
  EXPECT_GE(records, 3u);
}

// Between two processes a token must pass through the system: that cannot be faster than a call in one.
TEST(Transition, AnotherProcessTakesLongerToBegin) {
  const Json& here = all().of("transition/from=toy/simulate/to=dense/gemm/n=64/switch=in_process").at("transition");
  const Json& apart = all().of("transition/from=toy/simulate/to=dense/gemm/n=64/switch=processes").at("transition");
  EXPECT_GT(here.at("curve").size(), 1u);
  for (const char* way : {"forth", "back"}) {
    EXPECT_GE(here.at(way).at("latency").at("value"), 0.0);
    EXPECT_GT(apart.at(way).at("latency").at("value"), here.at(way).at("latency").at("value"));
  }
}

// On a busy machine a short window may hold too few samples: then the reason says that and nothing else.
void expect_ratio(const Json& figure) {
  if (figure.at("value").is_null()) {
    EXPECT_TRUE(figure.at("reason").get<std::string>().starts_with("fewer than three samples")) << figure;
  } else {
    EXPECT_GT(figure.at("value"), 0.01);
  }
}

TEST(Interference, WhatCannotBeMeasuredIsNullWithTheReason) {
  const Json& found = all().of("interference").at("interference");
  const Json& matrix = found.at("slowdown");
  ASSERT_EQ(matrix.size(), 3u);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 2; ++j) expect_ratio(matrix[i][j]);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(matrix[i][2].at("value").is_null());
    EXPECT_NE(matrix[2][i].at("reason").get<std::string>().find("needs 2 ranks a group"), std::string::npos);
  }
  ASSERT_EQ(found.at("pairs").size(), 6u);
  for (const Json& pair : found.at("pairs")) {
    if (pair.at("second") != "network/allreduce/bytes=64") expect_ratio(pair);
    if (pair.at("value").is_null()) {
      EXPECT_TRUE(pair.at("better").is_null());
    } else {
      EXPECT_EQ(pair.at("better"), pair.at("value") > 1.0 ? "side by side" : "in turns");
    }
  }
}

// Four ranks, two a group: what one rank cannot do has its figures, too.
TEST(Interference, GroupsOfTwoRanksHaveTheAllReduce) {
  Workplace place;
  place.write("two.toml",
              "threads = 1\nlimits = \"none\"\n\n[[interference]]\nranks = 4\nwindow = 0.1\n"
              "activities = [\"toy/train\", \"network/allreduce/bytes=64\"]\n");
  const Outcome outcome = place.run(kTandem + " run two.toml --out out");
  if (outcome.says("two groups of 2 x 1 threads need 4 cores of their own")) GTEST_SKIP() << "fewer than four cores";
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0) << place.read("stdout.txt");
  const Json pairing = read_json(place.folder() / "out/result.json").at("pairings")[0];
  EXPECT_EQ(pairing.at("ranks"), 4);
  for (const Json& row : pairing.at("interference").at("slowdown"))
    for (const Json& figure : row) expect_ratio(figure);
  for (const Json& pair : pairing.at("interference").at("pairs")) expect_ratio(pair);
}

TEST(Interference, TheGroupsArePinnedApart) {
  for (const char* name : {"interference", "serving"}) {
    const Json& verdicts = all().of(name).at("verdicts");
    const auto apart = std::find_if(verdicts.begin(), verdicts.end(), [](const Json& verdict) {
      return verdict.at("check") == "processors that both groups may use";
    });
    ASSERT_NE(apart, verdicts.end()) << name;
    EXPECT_TRUE(apart->at("pass")) << name;
  }
}

// No coordinated omission: at one and a half times its capacity the stream falls behind, and latency shows it.
TEST(Serving, ASaturatedStreamShowsItsQueue) {
  const Json& loads = all().of("serving").at("serving").at("loads");
  ASSERT_EQ(loads.size(), 3u);
  EXPECT_TRUE(loads[0].at("beside").is_null()) << "no request, no latency";
  expect_ratio(loads[0].at("slowdown"));
  const Json& full = loads[2].at("alone");
  EXPECT_GE(full.at("requests"), 200);
  const double capacity = all().of("serving").at("serving").at("capacity").at("value");
  EXPECT_GT(full.at("p99").at("value").get<double>(), 5 / capacity) << "most of it is waiting";
}

class BadPairing : public ::testing::Test {
 protected:
  Outcome run(const std::string& config) {
    place.write("my.toml", config);
    return place.run(kTandem + " run my.toml --out out");
  }
  Workplace place;
};

TEST_F(BadPairing, ConfigurationsAreRefusedWithAClearLine) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"[[transition]]\nfrom = \"toy/simulate\"\nto = \"dense/gem\"\n", "activity \"dense/gem\" is neither a kernel"},
      {"[[transition]]\nfrom = \"toy/think\"\nto = \"toy/train\"\n", "name a phase: toy/simulate, toy/train or"},
      {"[[transition]]\nfrom = \"dense/gemm/m=8\"\nto = \"toy/train\"\n", "unknown setting \"m\"; known: n, precision"},
      {"[[transition]]\nfrom = \"toy/train\"\nto = \"toy/train\"\nranks = 2\n", "take turns on one rank"},
      {"[[transition]]\nfrom = \"toy/train\"\nto = \"toy/train\"\nlongest = 1e-9\n", "shortest <= longest"},
      {"[[interference]]\nmatrix = \"a\"\n", "name the activities"},
      {"[[interference]]\nactivities = [\"toy/train\", \"toy/train\"]\n", "stands there twice"},
      {"[[interference]]\nactivities = [\"toy/train\"]\nranks = 3\n", "need an even number"},
      {"[[serving]]\nrequests = \"toy/infer\"\nbeside = \"toy/train\"\nloads = \"0.5,x\"\n", "\"x\" is no fraction"},
      {"[[serving]]\nrequests = \"toy/infer\"\nbesides = \"toy/train\"\n", "unknown key \"besides\" in [[serving]]"}};
  for (const auto& [config, message] : wrong) {
    expect_refused(run(config), 2, message);
    EXPECT_FALSE(fs::exists(place.folder() / "out")) << config;
  }
}

// What is wrong is not timed; a second process that finds an error tells it, and one that dies does not hang the first.
TEST_F(BadPairing, WhatGoesWrongHasNoFigureAndSaysWhy) {
  const std::string start = "[[transition]]\nwindow = 0.02\nlongest = 1e-3\nfrom = \"toy/simulate\"\n";
  const std::string apart = start + "switch = \"processes\"\n";
  const Outcome outcome = run("threads = 1\nlimits = \"none\"\n" + start + "to = \"toy_nan/infer\"\n" + apart +
                              "to = \"toy_crash/train/how=signal\"\n" + apart + "to = \"toy_crash/train/how=check\"\n");
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("the second process ended before its turn did")) << outcome.out;
  EXPECT_TRUE(outcome.says("the solver broke down at case 0")) << outcome.out;
  const Json document = read_json(place.folder() / "out/result.json");
  EXPECT_EQ(document.at("pairings")[0].at("status"), "INVALID");
  for (std::size_t i : {1, 2}) EXPECT_EQ(document.at("pairings")[i].at("status"), "FAILED");
  std::size_t figures = 0;
  for (const Json& fom : document.at("foms")) {
    if (!fom.at("name").get<std::string>().starts_with("transition.")) continue;
    ++figures;
    EXPECT_TRUE(fom.at("value").is_null()) << fom;
  }
  EXPECT_EQ(figures, 21u);
}

}  // namespace
}  // namespace tandem
