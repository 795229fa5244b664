// tandem run --resume: an interrupted run goes on, and only where it is still the same run.
#include <functional>

#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// Interrupted twice, by both signals, and finished in the end.
TEST(Signals, KeepWhatWasMeasuredAndResumeFinishes) {
  const Workplace place;
  const auto running = [&](const std::string& id) { return fs::exists(place.folder() / "out/launches" / id); };
  const auto interrupt = [&](const std::string& arguments, int signal) {
    const pid_t child = place.start(kTandem + " run " + arguments);
    EXPECT_TRUE(Workplace::until([&] { return running("p01.integrated.coupling=in_memory.0"); }))
        << place.read("stderr.txt");
    kill(child, signal);
    return place.wait(child);
  };
  const auto ledger = [&] { return read_file(place.folder() / "out/ledger.jsonl"); };

  const Outcome first = interrupt(kConfigs + "/slow.toml --out out", SIGINT);
  EXPECT_EQ(first.code, 130) << first.out << first.err;
  EXPECT_TRUE(first.says("interrupted; what was measured is kept. Go on with: tandem run --resume out")) << first.out;
  const std::string kept = ledger();
  EXPECT_NE(kept.find("\"p00.integrated.coupling=in_memory.0\""), std::string::npos);
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
  double before = 0;
  for (const Json& line : read_ledger(place.folder() / "out/ledger.jsonl")) {
    if (line.at("record") != "launch" && line.at("record") != "part") continue;
    EXPECT_GE(line.at("begin").get<double>(), before) << "all parts lie on one axis of time: " << line;
    before = line.at("begin").get<double>() + line.value("seconds", 0.0);
  }
  const Json run = read_json(place.folder() / "out/result.json").at("run");
  EXPECT_FALSE(run.at("interrupted").get<bool>());
  EXPECT_GE(run.at("outside_work").at("seconds").get<double>(), 0) << "the parts' times add up";
}

// A run that was interrupted in its second case, made once; tests work on copies.
class Resume : public ::testing::Test {
 protected:
  static const fs::path& interrupted() {
    static const Workplace made;
    static const fs::path folder = [] {
      const pid_t child = made.start(kTandem + " run " + kConfigs + "/slow.toml --out out");
      EXPECT_TRUE(Workplace::until(
          [] { return fs::exists(made.folder() / "out/launches/p01.integrated.coupling=in_memory.0"); }));
      kill(child, SIGINT);
      EXPECT_EQ(made.wait(child).code, 130);
      return made.folder() / "out";
    }();
    return folder;
  }
  fs::path copy() {
    fs::path folder = place.folder() / "copy";
    fs::remove_all(folder);
    fs::copy(interrupted(), folder, fs::copy_options::recursive);
    return folder;
  }
  Outcome resume() { return place.run(kTandem + " run --resume copy"); }
  Workplace place;
};

TEST_F(Resume, AnotherProgramMachineOrLibraryIsRefused) {
  const std::vector<std::pair<const char*, std::string>> all = {
      {"/tandem/commit", "program: commit was elsewhere, is "},
      {"/tandem/program", "program: program was elsewhere, is "},
      {"/host", "host: host was elsewhere, is "},
      {"/cpu", "cpu: cpu was elsewhere, is "},
      {"/cores", "cores: cores was elsewhere, is "},
      {"/libraries/blas/version", "BLAS: version was elsewhere, is "},
      {"/libraries/onednn/version", "oneDNN: version was elsewhere, is "},
      {"/libraries/mpi/version", "MPI: version was elsewhere, is "}};
  for (const auto& [path, message] : all) {
    const fs::path folder = copy();
    const std::string ledger = read_file(folder / "ledger.jsonl");
    Json machine = read_json(folder / "machine.json");
    machine[Json::json_pointer(path)] = "elsewhere";
    write_file(folder / "machine.json", machine.dump(1) + "\n");
    const Outcome outcome = resume();
    expect_refused(outcome, 2, "copy cannot go on here: " + message);
    expect_refused(outcome, 2, "start anew with --out");
    EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
    EXPECT_EQ(read_file(folder / "ledger.jsonl"), ledger);
  }
}

// A power cut while the last launch's line was written: that launch is measured again, and the result says so.
TEST_F(Resume, ATornLedgerIsRepairedAndSaysSo) {
  const fs::path folder = copy();
  const std::string whole = read_file(folder / "ledger.jsonl");
  const std::size_t launch = whole.find("{\"record\":\"launch\",\"id\":\"p00.integrated.coupling=in_memory.0\"");
  ASSERT_NE(launch, std::string::npos);
  fs::resize_file(folder / "ledger.jsonl", launch + 200);
  const Outcome outcome = resume();
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("repaired: dropped the torn last line of ledger.jsonl")) << outcome.out;
  EXPECT_TRUE(read_file(folder / "ledger.jsonl").starts_with(whole.substr(0, launch)));
  EXPECT_EQ(place.run(kTandem + " verify copy").code, 0);
  const Json run = read_json(folder / "result.json").at("run");
  EXPECT_NE(run.at("reasons").dump().find("repaired when the run went on: dropped the torn last line of ledger.jsonl"),
            std::string::npos)
      << run;
  EXPECT_TRUE(run.at("status") == "UNOFFICIAL" || run.at("status") == "UNSTABLE") << run;
  EXPECT_GE(run.at("outside_work").at("seconds").get<double>(), 0) << "the part that nobody closed counts";
}

TEST_F(Resume, ALedgerDamagedInTheMiddleIsInvalid) {
  const fs::path folder = copy();
  std::string text = read_file(folder / "ledger.jsonl");
  text.replace(text.find("\"id\":\"p00."), 9, "\"id\":\"p99");
  write_file(folder / "ledger.jsonl", text);
  expect_refused(resume(), 3, "the hash chain is broken");
  EXPECT_EQ(read_file(folder / "ledger.jsonl"), text);
}

}  // namespace
}  // namespace tandem
