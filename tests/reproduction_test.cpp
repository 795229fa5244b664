// A published figure beside a measured one: never a ratio without what may differ, none of what is INVALID.
#include "harness/decide/reproduction.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

const std::string sealed_root(64, 'b');

// The golden document with one kernel of the given name.
Json document_with(const std::string& name, const Json& settings, double value, const std::string& unit,
                   const std::string& figure = "rate") {
  Json document = Json::parse(std::ifstream(GOLDEN_RESULT));
  Json kernel = document["kernels"][0];
  std::string path = name, fom = "kernel." + name;
  std::replace(fom.begin(), fom.end(), '/', '.');
  for (const auto& [key, setting] : settings.items()) {
    path += "/" + key + "=" + setting.get<std::string>();
    fom += "." + key + "=" + setting.get<std::string>();
  }
  kernel.update({{"case", path + "/device=cpu"},
                 {"name", name},
                 {"settings", settings},
                 {"value", value},
                 {"unit", unit},
                 {"figure", figure}});
  document["kernels"] = {kernel};
  document["foms"] = {{{"name", fom + ".device=cpu." + figure},
                       {"value", value},
                       {"unit", unit},
                       {"ci95", nullptr},
                       {"launches", 1},
                       {"samples", 9},
                       {"status", "UNOFFICIAL"},
                       {"reason", nullptr}}};
  return document;
}

Json reproduced(const std::string& id, const Json& document) {
  const Published& published = Published::shipped();
  const PublishedFigure& figure = published.find(id);
  return reproduction_of(figure, published.metric_of(figure), document, sealed_root, {{"version", "0.1.0"}});
}

bool differs_by(const Json& record, const std::string& text) {
  const Json& all = record.at("measured").at(0).at("differs");
  return std::any_of(all.begin(), all.end(),
                     [&](const Json& one) { return one.get<std::string>().find(text) != std::string::npos; });
}

const Json lu = document_with("dense/lu", {{"n", "4096"}}, 1.2e11, "flop/s");

TEST(Reproduction, RatioAndPerCoreFollowFromBothFigures) {
  const Json record = reproduced("frontier-hpl-2024-11", lu);
  const Json& one = record.at("measured").at(0);
  EXPECT_NEAR(one.at("ratio").at("value").get<double>(), 1.2e11 / 1.353e18, 1e-20);
  EXPECT_DOUBLE_EQ(one.at("per_core").at("measured").get<double>(), 0.6e11);  // 1 rank x 2 threads
  EXPECT_DOUBLE_EQ(one.at("per_core").at("published").get<double>(), 1.353e18 / 9066176);
  EXPECT_TRUE(reproduced("frontier-hpl-2022-11", lu).at("measured").at(0).at("per_core").at("published").is_null());
}

TEST(Reproduction, TellsWhatMayDiffer) {
  const Json hpl = reproduced("jupiter-booster-hpl-2025-06", lu);
  for (const char* text : {"partial system", "scale: published on a number of nodes that this table does not know",
                           "n = 4096 here, memory:0.8 would be comparable", "precision: fp64",
                           "published 2025-06, measured 2026-11: 17 months", "status: UNOFFICIAL here", "method: "})
    EXPECT_TRUE(differs_by(hpl, text)) << text << "\n" << hpl.at("measured").at(0).at("differs").dump(1);
  EXPECT_FALSE(differs_by(hpl, "rules: "));
  EXPECT_FALSE(differs_by(hpl, "evidence: "));
  EXPECT_TRUE(differs_by(reproduced("frontier-hpl-2024-11", lu), "units of accelerators"));
}

