// tandem accept through the program: the whole way to a pass, every way not to pass, and signatures.
#include <algorithm>
#include <functional>
#include <utility>

#include "harness/base/digest.hpp"
#include "harness/decide/acceptance.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/delivered.hpp"
#include "tests/cli/schema.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

const std::string kGemm = "kernel.dense.gemm.n=32.precision=fp64.device=cpu.rate";
const std::string kToy = "pipeline.toy.size=S.ballast=0.device=cpu.integrated.coupling=in_memory.ttis";

std::string spec(const std::string& required, double gemm = 1e7) {
  return "lot = \"Lot <1> & co\"\nbuyer = \"B\"\nvendor = \"V\"\n[required]\n" + required +
         fmt::format(
             "[[criterion]]\nfom = \"{}\"\ndirection = \"at least\"\ntarget = {:e}\nunit = \"flop/s\"\n"
             "tolerance = 0.02\nkind = \"hard\"\nproof = \"pass\"\n"
             "[[criterion]]\nfom = \"{}\"\ndirection = \"at most\"\ntarget = 60\nunit = \"s\"\n"
             "kind = \"hard\"\nproof = \"pass\"\n"
             "[[criterion]]\nfom = \"{}\"\ndirection = \"at most\"\ntarget = 0\nunit = \"s\"\n"
             "kind = \"soft\"\nproof = \"fail\"\n",
             kGemm, gemm, kToy, kToy);
}
const std::string kStrict = "status = \"VALID-OPEN\"\nclass = \"procurement\"\nlaunches = 14\n";
const std::string kWithout = kStrict + "revalidation = \"not required\"\n";

class Accept : public ::testing::Test {
 protected:
  Accept() {
    fs::copy(delivered().result, copy(), fs::copy_options::recursive);
    place.write("lot.toml", spec(kWithout));
  }
  fs::path copy() const { return place.folder() / "copy"; }
  Outcome accept(const std::string& options = "--spec lot.toml") const {
    return place.run(kTandem + " accept copy " + options);
  }
  void restore() const {
    fs::remove_all(copy());
    fs::copy(delivered().result, copy(), fs::copy_options::recursive);
  }
  Workplace place;
};

TEST_F(Accept, APassFromTheRecordsToTheSignature) {
  place.write("lot.toml", spec(kStrict + "configuration = \"" +
                               sha256(read_json(copy() / "plan.json").dump()).substr(0, 12) + "\"\n"));
  ASSERT_EQ(place.run(kTandem + " revalidate copy --nonce 4f1c --out r.json").code, 0) << place.read("stdout.txt");
  const Outcome outcome = accept(
      "--spec lot.toml --revalidation r.json --nonce 4f1c --record v.json --out v.html --junit v.xml --spec-sha256 " +
      sha256_file(place.folder() / "lot.toml"));
  ASSERT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("ACCEPTED   Lot <1> & co")) << outcome.out;
  EXPECT_TRUE(outcome.says("2 of 2 hard criteria pass; 0 of 1 soft criterion pass")) << outcome.out;
  EXPECT_TRUE(lines_of(outcome.out)
                  .back()
                  .starts_with("TANDEM-ACCEPT v1 verdict=ACCEPTED required=5/5 hard=2/2 soft=0/1 spec="))
      << outcome.out;
  EXPECT_EQ(schema_errors(place.folder() / "v.json", "acceptance-1"), "");
  const Json record = read_json(place.folder() / "v.json");
  EXPECT_TRUE(seal_holds(record));
  EXPECT_EQ(record.at("result").at("root"), sha256_file(copy() / "manifest-sha256.txt"));
  EXPECT_EQ(record.at("specification").at("text"), place.read("lot.toml"));
  EXPECT_NE(place.read("v.html").find("Signature"), std::string::npos);
  EXPECT_NE(place.read("v.xml").find("failures=\"0\" errors=\"0\" skipped=\"1\""), std::string::npos);
  EXPECT_EQ(place.run(kTandem + " verify copy").code, 0) << "nothing was written into it";
}

TEST_F(Accept, AMissedHardCriterionIsNoAcceptance) {
  place.write("lot.toml", spec(kWithout, 1e12));
  const Outcome outcome = accept("--spec lot.toml --junit v.xml");
  EXPECT_EQ(outcome.code, 4) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("NOT ACCEPTED")) << outcome.out;
  EXPECT_TRUE(outcome.says("misses the limit of 9.8e+11 flop/s")) << outcome.out;
  EXPECT_NE(place.read("v.xml").find("failures=\"1\""), std::string::npos);
}

