// The directory of nights: what is written is read back, nothing is overwritten, what is damaged is named.
#include "harness/decide/history.hpp"

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/decide/night.hpp"
#include "harness/result/aa_threshold.hpp"
#include "harness/result/files.hpp"
#include "tests/cli/workplace.hpp"
#include "tests/made_history.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class HistoryFolder : public ::testing::Test {
 protected:
  fs::path add(std::size_t i) { return add_night(folder, made_night(i, 0.25)); }
  // The error of reading the history; its code must be `code`.
  std::string refusal(Exit code) {
    try {
      read_history(folder);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    ADD_FAILURE() << "was read";
    return "";
  }
  Workplace place;
  fs::path folder = place.folder() / "history";
};

TEST_F(HistoryFolder, NightsComeBackAsTheyWere) {
  Night night = made_night(3, 0.25);
  night.figures.push_back(made_figure("broken", 0, "INVALID"));
  const fs::path file = add_night(folder, night);
  EXPECT_EQ(file.filename().string(), "2026-01-04T031500Z-" + night.root.substr(0, 12) + ".json");
  add(1);
  const History history = read_history(folder);
  ASSERT_EQ(history.newest.size(), 2u);
  EXPECT_EQ(history.newest[0].started, "2026-01-02T03:15:00Z") << "in order of time, not of adding";
  EXPECT_EQ(to_json(history.newest[1]), to_json(night));
  EXPECT_EQ(history.newest[1].figures[0].ln_median, 0.25);
  EXPECT_FALSE(history.newest[1].figures[1].ln_median.has_value());
  EXPECT_EQ(history.newest[1].figures[0].counts.at("bytes"), 100);
  EXPECT_EQ(history.newest[1].name, file.stem().string());
}

TEST_F(HistoryFolder, TheSameResultTwiceIsRefused) {
  const fs::path file = add(3);
  const std::string before = read_file(file);
  EXPECT_THROW(add(3), Error);
  Night again = made_night(3, 0.5);  // the same root under another time
  again.started = "2027-01-01T00:00:00Z";
  try {
    add_night(folder, again);
    ADD_FAILURE() << "was added";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find("has this result already, as 2026-01-04T031500Z"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(read_file(file), before);
  EXPECT_EQ(read_history(folder).nights, 1u);
}

TEST_F(HistoryFolder, OnlyTheNewestAreRead) {
  for (std::size_t i = 0; i < 5; ++i) add(i);
  write_file(folder / (made_night(0, 0).name + ".json"), "damaged");
  EXPECT_EQ(read_history(folder, 4).newest.size(), 4u);
  EXPECT_EQ(read_history(folder, 4).nights, 5u);
  EXPECT_NE(refusal(Exit::invalid).find(made_night(0, 0).name), std::string::npos);
}

TEST_F(HistoryFolder, DamageIsNamed) {
  const fs::path file = add(1);
  const std::string whole = read_file(file);
  write_file(file, whole.substr(0, whole.size() / 2));
  EXPECT_NE(refusal(Exit::invalid).find(file.string() + " is damaged"), std::string::npos);
  std::string changed = whole;
  changed[changed.find("0.25")] = '9';
  write_file(file, changed);
  EXPECT_NE(refusal(Exit::invalid).find("its seal does not hold"), std::string::npos);
  write_file(file, "[]");
  EXPECT_NE(refusal(Exit::invalid).find("no tandem-night/1"), std::string::npos);
  write_file(file, whole);
  fs::rename(file, folder / "2026-05-05T031500Z-0123456789ab.json");
  EXPECT_NE(refusal(Exit::invalid).find("it is the night of another name"), std::string::npos);
  fs::remove(folder / "2026-05-05T031500Z-0123456789ab.json");
  write_file(folder / "copy of a night.json", whole);
  EXPECT_NE(refusal(Exit::invalid).find("its name is not that of a night"), std::string::npos);
  fs::remove(folder / "copy of a night.json");
  write_file(folder / "README.md", "not a night");
  EXPECT_EQ(read_history(folder).nights, 0u);
}

// A figure that no program of ours writes, under a seal that holds.
TEST_F(HistoryFolder, FiguresThatMakeNoSenseAreDamage) {
  Night night = made_night(1, 0.25);
  night.figures[0].ln_median = 1e6;
  add_night(folder, night);
  EXPECT_NE(refusal(Exit::invalid).find("has a cost that is none"), std::string::npos);
}

TEST_F(HistoryFolder, NoDirectoryNoHistory) {
  EXPECT_NE(refusal(Exit::usage).find("begin a history with --add"), std::string::npos);
}

TEST_F(HistoryFolder, WhatWasAcceptedStandsBesideTheNights) {
  add(1);
  const Accepted accepted{made_night(1, 0).name, "new compiler", {{"kernel.k.rate", made_night(1, 0).name}}};
  const fs::path file = add_accepted(folder, accepted);
  EXPECT_TRUE(file.filename().string().ends_with(".accepted-1.json")) << file;
  EXPECT_TRUE(add_accepted(folder, accepted).filename().string().ends_with(".accepted-2.json"));
  const History history = read_history(folder);
  ASSERT_EQ(history.accepted.size(), 2u);
  EXPECT_EQ(history.accepted[0].since, accepted.since);
  EXPECT_EQ(history.accepted[0].reason, "new compiler");
  write_file(file, "{}");
  EXPECT_NE(refusal(Exit::invalid).find(file.string()), std::string::npos);
}

TEST(NightOf, TakesFiguresCountsAndTheMachine) {
  const Json document = read_json(GOLDEN_RESULT);
  Json machine = document.at("machine");
  machine["host"] = "h";
  const Night night = night_of(document, machine, std::string(64, 'a'));
  EXPECT_EQ(night.name, "2026-11-21T061244Z-aaaaaaaaaaaa");
  EXPECT_EQ(night.fingerprint, machine_fingerprint(machine));
  EXPECT_EQ(night.machine.at("cpu"), machine.at("cpu"));
  EXPECT_FALSE(night.machine.contains("memory_available_bytes"));
  ASSERT_FALSE(night.figures.empty());
  const NightFigure& gemm = night.figures[0];
  EXPECT_EQ(gemm.fom, "kernel.dense.gemm.n=1024.precision=fp64.device=cpu.rate");
  EXPECT_EQ(gemm.unit, "s");
  EXPECT_NEAR(*gemm.ln_median, std::log(0.0105), 0.01);
  EXPECT_EQ(gemm.counts.at("flops"), 2147483648.0);
  EXPECT_NE(gemm.identity.find("threads=2"), std::string::npos) << gemm.identity;
  EXPECT_EQ(gemm.identity.find("work"), std::string::npos) << gemm.identity;
  int skipped = 0, pipelines = 0, queries = 0;
  for (const NightFigure& figure : night.figures) {
    if (figure.status == "SKIPPED") {
      ++skipped;
      EXPECT_FALSE(figure.ln_median.has_value());
      EXPECT_NE(figure.reason, "");
    }
    pipelines += figure.kind == "pipeline" ? 1 : 0;
    queries += figure.counts.contains("queries") ? 1 : 0;
    if (figure.fom.find(".separated.ttis") != std::string::npos) {
      EXPECT_TRUE(figure.counts.contains("bytes.file_write")) << figure.fom;
    }
    EXPECT_EQ(figure.unit, "s") << "the sample is unmetered";
  }
  EXPECT_GT(skipped, 0);
  EXPECT_EQ(pipelines, 3);
  EXPECT_EQ(queries, 1) << "of the pipeline, told once";
}

}  // namespace
}  // namespace tandem
