// The command line as a user types it: the built program in a folder of its own.
#include <functional>
#include <regex>
#include <set>

#include <gtest/gtest.h>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/workplace.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

const std::string kTandem = std::string("'") + TANDEM_TEST_PROGRAM + "'";
const std::string kConfigs = TEST_CONFIGS;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// One clear line on stderr, which names the program; no stack trace.
void expect_refused(const Outcome& outcome, int code, const std::string& text) {
  EXPECT_EQ(outcome.code, code) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("tandem: ")) << outcome.err;
  EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err << "expected: " << text;
  EXPECT_EQ(outcome.err.find("terminate called"), std::string::npos) << outcome.err;
}

// The small run, made once; tests that change it work on copies.
struct Small {
  Small() {
    outcome = place.run(kTandem + " run " + kConfigs + "/small.toml --out out");
    result = place.folder() / "out";
  }
  Workplace place;
  Outcome outcome;
  fs::path result;
};

const Small& small() {
  static const Small made;
  return made;
}

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

TEST(Run, ItsDocumentFollowsTheSchema) {
  using nlohmann::json;
  const json schema_text = json::parse(read_file(RESULT_SCHEMA));
  const json document = json::parse(read_file(small().result / "result.json"));
  valijson::Schema schema;
  valijson::SchemaParser(valijson::SchemaParser::kDraft7)
      .populateSchema(valijson::adapters::NlohmannJsonAdapter(schema_text), schema);
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter target(document);
  EXPECT_TRUE(validator.validate(schema, target, &results));
  valijson::ValidationResults::Error error;
  while (results.popError(error)) {
    std::string path;
    for (const std::string& part : error.context) path += part;
    ADD_FAILURE() << path << ": " << error.description;
  }
}

TEST(Report, PrintsTheSummaryAndWritesThePageElsewhere) {
  const Outcome outcome = small().place.run(kTandem + " report out --out page.html");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.says("pipeline toy")) << outcome.out;
  EXPECT_EQ(small().place.read("page.html"), read_file(small().result / "report.html"));
  EXPECT_EQ(small().place.run(kTandem + " verify out").code, 0) << "a report changes nothing";
  expect_refused(small().place.run(kTandem + " report nowhere"), 2, "nowhere is not a directory");
}

// A copy of the small result, changed, perhaps with a manifest that fits the change.
class Verify : public ::testing::Test {
 protected:
  Outcome after(const std::function<void(const fs::path&)>& change, bool rewrite_manifest) {
    const fs::path copy = place.folder() / "copy";
    fs::remove_all(copy);
    fs::copy(small().result, copy, fs::copy_options::recursive);
    change(copy);
    if (rewrite_manifest) write_manifest(copy);
    return place.run(kTandem + " verify copy");
  }
  void expect_found(const Outcome& outcome, const std::string& text) {
    EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
    EXPECT_TRUE(outcome.says(text)) << outcome.out << outcome.err << "expected: " << text;
    EXPECT_TRUE(outcome.says("is not what was measured")) << outcome.out << outcome.err;
  }
  static void drop_line(const fs::path& file, const std::string& holding) {
    std::string kept;
    bool dropped = false;
    for (const std::string& line : lines_of(read_file(file))) {
      const bool drop = !dropped && line.find(holding) != std::string::npos;
      dropped = dropped || drop;
      if (!drop) kept += line + "\n";
    }
    ASSERT_TRUE(dropped) << holding;
    write_file(file, kept);
  }
  Workplace place;
};

TEST_F(Verify, ACopyIsStillWhatWasMeasured) {
  const Outcome outcome = after([](const fs::path&) {}, true);
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  EXPECT_TRUE(outcome.says("the ledger's chain holds"));
  EXPECT_EQ(lines_of(outcome.out).back(), lines_of(small().outcome.out).back());
}

TEST_F(Verify, FindsOneFlippedByteInEachFile) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(small().result)) {
    if (entry.is_directory()) continue;
    const fs::path name = entry.path().lexically_relative(small().result);
    const auto flip = [&](const fs::path& copy) {
      std::string bytes = read_file(copy / name);
      ASSERT_FALSE(bytes.empty()) << name;
      bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
      write_file(copy / name, bytes);
    };
    expect_found(after(flip, false), name == "manifest-sha256.txt" ? "" : name.string() + ": changed");
    ++files;
  }
  EXPECT_GE(files, 14u);
}