// What this machine measures in class quick is no offer; where it is disturbed a case may be INVALID or FAILED besides.
TEST_F(Accept, ThisMachinesOwnRunIsNeverAccepted) {
  fs::remove_all(copy());
  fs::copy(small().result, copy(), fs::copy_options::recursive);
  const std::string status = read_json(copy() / "result.json").at("run").at("status");
  Outcome outcome = accept();
  EXPECT_EQ(outcome.code, status == "INVALID" ? 3 : 4) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("class: at least procurement is required, found quick")) << outcome.out;
  place.write("lot.toml", spec("status = \"UNOFFICIAL\"\nclass = \"quick\"\nrevalidation = \"not required\"\n"));
  outcome = accept();
  EXPECT_EQ(outcome.code, status == "INVALID" ? 3 : status == "FAILED" ? 4 : 5) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.out.find("  PASS       hard"), std::string::npos) << "one launch decides nothing\n" << outcome.out;
}

TEST_F(Accept, ARequiredRevalidationMustBeThereAndFit) {
  place.write("lot.toml", spec(kStrict));
  Outcome outcome = accept();
  EXPECT_EQ(outcome.code, 5) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("tandem revalidate DIR --nonce N")) << outcome.out;
  ASSERT_EQ(place.run(kTandem + " revalidate copy --nonce 7 --out r.json").code, 0);
  const Json honest = read_json(place.folder() / "r.json");
  const std::string given = "--spec lot.toml --revalidation r.json --nonce 7";
  EXPECT_EQ(accept(given).code, 0) << place.read("stdout.txt") << place.read("stderr.txt");
  expect_refused(accept("--spec lot.toml --revalidation r.json --nonce 8"), 2,
                 "was made with the nonce \"7\", not with yours");
  expect_refused(accept("--spec lot.toml --revalidation r.json"), 2, "--revalidation and --nonce belong together");
  expect_refused(accept("--spec lot.toml --revalidation lot.toml --nonce 7"), 3, "lot.toml is not valid JSON");
  place.write("other.json", "{}");
  expect_refused(accept("--spec lot.toml --revalidation other.json --nonce 7"), 2, "is no record of tandem revalidate");
  // Each change sealed anew: consistent in itself, but not what follows from the directory and the nonce.
  const auto changed = [&](const std::function<void(Json&)>& change) {
    Json record = honest;
    change(record);
    record.erase("seal");
    record["seal"] = sha256(record.dump());
    place.write("r.json", record.dump());
    return accept(given);
  };
  expect_refused(changed([](Json& r) { r["launches"][0]["rows"][0]["error"] = 0.9; }), 3, "does not hold");
  expect_refused(changed([](Json& r) { r["launches"][0]["seed"] = "0123456789abcdef"; }), 3,
                 "its seed does not follow");
  expect_refused(changed([](Json& r) { r["result"]["root"] = std::string(64, '0'); }), 2, "is of another directory");
  expect_refused(changed([](Json& r) { r.erase("problems"); }), 3, "does not hold");
  Json unsealed = honest;
  unsealed["started"] = "earlier";
  place.write("r.json", unsealed.dump());
  expect_refused(accept(given), 3, "its seal is broken");
}

TEST_F(Accept, OneFlippedByteInAnyFileIsInvalid) {
  std::size_t files = 0, weights = 0;
  for (const auto& entry : fs::recursive_directory_iterator(delivered().result)) {
    if (entry.is_directory()) continue;
    const fs::path name = entry.path().lexically_relative(delivered().result);
    if (name.parent_path() == "weights" && ++weights > 2) continue;  // 28 that are alike
    const std::string bytes = read_file(copy() / name);
    std::string flipped = bytes;
    flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 1);
    write_file(copy() / name, flipped);
    const Outcome outcome = accept("--spec lot.toml --junit v.xml");
    EXPECT_EQ(outcome.code, 3) << name << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out.find("TANDEM-ACCEPT"), std::string::npos) << "a verdict on " << name;
    EXPECT_NE(place.read("v.xml").find("failures=\"1\""), std::string::npos) << name;
    write_file(copy() / name, bytes);
    ++files;
  }
  EXPECT_GE(files, 15u);
  EXPECT_EQ(accept().code, 0) << "all back as it was";
}

