// The files of a result directory: the ledger's chain, the manifest, and every way to damage them.
#include "harness/result/files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "tests/cli/workplace.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

void write_lines(const fs::path& path, const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  write_file(path, text);
}

class Files : public ::testing::Test {
 protected:
  Workplace place;
};

TEST_F(Files, TheChainIsTheDigestOfTheChainBeforeAndTheLine) {
  const fs::path path = place.folder() / "ledger.jsonl";
  Ledger(path).write({{"record", "plan"}, {"sha256", "ab"}});
  Ledger again(path);
  again.write({{"record", "run"}});
  const std::string first = sha256(R"({"record":"plan","sha256":"ab"})");
  EXPECT_EQ(again.head(), sha256(first + R"({"record":"run"})"));
  const auto lines = read_ledger(path);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("chain"), first);
}

TEST_F(Files, AChangedDroppedInsertedOrSwappedLineBreaksTheChain) {
  const fs::path path = place.folder() / "ledger.jsonl";
  {
    Ledger ledger(path);
    for (int i = 0; i < 4; ++i) ledger.write({{"record", "launch"}, {"id", i}});
  }
  const auto good = lines_of(path);
  const auto breaks = [&](const std::vector<std::string>& lines, const char* at) {
    write_lines(path, lines);
    try {
      read_ledger(path);
    } catch (const Error& error) {
      return error.code() == Exit::invalid && std::string(error.what()).find(at) != std::string::npos;
    }
    return false;
  };
  auto changed = good, swapped = good, inserted = good;
  changed[1].replace(changed[1].find("\"id\":1"), 6, "\"id\":7");
  EXPECT_TRUE(breaks(changed, "line 2"));
  std::swap(swapped[1], swapped[2]);
  EXPECT_TRUE(breaks(swapped, "line 2"));
  EXPECT_TRUE(breaks({good[0], good[2], good[3]}, "line 2"));
  inserted.insert(inserted.begin() + 1, good[1]);
  EXPECT_TRUE(breaks(inserted, "line 3"));
  write_lines(path, good);
  EXPECT_EQ(read_ledger(path).size(), 4u);
}

TEST_F(Files, ATornLastLineIsLeftOutOnlyWhereAllowed) {
  const fs::path path = place.folder() / "rank0.jsonl";
  write_file(path, "{\"a\":1}\n{\"a\":2}\n{\"a\":");
  std::size_t seen = 0;
  read_lines(
      path, [&](Json&&) { ++seen; }, true);
  EXPECT_EQ(seen, 2u);
  EXPECT_THROW(read_lines(path, [](Json&&) {}), Error);
  write_file(path, "{\"a\":1}\n{\"a\"\n{\"a\":3}\n");
  EXPECT_THROW(read_lines(
                   path, [](Json&&) {}, true),
               Error);
}

TEST_F(Files, TheManifestNamesEveryFileAndItsRootIsItsDigest) {
  write_file(place.folder() / "b.txt", "two");
  fs::create_directory(place.folder() / "weights");
  write_file(place.folder() / "weights/a.bin", "one");
  const std::string root = write_manifest(place.folder());
  EXPECT_EQ(read_file(place.folder() / "manifest-sha256.txt"),
            sha256("two") + "  b.txt\n" + sha256("one") + "  weights/a.bin\n");
  EXPECT_EQ(root, sha256_file(place.folder() / "manifest-sha256.txt"));
  EXPECT_TRUE(check_manifest(place.folder()).empty());
}

TEST_F(Files, TheManifestFindsChangedMissingAndExtraFiles) {
  for (const char* name : {"a", "b", "c"}) write_file(place.folder() / name, name);
  write_manifest(place.folder());
  write_file(place.folder() / "a", "A");
  fs::remove(place.folder() / "b");
  write_file(place.folder() / "d", "");
  const auto problems = check_manifest(place.folder());
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].substr(0, 10), "a: changed");
  EXPECT_EQ(problems[1].substr(0, 10), "b: missing");
  EXPECT_EQ(problems[2].substr(0, 5), "d: no");
}

TEST_F(Files, AFlippedBitOfTheManifestItselfIsFound) {
  write_file(place.folder() / "a", "1");
  write_file(place.folder() / "b", "2");
  write_manifest(place.folder());
  const fs::path path = place.folder() / "manifest-sha256.txt";
  const std::string good = read_file(path);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file(path, bad);
    EXPECT_FALSE(check_manifest(place.folder()).empty()) << "byte " << at;
  }
  write_file(path, good + "\n");
  EXPECT_FALSE(check_manifest(place.folder()).empty());
}

TEST_F(Files, AnUnsealedDirectoryIsRefused) {
  try {
    check_manifest(place.folder());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos);
  }
}

TEST_F(Files, UnreadableAndUnwritableFilesAreNamed) {
  const auto message = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message([] { read_file("/nowhere/x.toml"); }).find("/nowhere/x.toml: it does not exist"),
            std::string::npos);
  EXPECT_NE(message([] { read_file("/"); }).find("not a readable file"), std::string::npos);
  EXPECT_NE(message([] { write_file("/nowhere/x", ""); }).find("cannot write /nowhere/x"), std::string::npos);
  EXPECT_NE(message([] { LineWriter("/nowhere/x"); }).find("cannot write /nowhere/x"), std::string::npos);
  EXPECT_NE(message([] { write_file("/dev/full", "x"); }).find("No space left"), std::string::npos);
  EXPECT_NE(message([] { LineWriter("/dev/full").write({{"a", 1}}); }).find("No space left"), std::string::npos);
  write_file(place.folder() / "bad.json", "{\"a\": }");
  EXPECT_NE(message([&] { read_json(place.folder() / "bad.json"); }).find("bad.json is not valid JSON"),
            std::string::npos);
}

TEST(Json, WhatNestsTooDeepIsRefusedBeforeItIsParsed) {
  EXPECT_EQ(json_nesting(R"({"a": [1, {"b": "[[[{{\"[["}], "c": []})"), 3u);
  EXPECT_EQ(json_nesting("]]]["), 1u);
  const auto deep = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_EQ(parse_json(deep(kDeepestJson), "a.json").dump(), deep(kDeepestJson));
  for (const std::string& text : {deep(kDeepestJson + 1), std::string(1000000, '[')}) {
    try {
      parse_json(text, "a.json");
      ADD_FAILURE() << "was parsed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::invalid);
      EXPECT_EQ(std::string(error.what()), "a.json nests more than 200 deep: not a document of Tandem");
    }
  }
}

}  // namespace
}  // namespace tandem
