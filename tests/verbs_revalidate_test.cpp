// tandem revalidate: a nonce decides on the cases, honest weights pass, broken ones do not, however well they were
// hidden in the directory, and what cannot be judged is refused.
#include <functional>

#include "harness/base/digest.hpp"
#include "harness/base/holdout_seed.hpp"
#include "harness/result/directory.hpp"
#include "harness/result/files.hpp"
#include "harness/result/revalidation.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

class Revalidate : public ::testing::Test {
 protected:
  Revalidate() { fs::copy(small().result, copy(), fs::copy_options::recursive); }
  fs::path copy() const { return place.folder() / "copy"; }
  fs::path record(const std::string& nonce) const {
    return place.folder() / ("copy.revalidation-" + sha256(nonce).substr(0, 12) + ".json");
  }
  Outcome revalidate(const std::string& nonce, const std::string& more = "") const {
    return place.run(kTandem + " revalidate copy --nonce " + nonce + " " + more);
  }
  // The directory once more, consistent from ledger to manifest, after a change of what the ledger says.
  void forge(const std::function<void(Json& line)>& change) const {
    const auto lines = read_ledger(copy() / "ledger.jsonl");
    fs::remove(copy() / "ledger.jsonl");
    {
      Ledger ledger(copy() / "ledger.jsonl");
      for (Json line : lines) {
        line.erase("chain");
        change(line);
        ledger.write(line);
      }
    }
    seal(copy());
    ASSERT_EQ(place.run(kTandem + " verify copy").code, 0) << place.read("stdout.txt");
  }
  Workplace place;
};

TEST_F(Revalidate, HonestWeightsPassInEveryArm) {
  const Outcome outcome = revalidate("4f1c09ab");
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  const std::string arm = "TANDEM-CHECK v1 pipeline.toy.size=S.ballast=0.device=cpu.";
  for (const char* name : {"simulation_only", "separated", "integrated.coupling=in_memory"})
    for (const char* check : {"errors.launch=0 value=0.000000000e+00 limit=0.000000000e+00 result=PASS",
                              "invariant.launch=0 value=0.000000000e+00", "truth.launch=0"})
      EXPECT_TRUE(outcome.says(arm + name + ".revalidation_" + check)) << outcome.out;
  EXPECT_EQ(outcome.out.find("result=FAIL"), std::string::npos) << outcome.out;
  EXPECT_EQ(lines_of(outcome.out).back(), lines_of(small().outcome.out).back()) << "of the same root and status";
  EXPECT_EQ(place.run(kTandem + " verify copy").code, 0) << "the directory stays as it was";
  const Outcome verified = place.run(kTandem + " verify " + record("4f1c09ab").string());
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_TRUE(verified.says("nonce 4f1c09ab")) << verified.out;
}

TEST_F(Revalidate, TheNonceDecidesOnTheCases) {
  const auto errors = [&](const std::string& nonce) {
    EXPECT_EQ(revalidate(nonce).code, 0) << place.read("stdout.txt");
    Json found = read_json(record(nonce)).at("launches");
    for (const Json& launch : found) EXPECT_EQ(launch.at("rows").size(), 59u) << launch.at("fom");
    fs::remove(record(nonce));
    return found;
  };
  const Json first = errors("1"), again = errors("1"), other = errors("2");
  EXPECT_EQ(first, again);
  ASSERT_EQ(first.size(), 3u);
  std::vector<std::string> run;
  for (const std::string& line : lines_of(read_file(copy() / "holdout.jsonl")))
    run.push_back(Json::parse(line).at("error").dump());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_NE(first[i].at("seed"), other[i].at("seed"));
    EXPECT_NE(first[i].at("rows"), other[i].at("rows"));
    // The coarse method's errors are roundings, of which two may be alike.
    if (first[i].at("fom").get<std::string>().ends_with("simulation_only")) continue;
    for (const Json& row : first[i].at("rows")) {
      for (const Json& elsewhere : other[i].at("rows")) EXPECT_NE(row.at("error"), elsewhere.at("error"));
      EXPECT_EQ(std::count(run.begin(), run.end(), row.at("error").dump()), 0) << "nor those of the run";
    }
  }
}

