// kill -9: whatever is ended without a warning, in whatever phase, the launches that had finished are kept.
#include <algorithm>

#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kPlan = R"(threads = 1
limits = "none"
[[pipeline]]
name = "toy"
arms = ["integrated"]
[[pipeline]]
name = "toy_stall"
phase = ["simulate", "train", "hand_over", "answer", "validate"]
arms = ["separated"]
[[pipeline]]
name = "toy_stall"
ballast = 1
phase = ["simulate", "answer"]
arms = ["integrated"]
[[pipeline]]
name = "toy_stall"
ranks = 2
arms = ["integrated"]
)";

class Kill : public ::testing::Test {
 protected:
  // The process that has stalled in its phase.
  pid_t stalled() {
    const fs::path file = place.folder() / "stalled";
    EXPECT_TRUE(Workplace::until([&] { return fs::exists(file); })) << place.read("stderr.txt");
    const pid_t worker = std::stoi("0" + place.read("stalled"));
    fs::remove(file);
    EXPECT_GT(worker, 1);
    return worker;
  }
  std::string ledger() { return read_file(place.folder() / "out/ledger.jsonl"); }
  static bool gone(pid_t process) {
    return Workplace::until([&] { return ::kill(process, 0) != 0; }, 20);
  }
  Workplace place;
};

// In every phase first the coordinator is killed, with which its worker ends, and after --resume the worker; in the
// last case one of two ranks, and its launcher ends the other.
TEST_F(Kill, LosesNoFinishedLaunch) {
  place.write("my.toml", kPlan);
  pid_t coordinator = place.start(kTandem + " run my.toml --out out");
  constexpr int kStalls = 8;
  for (int stall = 0; stall < kStalls; ++stall) {
    const pid_t first = stalled();
    const std::string kept = ledger();
    ASSERT_NE(kept.find("\"p00.integrated.coupling=in_memory.0\""), std::string::npos);
    ::kill(coordinator, SIGKILL);
    EXPECT_EQ(place.wait(coordinator).code, 128 + SIGKILL);
    EXPECT_TRUE(gone(first)) << "a worker without a coordinator would disturb what comes after it";
    EXPECT_EQ(ledger(), kept);
    coordinator = place.start(kTandem + " run --resume out");
    const pid_t second = stalled();
    EXPECT_TRUE(ledger().starts_with(kept)) << "what was measured is never written again";
    ::kill(second, SIGKILL);
  }
  const Outcome outcome = place.wait(coordinator);
  EXPECT_EQ(outcome.code, 1) << outcome.out << outcome.err;
  EXPECT_EQ(place.run(kTandem + " verify out").code, 0) << place.read("stdout.txt");
  const Json document = read_json(place.folder() / "out/result.json");
  ASSERT_EQ(document.at("pipelines").size(), 1u + kStalls);
  for (const Json& pipeline : document.at("pipelines")) {
    const bool honest = pipeline.at("name") == "toy";
    EXPECT_EQ(pipeline.at("arms")[0].at("ttis").at("value").is_number(), honest) << pipeline.at("case");
    const std::string reasons = pipeline.at("reasons").dump();
    EXPECT_EQ(reasons.find("FAILED") != std::string::npos, !honest) << reasons;
    const bool alone = pipeline.at("ranks") == 1;  // of two ranks the launcher tells, in its own words
    EXPECT_EQ(reasons.find("ended by signal 9 (Killed)") != std::string::npos, alone && !honest) << reasons;
  }
}

}  // namespace
}  // namespace tandem
