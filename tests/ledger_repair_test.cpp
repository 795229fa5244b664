// What a power cut can leave: every length to which the end of a file can be cut, and damage that is no power cut.
#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/result/files.hpp"
#include "harness/result/repair.hpp"
#include "tests/cli/workplace.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

// A run of two finished launches, "a" and "b", each with lines in two files.
class Repair : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file(place.folder() / "power.csv", "seconds,meter,scope,joules\n");
    Ledger ledger(path("ledger.jsonl"));
    ledger.write({{"record", "plan"}, {"sha256", "00"}});
    for (const char* id : {"a", "b"}) {
      Json files = Json::object();
      for (const char* file : {"samples.jsonl", "holdout.jsonl"}) {
        std::string text;
        for (int i = 0; i < 2; ++i) text += Json{{"record", "sample"}, {"i", i}, {"launch", id}}.dump() + "\n";
        append_durably(path(file), text);
        files[file] = sha256(text);
      }
      append_durably(path("power.csv"), "1.5,m,package,7\n");
      ledger.write({{"record", "launch"}, {"id", id}, {"files", files}});
    }
  }
  fs::path path(const std::string& name) const { return place.folder() / name; }
  std::vector<std::string> launches() const {
    std::vector<std::string> ids;
    for (const Json& line : read_ledger(path("ledger.jsonl")))
      if (line.at("record") == "launch") ids.push_back(line.at("id"));
    return ids;
  }
  std::size_t lines_of(const std::string& file, const std::string& launch) const {
    std::size_t count = 0;
    read_lines(path(file), [&](Json&& line) { count += line.at("launch") == launch ? 1 : 0; });
    return count;
  }
  std::string refusal() const {
    try {
      repair(place.folder());
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::invalid);
      return error.what();
    }
    return "";
  }
  Workplace place;
};

using Ids = std::vector<std::string>;

TEST_F(Repair, AWholeRunStaysAsItIs) {
  const std::string ledger = read_file(path("ledger.jsonl")), samples = read_file(path("samples.jsonl"));
  EXPECT_TRUE(repair(place.folder()).empty());
  EXPECT_EQ(read_file(path("ledger.jsonl")), ledger);
  EXPECT_EQ(read_file(path("samples.jsonl")), samples);
}

TEST_F(Repair, ALedgerCutAnywhereInItsLastLineLosesThatLaunchAlone) {
  const std::string whole = read_file(path("ledger.jsonl")), samples = read_file(path("samples.jsonl"));
  const std::size_t last = whole.rfind('\n', whole.size() - 2) + 1;
  for (std::size_t length = last + 1; length < whole.size(); ++length) {
    write_file(path("ledger.jsonl"), whole.substr(0, length));
    write_file(path("samples.jsonl"), samples);
    EXPECT_EQ(repair(place.folder()), Ids{"the torn last line of ledger.jsonl"}) << length;
    EXPECT_EQ(read_file(path("ledger.jsonl")), whole.substr(0, last));
    EXPECT_EQ(lines_of("samples.jsonl", "b"), 0u);
    EXPECT_EQ(lines_of("samples.jsonl", "a"), 2u);
  }
}

TEST_F(Repair, ZerosInPlaceOfTheLastLineAreATear) {
  append_durably(path("ledger.jsonl"), std::string(300, '\0'));
  append_durably(path("samples.jsonl"), std::string(20, '\0') + "\"launch\":\"c\"}\n");
  EXPECT_EQ(repair(place.folder()).size(), 2u);
  EXPECT_EQ(launches(), (Ids{"a", "b"}));
}

TEST_F(Repair, ALastLaunchWithoutAllItsLinesIsDropped) {
  const std::string whole = read_file(path("holdout.jsonl")), ledger = read_file(path("ledger.jsonl"));
  const std::string samples = read_file(path("samples.jsonl"));
  for (const std::size_t cut :
       {std::size_t{1}, std::size_t{10}, whole.size() / 4, whole.size() / 4 + 3, whole.size() / 2}) {
    write_file(path("ledger.jsonl"), ledger);
    write_file(path("samples.jsonl"), samples);
    write_file(path("holdout.jsonl"), whole.substr(0, whole.size() - cut));
    const auto dropped = repair(place.folder());
    ASSERT_FALSE(dropped.empty()) << cut;
    EXPECT_EQ(dropped.back(), "launch b, whose lines in holdout.jsonl were not whole: it is measured again") << cut;
    EXPECT_EQ(launches(), Ids{"a"}) << cut;
    EXPECT_EQ(lines_of("holdout.jsonl", "b"), 0u);
    EXPECT_EQ(lines_of("samples.jsonl", "b"), 0u);
    EXPECT_EQ(lines_of("holdout.jsonl", "a"), 2u);
    EXPECT_TRUE(repair(place.folder()).empty()) << "once is enough";
  }
}

TEST_F(Repair, ATornReadingIsDropped) {
  const std::string whole = read_file(path("power.csv"));
  write_file(path("power.csv"), whole + "2.5,m,pac");
  EXPECT_EQ(repair(place.folder()), Ids{"the torn last line of power.csv"});
  EXPECT_EQ(read_file(path("power.csv")), whole);
}

TEST_F(Repair, LinesOfALaunchThatNeverEndedGoWithoutAWord) {
  append_durably(path("samples.jsonl"), "{\"record\":\"sample\",\"launch\":\"c\"}\n");
  EXPECT_TRUE(repair(place.folder()).empty());
  EXPECT_EQ(lines_of("samples.jsonl", "c"), 0u);
  EXPECT_EQ(launches(), (Ids{"a", "b"}));
}

TEST_F(Repair, DamageThatIsNotAtTheEndIsInvalid) {
  const std::string ledger = read_file(path("ledger.jsonl")), samples = read_file(path("samples.jsonl"));
  const auto without_byte = [](std::string text, std::size_t at) { return text.erase(at, 1); };
  write_file(path("ledger.jsonl"), without_byte(ledger, 5));
  EXPECT_NE(refusal().find("ledger.jsonl line 1"), std::string::npos) << refusal();
  std::string changed = ledger;
  changed.replace(changed.find("\"a\""), 3, "\"A\"");
  write_file(path("ledger.jsonl"), changed);
  EXPECT_NE(refusal().find("the hash chain is broken"), std::string::npos) << refusal();
  write_file(path("ledger.jsonl"), ledger);
  write_file(path("samples.jsonl"), without_byte(samples, 0));
  EXPECT_NE(refusal().find("samples.jsonl line 1 is damaged"), std::string::npos) << refusal();
  changed = samples;
  changed.replace(changed.find("\"i\":1"), 5, "\"i\":2");
  write_file(path("samples.jsonl"), changed);
  EXPECT_NE(refusal().find("the lines of launch a are not those that were measured"), std::string::npos) << refusal();
  EXPECT_EQ(read_file(path("ledger.jsonl")), ledger) << "nothing is repaired there";
}

}  // namespace
}  // namespace tandem