TEST_F(Revalidate, TheSeedIsThatOfTheMethod) {
  const std::string weights(64, 'a'), config(64, 'b');
  EXPECT_EQ(revalidation_seed(weights, config, "7"), leading_bits(sha256(weights + config + "nonce:7")));
  EXPECT_EQ(revalidate("7").code, 0);
  const Json written = read_json(record("7"));
  for (const Json& launch : written.at("launches"))
    EXPECT_EQ(launch.at("seed"), sha256(launch.at("weights").get<std::string>() +
                                        written.at("result").at("config").get<std::string>() + "nonce:7")
                                     .substr(0, 16));
}

// Weights are exchanged after the run, and every digest, the chain and all figures made to fit.
TEST_F(Revalidate, BrokenWeightsAreInvalidHoweverWellTheyAreHidden) {
  std::string digest;
  for (const auto& entry : fs::directory_iterator(copy() / "weights")) {
    std::string bytes = read_file(entry.path());
    for (std::size_t at = 7; at < bytes.size(); at += 8) bytes[at] ^= '\x80';  // all signs
    write_file(entry.path(), bytes);
    digest = sha256(bytes);
  }
  forge([&](Json& line) {
    if (line.at("record") != "launch") return;
    for (Json& record : line["records"])
      if (record.at("record") == "weights") record["sha256"] = digest;
  });
  const Outcome outcome = revalidate("5");
  EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("59 hold-out errors are above 40.0 %, 0 may be")) << outcome.out;
  EXPECT_TRUE(outcome.says("integrated.coupling=in_memory.revalidation_errors.launch=0 value=")) << outcome.out;
  EXPECT_NE(outcome.out.find("result=FAIL"), std::string::npos) << outcome.out;
  EXPECT_TRUE(lines_of(outcome.out).back().starts_with("TANDEM-RESULT v1 status=INVALID")) << outcome.out;
  EXPECT_EQ(place.run(kTandem + " verify " + record("5").string()).code, 0) << "the record itself is right";
}

TEST_F(Revalidate, WeightsThatCannotBeLoadedAreInvalid) {
  for (const auto& entry : fs::directory_iterator(copy() / "weights")) write_file(entry.path(), "no weights");
  forge([&](Json& line) {
    if (line.at("record") != "launch") return;
    for (Json& record : line["records"])
      if (record.at("record") == "weights") record["sha256"] = sha256("no weights");
  });
  const Outcome outcome = revalidate("5");
  EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("0 of 59 hold-out cases were judged")) << outcome.out;
}

TEST_F(Revalidate, ATamperedDirectoryIsInvalid) {
  for (const auto& entry : fs::directory_iterator(copy() / "weights")) write_file(entry.path(), "other");
  EXPECT_EQ(revalidate("5").code, 3);
  EXPECT_TRUE(place.read("stdout.txt").find("copy is not what was measured") != std::string::npos);
  write_manifest(copy());
  EXPECT_EQ(revalidate("5").code, 3) << "the ledger knows the weights";
  EXPECT_FALSE(fs::exists(record("5")));
}

TEST_F(Revalidate, RefusesWhatItCannotJudge) {
  expect_refused(revalidate("''"), 2, "--nonce is empty");
  expect_refused(place.run(kTandem + " revalidate copy"), 2, "--nonce is required");
  expect_refused(place.run(kTandem + " revalidate nowhere --nonce 1"), 2, "nowhere is not a directory");
  expect_refused(revalidate("1", "--out nowhere/record.json"), 2, "cannot write into");
  place.write("there.json", "{}");
  expect_refused(revalidate("1", "--out there.json"), 2, "there.json exists already");
  forge([](Json&) {});
  fs::remove_all(copy() / "weights");
  write_manifest(copy());
  expect_refused(revalidate("1"), 2, ".weights is missing");
}