TEST_F(Verify, FindsExtraAndMissingFiles) {
  expect_found(after([](const fs::path& copy) { write_file(copy / "notes.txt", "mine"); }, false),
               "notes.txt: not in the manifest");
  expect_found(after([](const fs::path& copy) { fs::remove(copy / "holdout.jsonl"); }, false),
               "holdout.jsonl: missing");
  expect_found(after([](const fs::path& copy) { fs::remove(copy / "holdout.jsonl"); }, true),
               "holdout.jsonl: the lines of launch");
}

TEST_F(Verify, FindsADroppedSample) {
  for (const char* file : {"samples.jsonl", "holdout.jsonl", "answers.jsonl"}) {
    const auto drop = [&](const fs::path& copy) { drop_line(copy / file, "launch"); };
    expect_found(after(drop, false), std::string(file) + ": changed");
    expect_found(after(drop, true), std::string(file) + ": the lines of launch");
  }
}

TEST_F(Verify, FindsOneChangedSample) {
  const auto change = [](const fs::path& copy) {
    std::string text;
    for (const std::string& line : lines_of(read_file(copy / "samples.jsonl"))) {
      Json json = Json::parse(line);
      if (text.empty()) json["seconds"][0] = json["seconds"][0].get<double>() * 0.5;
      text += json.dump() + "\n";
    }
    write_file(copy / "samples.jsonl", text);
  };
  expect_found(after(change, true), "samples.jsonl: the lines of launch k00.0 are not those that were measured");
}

TEST_F(Verify, FindsADroppedLaunch) {
  const auto drop = [](const fs::path& copy) { drop_line(copy / "ledger.jsonl", "\"k01.0\""); };
  expect_found(after(drop, false), "ledger.jsonl: changed");
  expect_found(after(drop, true), "the hash chain is broken");
}

// The chain is made anew, the launch's samples are dropped too: what is left is consistent, but not the plan.
TEST_F(Verify, FindsADroppedLaunchEvenWithANewChain) {
  const auto drop = [](const fs::path& copy) {
    const auto lines = read_ledger(copy / "ledger.jsonl");
    fs::remove(copy / "ledger.jsonl");
    {
      Ledger ledger(copy / "ledger.jsonl");
      for (Json line : lines) {
        line.erase("chain");
        if (line.value("id", "") != "k01.0") ledger.write(line);
      }
    }
    drop_line(copy / "samples.jsonl", "\"k01.0\"");
  };
  expect_found(after(drop, true), "launch k01.0 of the plan is missing from the ledger");
}

TEST_F(Verify, FindsAChangedFigure) {
  const auto change = [](const fs::path& copy) {
    Json document = read_json(copy / "result.json");
    Json& value = document["kernels"][0]["value"];
    value = value.get<double>() * 1.01;
    write_file(copy / "result.json", document.dump(1) + "\n");
  };
  expect_found(after(change, true), "result.json/kernels/0/value");
  const auto promote = [](const fs::path& copy) {
    Json document = read_json(copy / "result.json");
    document["run"]["status"] = "VALID-CLOSED";
    write_file(copy / "result.json", document.dump(1) + "\n");
  };
  expect_found(after(promote, true), "result.json/run/status");
}

TEST_F(Verify, FindsAChangedPlan) {
  const auto change = [](const fs::path& copy) {
    Json plan = read_json(copy / "plan.json");
    for (Json& item : plan["cases"])
      if (item.contains("problem")) item["problem"]["target"] = 0.9;
    write_file(copy / "plan.json", plan.dump(1) + "\n");
  };
  expect_found(after(change, true), "plan.json is not the plan that was run");
}

TEST_F(Verify, RefusesWhatIsNoResult) {
  expect_refused(place.run(kTandem + " verify nowhere"), 2, "nowhere is not a directory");
  expect_refused(place.run(kTandem + " verify ."), 2, "not a sealed result directory");
  expect_found(after([](const fs::path& copy) { write_file(copy / "ledger.jsonl", "{"); }, true),
               "ledger.jsonl line 1");
  expect_found(after([](const fs::path& copy) { write_file(copy / "plan.json", "{}"); }, true), "");
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
      {"[[pipeline]]\nname = \"toy\"\ncoupling = \"streamed\"\n", "my.toml:3: coupling = \"streamed\" is not known"},
      {"[[pipeline]]\nname = \"toy\"\ndesign = \"steered\"\n", "my.toml:3: design = \"steered\" is not known"},
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

TEST_F(BadInput, AMissingLauncherIsNamed) {
  const Outcome outcome = run(std::string("launcher = \"no-such-mpirun -n {ranks}\"\nranks = 2\n") + kToyOnly);
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("cannot start \"no-such-mpirun\": is it installed and on the PATH?")) << outcome.out;
}