TEST(Reproduction, RulesThatChangedAndUnverifiedFiguresAreTold) {
  const Json mixed =
      document_with("dense/lu_mixed", {{"n", "512"}, {"precision", "auto"}, {"matrix", "test"}}, 2e11, "flop/s");
  const Json before = reproduced("frontier-hpl-mxp-2022-11", mixed);
  EXPECT_TRUE(differs_by(before, "rules: the rules changed in 2025"));
  EXPECT_TRUE(differs_by(before, "matrix = test here, scaled would be comparable"));
  const Json after = reproduced("el-capitan-hpl-mxp-2025-06", mixed);
  EXPECT_FALSE(differs_by(after, "rules: "));
  EXPECT_TRUE(differs_by(after, "UNVERIFIED"));
  EXPECT_EQ(after.at("published").at("verified"), false);
  EXPECT_NE(reproduction_text(after, 100, false).find("UNVERIFIED"), std::string::npos);
  EXPECT_TRUE(differs_by(reproduced("crusher-hpl-mxp-2023-03", mixed), "published with n=4014080, here n = 512"));
}

TEST(Reproduction, WhatIsOfTheSameKindOnlyHasNoRatio) {
  const Json record =
      reproduced("frontier-hpg-mxp-2025", document_with("sparse/hpg_mixed", {{"local", "32"}}, 1.3, "1", "speedup"));
  const Json& one = record.at("measured").at(0);
  EXPECT_TRUE(one.at("ratio").at("value").is_null());
  EXPECT_NE(one.at("ratio").at("reason").get<std::string>().find("GMRES"), std::string::npos);
  EXPECT_EQ(record.at("match"), "kin");
  const std::string text = reproduction_text(record, 100, false);
  EXPECT_NE(text.find("no ratio: not the same quantity"), std::string::npos) << text;
}

TEST(Reproduction, AnInvalidCaseHasNeitherFigureNorRatio) {
  Json document = lu;
  document["kernels"][0]["status"] = "INVALID";
  document["kernels"][0]["value"] = nullptr;
  document["foms"][0].update({{"value", nullptr}, {"status", "INVALID"}, {"reason", "residual 40 > 16"}});
  const Json record = reproduced("frontier-hpl-2024-11", document);
  const Json& one = record.at("measured").at(0);
  EXPECT_TRUE(one.at("value").is_null());
  EXPECT_TRUE(one.at("ratio").at("value").is_null());
  EXPECT_TRUE(one.at("per_core").is_null());
  const std::string text = reproduction_text(record, 100, false);
  EXPECT_NE(text.find("INVALID, no figure: residual 40 > 16"), std::string::npos) << text;
  EXPECT_EQ(text.find("of the published"), std::string::npos) << text;
}

TEST(Reproduction, EveryTextHasItsDifferencesAndFitsTheTerminal) {
  const std::string text = reproduction_text(reproduced("frontier-hpl-2024-11", lu), 100, false);
  EXPECT_NE(text.find("what may differ\n  - "), std::string::npos);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Reproduction, RefusesResultsWithoutTheCaseAndMetricsThatNothingMeasures) {
  EXPECT_THROW(reproduced("fugaku-hpcg-2023-11", lu), Error);
  EXPECT_THROW(reproduced("dell-a100-mlperf-hpc-deepcam-2022", lu), Error);
}

TEST(Reproduction, ALatencyIsComparedAsATime) {
  const Json record =
      reproduced("piz-daint-gpu-osu-allreduce-6-2020",
                 document_with("network/allreduce", {{"bytes", "8"}, {"precision", "fp32"}, {"algorithm", "library"}},
                               0.6e-6, "s", "time"));
  EXPECT_NEAR(record.at("measured").at(0).at("ratio").at("value").get<double>(), 0.6 / 7.81, 1e-12);
  EXPECT_TRUE(record.at("measured").at(0).at("per_core").is_null());
  EXPECT_NE(reproduction_text(record, 100, false).find("of the published time"), std::string::npos);
  const Json other = document_with(
      "network/allreduce", {{"bytes", "64k"}, {"precision", "fp32"}, {"algorithm", "library"}}, 2e-5, "s", "time");
  EXPECT_THROW(reproduced("piz-daint-gpu-osu-allreduce-6-2020", other), Error) << "another size is another quantity";
}

}  // namespace
}  // namespace tandem