// keep = "records": a result for a repository. The digest of its weights stays, and all that verify derives; the page
// can be written from it.
TEST_F(Revalidate, RefusesAResultThatKeptNoWeights) {
  place.write("my.toml", "threads = 1\nlimits = \"none\"\nkeep = \"records\"\n[[pipeline]]\nname = \"toy\"\n");
  const Outcome run = place.run(kTandem + " run my.toml --out kept");
  ASSERT_EQ(run.code, 0) << run.out << run.err;
  const std::string no_page = "report: not kept (keep = \"records\"); tandem report kept --out PAGE.html writes it";
  EXPECT_NE(run.out.find(no_page), std::string::npos) << run.out;
  const fs::path kept = place.folder() / "kept";
  EXPECT_FALSE(fs::exists(kept / "report.html"));
  EXPECT_NE(place.run(kTandem + " report kept").out.find(no_page), std::string::npos);
  EXPECT_EQ(place.run(kTandem + " report kept --out page.html").code, 0);
  EXPECT_NE(place.read("page.html").find("</html>"), std::string::npos);
  EXPECT_EQ(place.run(kTandem + " verify kept").code, 0) << place.read("stdout.txt");
  EXPECT_TRUE(fs::is_empty(kept / "weights"));
  EXPECT_FALSE(fs::is_empty(copy() / "weights")) << "by default they stay";
  std::size_t digests = 0;
  for (const Json& line : read_ledger(kept / "ledger.jsonl"))
    for (const Json& record : line.value("records", Json::array())) digests += record.at("record") == "weights";
  EXPECT_EQ(digests, 2u) << "of separated and integrated";
  EXPECT_TRUE(read_json(kept / "result.json").at("pipelines")[0].at("pictures").empty());
  EXPECT_FALSE(read_json(copy() / "result.json").at("pipelines")[0].at("pictures").empty());
  expect_refused(place.run(kTandem + " revalidate kept --nonce 1"), 2, "kept no weights (keep = \"records\"");
}

TEST_F(Revalidate, RefusesAProblemThatThisProgramDoesNotHave) {
  Json plan = read_json(copy() / "plan.json");
  for (Json& item : plan["cases"])
    if (item.contains("problem")) item["problem"]["version"] = "toy-0";
  write_file(copy() / "plan.json", plan.dump(1) + "\n");
  forge([&](Json& line) {
    if (line.at("record") == "plan") line["sha256"] = sha256(plan.dump());
  });
  const Outcome outcome = revalidate("1");
  expect_refused(outcome, 2, "the result's problem is toy-0 (");
  expect_refused(outcome, 2, "this program's toy-1 (");
}

TEST_F(Revalidate, AChangedRecordIsFound) {
  ASSERT_EQ(revalidate("5", "--out r.json").code, 0);
  const Json honest = read_json(place.folder() / "r.json");
  const auto verify = [&](const Json& changed) {
    place.write("r.json", changed.dump());
    return place.run(kTandem + " verify r.json");
  };
  EXPECT_EQ(verify(honest).code, 0);
  Json nonce = honest;
  nonce["nonce"] = "6";
  EXPECT_EQ(verify(nonce).code, 3);
  EXPECT_NE(place.read("stdout.txt").find("its seal is broken"), std::string::npos);
  Json error = honest;
  error["launches"][0]["rows"][0]["error"] = 0.9;
  error.erase("seal");
  error["seal"] = sha256(error.dump());
  EXPECT_EQ(verify(error).code, 3);
  EXPECT_NE(place.read("stdout.txt").find("does not follow from the errors"), std::string::npos);
}

}  // namespace
}  // namespace tandem