// What was changed after the run, with a manifest that was not, and with one that was made to fit.
TEST_F(Accept, OtherChangesAreInvalid) {
  const auto drop_line = [&](const char* file, const std::string& holding) {
    std::string kept;
    bool dropped = false;
    for (const std::string& line : lines_of(read_file(copy() / file))) {
      const bool drop = !dropped && line.find(holding) != std::string::npos;
      dropped = dropped || drop;
      if (!drop) kept += line + "\n";
    }
    ASSERT_TRUE(dropped) << holding;
    write_file(copy() / file, kept);
  };
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"a sample dropped", [&] { drop_line("samples.jsonl", "\"k00.3\""); }},
      {"a launch dropped", [&] { drop_line("ledger.jsonl", "\"k00.3\""); }},
      {"lines reordered",
       [&] {
         std::vector<std::string> lines = lines_of(read_file(copy() / "ledger.jsonl"));
         std::swap(lines[3], lines[4]);
         write_file(copy() / "ledger.jsonl", fmt::format("{}\n", fmt::join(lines, "\n")));
       }},
      {"an extra file", [&] { write_file(copy() / "notes.txt", "mine"); }},
      {"a file less", [&] { fs::remove(copy() / "answers.jsonl"); }},
      {"a better figure", [&] {
         Json document = read_json(copy() / "result.json");
         for (Json& fom : document["foms"])
           if (fom.at("name") == kGemm) fom["value"] = 1e15;
         write_file(copy() / "result.json", document.dump(1) + "\n");
       }}};
  for (const auto& [what, change] : changes) {
    change();
    EXPECT_EQ(accept().code, 3) << what;
    if (what == std::string("an extra file")) {
      restore();
      continue;  // a manifest that lists it is another root
    }
    write_manifest(copy());
    EXPECT_EQ(accept().code, 3) << what << ", with a manifest that fits";
    EXPECT_EQ(place.read("stdout.txt").find("TANDEM-ACCEPT"), std::string::npos) << what;
    restore();
  }
}

TEST_F(Accept, AnEditedSpecificationIsAnError) {
  const std::string agreed = sha256_file(place.folder() / "lot.toml");
  EXPECT_EQ(accept("--spec lot.toml --spec-sha256 " + agreed).code, 0);
  place.write("lot.toml", spec(kWithout, 1.00001e7));
  expect_refused(accept("--spec lot.toml --spec-sha256 " + agreed), 2, "lot.toml is not what was agreed");
}

TEST_F(Accept, RefusesWhatItCannotDecide) {
  expect_refused(accept(""), 2, "--spec is required");
  expect_refused(place.run(kTandem + " accept"), 2, "which result?");
  expect_refused(place.run(kTandem + " accept nowhere --spec lot.toml"), 2, "nowhere is not a directory");
  expect_refused(accept("--spec nowhere.toml"), 2, "cannot read nowhere.toml");
  for (const char* option : {"--record", "--out", "--junit"})
    expect_refused(accept(fmt::format("--spec lot.toml {} copy/verdict", option)), 2,
                   "lies in the result directory, which is sealed");
  fs::create_directory_symlink(copy(), place.folder() / "link");
  expect_refused(accept("--spec lot.toml --out link/verdict"), 2, "lies in the result directory");
  expect_refused(accept("--spec lot.toml --out nowhere/verdict"), 2, "cannot write into");
  expect_refused(accept("--spec lot.toml --sign key"), 2, "--sign needs --record");
  place.write("there.json", "{}");
  expect_refused(accept("--spec lot.toml --record there.json"), 2, "there.json exists already");
  place.write("lot.toml", spec(kWithout + "classs = 1\n"));
  expect_refused(accept(), 2, "did you mean \"class\"?");
  std::string text = spec(kWithout);
  text.replace(text.find("dense.gemm.n=32"), 15, "dense.gem.n=32");
  place.write("lot.toml", text);
  expect_refused(accept(), 2, "the nearest is \"" + kGemm + "\"");
}

TEST(AcceptanceExample, ThePlanMakesEveryFigureOfTheSpecification) {
  const std::string configs = ACCEPTANCE_CONFIGS;
  const Plan plan = make_plan(read_config(configs + "/example-plan.toml", {}));
  const AcceptanceSpec example = read_acceptance(configs + "/example.toml");
  EXPECT_EQ(plan.config.run_class, example.run_class);
  EXPECT_GE(static_cast<std::size_t>(plan.config.launches), example.launches);
  const Json cases = to_json(plan).at("cases");
  for (const Criterion& criterion : example.criteria)
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const Json& item) {
      return criterion.fom.starts_with(fom_name(item.at("kind"), item) + ".");
    })) << criterion.fom;
}