TEST_F(BadInput, ALauncherOfSingletonsIsAnErrorThatSaysSo) {
  const Outcome outcome = run(std::string("launcher = \"env FOO={ranks}\"\nranks = 2\n") + kToyOnly);
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
              "threads = 1\n[[pipeline]]\nname = \"toy\"\nballast = [0, \"100k\"]\narms = [\"separated\"]\n");
  const Outcome outcome =
      place.run("sh -c \"trap '' XFSZ; ulimit -f 16384; exec " + kTandem + " run my.toml --out out\"");
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  const Json document = read_json(place.folder() / "out/result.json");
  EXPECT_EQ(document.at("pipelines")[0].at("status"), "UNOFFICIAL") << document.at("pipelines")[0].at("reasons");
  EXPECT_EQ(document.at("pipelines")[1].at("status"), "FAILED");
  EXPECT_NE(document.at("pipelines")[1].at("reasons").dump().find("samples.0.h5"), std::string::npos)
      << document.at("pipelines")[1].at("reasons");
}

TEST_F(BadInput, AMatrixMarketFileWithAFaultIsNamedWithItsLine) {
  place.write("bad.mtx", "%%MatrixMarket matrix coordinate real general\n3 3 2\n1 1 1.0\n4 1 1.0\n");
  place.write("complex.mtx", "%%MatrixMarket matrix coordinate complex general\n1 1 1\n1 1 1.0 2.0\n");
  const auto spmv = [](const std::string& matrix) {
    return "[[kernel]]\nname = \"sparse/spmv\"\nmatrix = \"" + matrix + "\"\n";
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

// Interrupted twice, by both signals, and finished in the end.
TEST(Signals, KeepWhatWasMeasuredAndResumeFinishes) {
  const Workplace place;
  const auto running = [&](const std::string& id) { return fs::exists(place.folder() / "out/launches" / id); };
  const auto interrupt = [&](const std::string& arguments, int signal) {
    const pid_t child = place.start(kTandem + " run " + arguments);
    EXPECT_TRUE(Workplace::until([&] { return running("p01.integrated.0"); })) << place.read("stderr.txt");
    kill(child, signal);
    return place.wait(child);
  };
  const auto ledger = [&] { return read_file(place.folder() / "out/ledger.jsonl"); };

  const Outcome first = interrupt(kConfigs + "/slow.toml --out out", SIGINT);
  EXPECT_EQ(first.code, 130) << first.out << first.err;
  EXPECT_TRUE(first.says("interrupted; what was measured is kept. Go on with: tandem run --resume out")) << first.out;
  const std::string kept = ledger();
  EXPECT_NE(kept.find("\"p00.integrated.0\""), std::string::npos);
  EXPECT_FALSE(fs::exists(place.folder() / "out/manifest-sha256.txt"));
  expect_refused(place.run(kTandem + " verify out"), 2, "tandem run --resume out");
  expect_refused(place.run(kTandem + " report out"), 2, "tandem run --resume out");

  fs::remove_all(place.folder() / "out/launches");
  const Outcome second = interrupt("--resume out", SIGTERM);
  EXPECT_EQ(second.code, 143) << second.out << second.err;
  EXPECT_TRUE(ledger().starts_with(kept)) << "what was measured is never written again";

  const Outcome last = place.run(kTandem + " run --resume out");
  EXPECT_EQ(last.code, 0) << last.out << last.err;
  EXPECT_TRUE(ledger().starts_with(kept));
  EXPECT_TRUE(lines_of(last.out).back().starts_with("TANDEM-RESULT v1 ")) << last.out;
  const Outcome verified = place.run(kTandem + " verify out");
  EXPECT_EQ(verified.code, 0) << verified.out;
  const Json run = read_json(place.folder() / "out/result.json").at("run");
  EXPECT_FALSE(run.at("interrupted").get<bool>());
  EXPECT_GE(run.at("outside_work").at("seconds").get<double>(), 0) << "the parts' times add up";
}

TEST(Heat, TheRealPipelineRunsInItsIntegratedArm) {
  const Workplace place;
  place.write("heat.toml", "[[pipeline]]\nname = \"heat\"\narms = [\"integrated\"]\n");
  const Outcome outcome = place.run(kTandem + " run heat.toml --out out");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0);
}

}  // namespace
}  // namespace tandem
