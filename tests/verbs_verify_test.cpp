// tandem verify: what was changed after the run is found, whatever fits together afterwards.
#include <functional>

#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

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

TEST_F(Verify, FindsOtherWeights) {
  const auto change = [](const fs::path& copy) {
    for (const auto& entry : fs::directory_iterator(copy / "weights")) write_file(entry.path(), "other weights");
  };
  expect_found(after(change, true), "weights are not those that were judged");
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

// As if another build had written the result: everywhere where it says so.
void claim_other_program(const fs::path& copy) {
  Json machine = read_json(copy / "machine.json"), document = read_json(copy / "result.json");
  for (Json* program : {&machine["tandem"], &document["tandem"], &document["machine"]["tandem"]}) {
    (*program)["commit"] = "0123456789ab";
    (*program)["program"] = sha256("another program");
  }
  write_file(copy / "machine.json", machine.dump(1) + "\n");
  write_file(copy / "result.json", document.dump(1) + "\n");
}

void change_document(const fs::path& copy, const std::function<void(Json&)>& change) {
  Json document = read_json(copy / "result.json");
  change(document);
  write_file(copy / "result.json", document.dump(1) + "\n");
}

TEST_F(Verify, AResultOfAnotherProgramHoldsWhereItsFiguresFollow) {
  const Outcome same = after(claim_other_program, true);
  EXPECT_EQ(same.code, 0) << same.out << same.err;
  EXPECT_TRUE(same.says("(0123456789ab")) << same.out;
  EXPECT_TRUE(same.says("0 entries are new since")) << same.out;
  const auto grown = [](const fs::path& copy) {  // the derivation gives a figure that the older one did not
    claim_other_program(copy);
    change_document(copy, [](Json& document) { document["foms"].erase(document["foms"].size() - 1); });
  };
  const Outcome outcome = after(grown, true);
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("1 entries are new since")) << outcome.out;
}

TEST_F(Verify, AResultOfAnotherProgramWhoseFiguresDifferIsUndecided) {
  const auto differ = [](Json& document) {
    Json& value = document["kernels"][0]["value"];
    value = value.get<double>() * 1.01;
  };
  const auto other = [&](const fs::path& copy) {
    claim_other_program(copy);
    change_document(copy, differ);
  };
  const Outcome outcome = after(other, true);
  EXPECT_EQ(outcome.code, 5) << outcome.out << outcome.err;
  for (const char* text :
       {"result.json/kernels/0/value", "was written by tandem", "(0123456789ab", "this is tandem",
        "files and ledger hold; 1 entry of result.json differs", "verify with the version that wrote it"})
    EXPECT_TRUE(outcome.says(text)) << text << "\n" << outcome.out;
  EXPECT_FALSE(outcome.says("is not what was measured")) << outcome.out;
  EXPECT_FALSE(outcome.says("TANDEM-RESULT")) << outcome.out;
  expect_found(after([&](const fs::path& copy) { change_document(copy, differ); }, true), "kernels/0/value");
  const auto schema = [](Json& document) { document["schema"] = "tandem-result/2"; };
  EXPECT_EQ(after([&](const fs::path& copy) { change_document(copy, schema); }, true).code, 5) << "of another schema";
}

// Files, chain and samples are judged whoever wrote them.
TEST_F(Verify, TamperingIsFoundInAResultOfAnotherProgram) {
  expect_found(after(claim_other_program, false), "result.json: changed");
  const auto drop = [](const char* file, const char* holding) {
    return [=](const fs::path& copy) {
      claim_other_program(copy);
      drop_line(copy / file, holding);
    };
  };
  expect_found(after(drop("ledger.jsonl", "\"k01.0\""), true), "the hash chain is broken");
  expect_found(after(drop("samples.jsonl", "launch"), true), "samples.jsonl: the lines of launch");
}

// Scores need it: whoever changes how figures are derived, or a Problem, has to measure it anew (results/baseline).
TEST(Reference, OfScoresHoldsAndHasATimeOfEveryPipeline) {
  std::size_t references = 0;
  for (const auto& entry : fs::directory_iterator(BASELINES)) {
    if (!entry.is_directory()) continue;
    ++references;
    const Workplace place;
    const Outcome verified = place.run(kTandem + " verify '" + entry.path().string() + "'");
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
    const Json result = read_json(entry.path() / "result.json");
    EXPECT_EQ(result.at("pipelines").size(), 5u);
    for (const Json& pipeline : result.at("pipelines")) {
      const Json& arm = pipeline.at("arms")[2];
      EXPECT_EQ(arm.at("coupling"), "in_memory");
      EXPECT_TRUE(arm.at("ttis").at("value").is_number()) << pipeline.at("case");
    }
  }
  EXPECT_GT(references, 0u);
}

}  // namespace
}  // namespace tandem