class Signed : public Accept {
 protected:
  void SetUp() override {
    if (place.run("ssh-keygen -q -t ed25519 -N '' -C test -f key").code != 0)
      GTEST_SKIP() << "no ssh-keygen: " << place.read("stderr.txt");
    const std::string key = place.read("key.pub");
    place.write("allowed", "buyer@example.org,b2 namespaces=\"tandem\" " + key);
    ASSERT_EQ(accept("--spec lot.toml --record v.json --sign key").code, 0) << place.read("stderr.txt");
  }
  Outcome check(const std::string& more = "", const std::string& allowed = "allowed") const {
    return place.run(kTandem + " accept " + more + " --record v.json --check-signature " + allowed);
  }
};

TEST_F(Signed, AnHonestRecordIsFollowedBackToTheDirectory) {
  Outcome outcome = check();
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("v.json: signed by buyer@example.org, and whole")) << outcome.out;
  outcome = check("copy --spec lot.toml");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("the verdict follows from copy")) << outcome.out;
  EXPECT_TRUE(lines_of(outcome.out).back().starts_with("TANDEM-ACCEPT v1 verdict=ACCEPTED")) << outcome.out;
  place.write("lot.toml", spec(kWithout, 2e7));
  expect_refused(check("--spec lot.toml"), 2, "is a verdict by another specification");
  expect_refused(check(small().result.string()), 2, "is the verdict on another directory");
  write_file(copy() / "report.html", "other");
  EXPECT_EQ(check("copy").code, 3);
}

TEST_F(Signed, ARejectionStaysOneWhoeverSignedIt) {
  place.write("lot.toml", spec(kWithout, 1e12));
  fs::remove(place.folder() / "v.json");
  fs::remove(place.folder() / "v.json.sig");
  ASSERT_EQ(accept("--spec lot.toml --record v.json --sign key").code, 4);
  EXPECT_EQ(check().code, 4);
}

TEST_F(Signed, ChangedRecordsWrongKeysAndMissingToolsAreTold) {
  const std::string honest = place.read("v.json");
  std::string changed = honest;
  changed.replace(changed.find("Lot <1>"), 7, "Lot <2>");
  place.write("v.json", changed);
  expect_refused(check(), 3, "v.json is not what buyer@example.org signed");
  place.write("v.json", honest);
  ASSERT_EQ(place.run("ssh-keygen -q -t ed25519 -N '' -f other").code, 0);
  place.write("others", "somebody " + place.read("other.pub"));
  expect_refused(check("", "others"), 3, "v.json.sig was not made by a key that others allows");
  expect_refused(check("", "nowhere"), 2, "the list of allowed signers nowhere cannot be read");
  expect_refused(place.run("env PATH=/nowhere " + kTandem + " accept --record v.json --check-signature allowed"), 2,
                 "install openssh-client");
  expect_refused(accept("--spec lot.toml --record w.json --sign nokey"), 2, "the key nokey cannot be read");
  expect_refused(accept("--spec lot.toml --record u.json --sign lot.toml"), 1, "ssh-keygen cannot sign");
  fs::remove(place.folder() / "v.json.sig");
  expect_refused(check(), 2, "the signature v.json.sig cannot be read");
}

// Whoever may sign can sign anything: what he signed must still follow from the directory.
TEST_F(Signed, ASignedVerdictThatDoesNotFollowIsFound) {
  Json record = read_json(place.folder() / "v.json");
  record["verdict"] = "NOT ACCEPTED";
  record.erase("seal");
  record["seal"] = sha256(record.dump());
  place.write("v.json", record.dump(1) + "\n");
  fs::remove(place.folder() / "v.json.sig");
  ASSERT_EQ(place.run("ssh-keygen -q -Y sign -f key -n tandem v.json").code, 0);
  expect_refused(check("copy"), 3, "its \"verdict\" does not follow from copy");
  record["verdict"] = "ACCEPTED";
  place.write("v.json", record.dump(1) + "\n");
  fs::remove(place.folder() / "v.json.sig");
  ASSERT_EQ(place.run("ssh-keygen -q -Y sign -f key -n tandem v.json").code, 0);
  expect_refused(check(), 3, "is no whole record of tandem accept");
}

}  // namespace
}  // namespace tandem
