// Rows with their verdicts, refusals, the headline, scores, and what the texts say of them.
#include "harness/decide/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/decide/comparison_page.hpp"
#include "harness/decide/comparison_text.hpp"
#include "harness/decide/headline.hpp"
#include "harness/decide/side_by_side.hpp"
#include "tests/browser.hpp"
#include "tests/made_comparison.hpp"

namespace tandem {
namespace {

TEST(Headline, GlobsOfThePlanOrItsFirstTwenty) {
  Json plan = plan_for(golden_document());
  const auto all = headline_of(plan);
  EXPECT_EQ(all.front(), "pipeline.heat.size=S.device=cpu.simulation_only.ttis");
  EXPECT_EQ(all.size(), std::min<std::size_t>(20, promised_figures(plan).size()));
  plan["headline"] = {"kernel.dense.gemm.*", "*separated.ttis"};
  EXPECT_EQ(headline_of(plan).size(), 4);
  EXPECT_NO_THROW(check_headline(plan));
  plan["headline"] = {"kernel.dense.gem.*", "*separated.ttis"};
  EXPECT_THROW(check_headline(plan), Error);
  EXPECT_EQ(headline_of(plan).size(), 1) << "of a filtered plan";
  Json& cases = plan["cases"];
  const Json one = cases[0];
  for (int n = 0; n < 30; ++n) {
    cases.push_back(one);
    cases.back()["settings"]["n"] = std::to_string(n);
  }
  plan["headline"] = {"kernel.dense.*"};
  EXPECT_THROW(headline_of(plan), Error);
  EXPECT_THROW(check_headline(plan), Error);
  plan.erase("headline");
  EXPECT_EQ(headline_of(plan).size(), 20);
}

// What the golden plan decides on, and nothing else: a family of two.
Json of_two(Compared a, const Compared& b) {
  a.plan["headline"] = {kGemm, kSeparated};
  return comparison_of({a, b});
}

TEST(Comparison, ASlowedCopyIsSlowerInTheHeadlineOnly) {
  const Json pair = of_two(made("A"), made("B", 1.2)).at("comparisons")[0];
  EXPECT_EQ(pair.at("counts").at("SLOWER"), 2);
  EXPECT_EQ(pair.at("family"), 2);
  const Json* gemm = row_named(pair.at("headline"), kGemm);
  ASSERT_NE(gemm, nullptr);
  EXPECT_NEAR(gemm->at("ratio").get<double>(), 1 / 1.2, 1e-12);
  EXPECT_NEAR(gemm->at("p_holm").get<double>(), 2 * gemm->at("p").get<double>(), 1e-15) << "Holm over two";
  const Json* other = row_named(pair.at("exploratory"), kInMemory);
  ASSERT_NE(other, nullptr);
  EXPECT_TRUE(other->at("verdict").is_null());
  EXPECT_TRUE(other->at("p_holm").is_null());
  EXPECT_NEAR(other->at("ratio").get<double>(), 1 / 1.2, 1e-12);
  EXPECT_EQ(of_two(made("A"), made("B")).at("comparisons")[0].at("counts").at("EQUIVALENT"), 2);
  EXPECT_EQ(of_two(made("A", 1.2), made("B")).at("comparisons")[0].at("counts").at("FASTER"), 2);
}

// A's canaries took `fma` times as long as B's.
Json on_one_machine(double fma, const std::string& compiler = "GNU 12.2.0") {
  Compared a = made("A"), b = made("B", 0.93);
  const auto canary = [](const char* check, double seconds) {
    return Json{{"check", check},    {"value", 1}, {"limit", 3},
                {"unstable", false}, {"text", ""}, {"seconds", {seconds}}};
  };
  for (Compared* one : {&a, &b})
    for (Json& kernel : one->document["kernels"])
      kernel["noise"] = {canary("canary fma", one == &a ? fma * 1e-3 : 1e-3), canary("canary triad", 2e-3)};
  b.document["tandem"]["compiler"] = compiler;
  return of_two(a, b);
}

TEST(Comparison, WhatTheMachineGainedItselfIsNoVerdictOnTheProgram) {
  const auto gemm = [](const Json& comparison) {
    return *row_named(comparison.at("comparisons")[0].at("headline"), kGemm);
  };
  const Json even = on_one_machine(1), moved = on_one_machine(1.06), other = on_one_machine(1.06, "Clang 14");
  EXPECT_EQ(gemm(even).at("verdict"), "FASTER");
  EXPECT_EQ(gemm(even).at("machine_shift"), Json({0.0, 0.0}));
  EXPECT_EQ(gemm(moved).at("verdict"), "INCONCLUSIVE") << "6 % of 7 % are the machine's";
  EXPECT_NEAR(gemm(moved).at("machine_shift")[1].get<double>(), std::log(1.06), 1e-12);
  EXPECT_EQ(gemm(other).at("verdict"), "FASTER") << "loops of two compilers tell nothing of one another";
  EXPECT_TRUE(gemm(other).at("machine_shift").is_null());
  const auto line = [](const Json& comparison) { return delta_line(comparison, comparison.at("comparisons")[0]); };
  EXPECT_NE(line(moved).find("was up to 6.0 % faster in B"), std::string::npos) << line(moved);
  EXPECT_EQ(line(even).find("canaries"), std::string::npos);
  EXPECT_NE(comparison_markdown(moved).find("by its canaries"), std::string::npos);
}

TEST(Comparison, TheThresholdIsTheLargerOfTheTwoMachines) {
  Compared a = made("A"), b = made("B", 1.2);
  b.aa = AaThreshold{0.25, 0.05};
  const Json pair = of_two(a, b).at("comparisons")[0];
  EXPECT_EQ(row_named(pair.at("headline"), kGemm)->at("verdict"), "EQUIVALENT") << "20 % is within 25 %";
  EXPECT_EQ(row_named(pair.at("headline"), kSeparated)->at("verdict"), "SLOWER");
}

TEST(Comparison, FewLaunchesDecideNothing) {
  const Json comparison = of_two(made("A"), made("B", 1.2, 5));
  const Json& pair = comparison.at("comparisons")[0];
  EXPECT_EQ(pair.at("counts").at("INCONCLUSIVE"), 2);
  EXPECT_EQ(verdict_text(*row_named(pair.at("headline"), kGemm)), "INCONCLUSIVE (5 launches)");
  EXPECT_EQ(outcomes_of(comparison).decided, 0);
  EXPECT_GT(outcomes_of(comparison).compared, 2);
  EXPECT_EQ(outcomes_of(of_two(made("A"), made("B"))).decided, 2);
}

TEST(Comparison, AScaledTimeHasNoVerdict) {
  Compared a = made("A"), b = made("B", 1.2);
  const std::string scaled = "pipeline.heat.size=S.device=cpu.simulation_only.ttis";
  a.plan["headline"] = {scaled};
  const Json comparison = comparison_of({a, b});
  const Json& pair = comparison.at("comparisons")[0];
  EXPECT_EQ(row_named(pair.at("headline"), scaled), nullptr);
  EXPECT_NE(row_named(pair.at("exploratory"), scaled)->at("note").get<std::string>().find("2 of 59"),
            std::string::npos);
}

std::string refusal(const Compared& a, const Compared& b, const std::string& name) {
  const Json comparison = comparison_of({a, b});
  const Json* row = row_named(comparison.at("comparisons")[0].at("refused"), name);
  return row == nullptr ? "" : row->at("reason").get<std::string>();
}

TEST(Comparison, RefusesWhatIsNotTheSame) {
  const Compared a = made("A");
  EXPECT_EQ(refusal(a, made("B"), kGemm), "");
  Compared b = made("B");
  b.document["kernels"][0]["facts"]["flops"] = 1e9;
  EXPECT_EQ(refusal(a, b, kGemm), "not the same: work: 2.14748365e+09 flops | 1e+09 flops");
  b = made("B");
  b.document["pipelines"][0]["problem"]["version"] = "heat-S-9";
  EXPECT_NE(refusal(a, b, kSeparated).find("problem: heat-S-1 | heat-S-9"), std::string::npos);
  b = made("B");
  b.document["pipelines"][0]["arms"][0]["scaled"]["answered"] = 3;
  EXPECT_NE(refusal(a, b, "pipeline.heat.size=S.device=cpu.simulation_only.ttis").find("answers: 2 of 59 | 3 of 59"),
            std::string::npos);
}

TEST(Comparison, WhatHasNoPartnerNamesTheNearest) {
  Compared b = made("B");
  b.document["kernels"][0]["settings"]["precision"] = "fp32";
  EXPECT_EQ(refusal(made("A"), b, kGemm), "only in A; not the same: precision: fp64 | fp32");
  EXPECT_EQ(refusal(made("A"), b, "kernel.dense.gemm.n=1024.precision=fp32.device=cpu.rate").substr(0, 9), "only in B");
  b = made("B");
  b.document["pipelines"][0]["arms"][1]["cache"] = "cold";
  EXPECT_NE(refusal(made("A"), b, kSeparated).find("cache state: warm | cold"), std::string::npos);
  b = made("B");
  b.document["pipelines"][0]["arms"][2]["coupling"] = "streamed";
  EXPECT_NE(refusal(made("A"), b, kInMemory).find("channel: in_memory | streamed"), std::string::npos);
}

TEST(Comparison, InvalidAndSkippedAreNotCompared) {
  Compared b = made("B");
  b.document["kernels"][0]["status"] = "INVALID";
  for (Json& fom : b.document["foms"])
    if (fom["name"] == kGemm) {
      fom["value"] = nullptr;
      fom["reason"] = "freivalds: 1 is above 0";
    }
  EXPECT_EQ(refusal(made("A"), b, kGemm), "B: INVALID: freivalds: 1 is above 0");
  EXPECT_TRUE(refusal(made("A"), made("B"), "kernel.dense.mixed_gemm.n=4096.precision=int8.device=cpu.rate")
                  .starts_with("both: skipped: oneDNN"));
}

// As if metered, at a scope.
Compared metered(Compared result, const std::string& scope, double joules) {
  for (Json& arm : result.document["pipelines"][0]["arms"]) {
    arm["energy_scope"] = scope;
    arm["launch_joules"] = Json(arm["launch_seconds"].size(), joules);
  }
  for (Json& fom : result.document["foms"])
    if (fom["unit"] == "J") fom["value"] = joules;
  return result;
}

TEST(Comparison, EnergiesOfOneScopeOnlyAndNeverModelledOnes) {
  const std::string name = "pipeline.heat.size=S.device=cpu.separated.energy_to_solution";
  EXPECT_TRUE(refusal(made("A"), made("B"), name).starts_with("both: unmetered"));
  const Compared a = metered(made("A"), "package", 100);
  EXPECT_EQ(refusal(a, metered(made("B"), "package", 90), name), "");
  EXPECT_EQ(refusal(a, metered(made("B"), "node", 90), name), "not the same: energy scope: package | node");
  EXPECT_TRUE(refusal(a, made("B"), name).starts_with("B: unmetered"));
  Compared modelled = made("B");
  modelled.document["pipelines"][0]["arms"][1]["energy_modelled"] = {{"joules", 90}};
  EXPECT_EQ(refusal(a, modelled, "pipeline.heat.size=S.device=cpu.separated.energy_modelled"),
            "modelled, not measured: never compared");
}

TEST(Score, IsTheGeometricMeanAndNeedsEveryPart) {
  const auto score = [](const Compared& a, const Compared& b, const char* what) {
    return comparison_of({a, b}).at("scores").at("of")[1].at(what);
  };
  Json time = score(made("A"), made("B", 0.8), "time");
  EXPECT_NEAR(time.at("value").get<double>(), 1.25, 1e-12);
  ASSERT_EQ(time.at("components").size(), 1);
  EXPECT_EQ(time.at("components")[0].at("name"), kInMemory);
  EXPECT_TRUE(score(made("A"), made("B"), "energy").at("value").is_null());
  EXPECT_NEAR(score(metered(made("A"), "node", 100), metered(made("B"), "node", 50), "energy").at("value"), 2, 1e-12);

  // Two pipelines, 2 and 0.5 times as fast: 1. Without the second there is no score.
  const auto with_two = [](Compared result, double first, double second) {
    Json& pipelines = result.document["pipelines"];
    pipelines.push_back(pipelines[0]);
    pipelines[1]["settings"]["size"] = "M";
    Json more = Json::array();
    for (Json& fom : result.document["foms"]) {
      const std::string name = fom["name"];
      if (name == kInMemory) fom["value"] = first;
      Json other = fom;
      if (const auto at = name.find("size=S"); at != std::string::npos) {
        other["name"] = std::string(name).replace(at, 6, "size=M");
        if (name == kInMemory) other["value"] = second;
        more.push_back(other);
      }
    }
    for (const Json& fom : more) result.document["foms"].push_back(fom);
    return result;
  };
  const Compared base = with_two(made("A"), 10, 10);
  EXPECT_NEAR(score(base, with_two(made("B"), 5, 20), "time").at("value").get<double>(), 1, 1e-12);
  EXPECT_NEAR(score(base, with_two(made("B"), 5, 5), "time").at("value").get<double>(), 2, 1e-12);
  time = score(base, made("B"), "time");
  EXPECT_TRUE(time.at("value").is_null());
  EXPECT_NE(time.at("reason").get<std::string>().find("only in the reference"), std::string::npos) << time.at("reason");
}

TEST(SideBySide, OnlyWhatDiffersIsMarked) {
  Compared a = made("A"), b = made("B");
  b.document["machine"]["environment"]["OPENBLAS_CORETYPE"] = "SkylakeX";
  b.document["machine"]["isa"].push_back("amx_tile");
  b.plan["cases"][0]["threads"] = 7;
  const Json rows = settings_side_by_side({{&a.document, &a.plan}, {&b.document, &b.plan}});
  std::vector<std::string> differing;
  for (const Json& row : rows)
    if (row.at("differs").get<bool>()) differing.push_back(row.at("name"));
  EXPECT_EQ(differing, (std::vector<std::string>{"instruction sets that not all have", "OPENBLAS_CORETYPE",
                                                 "threads of dense/gemm/n=1024/precision=fp64/device=cpu"}));
  EXPECT_EQ(row_named(rows, "instruction sets that not all have")->at("values"), Json::array({"-", "amx_tile"}));
  EXPECT_EQ(limits_side_by_side({{&a.document, &a.plan}, {&b.document, &b.plan}}).size(), a.document["limits"].size());
}

TEST(ComparisonText, VerdictsComeFirstAndLinesFit) {
  const Json comparison = of_two(made("A"), made("B", 1.2));
  std::istringstream lines(comparison_text(comparison, false));
  std::size_t verdicts = 0, table = 0, count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(line.size(), 100) << line;
    if (line.starts_with("B against A: 0 FASTER, 2 SLOWER")) verdicts = count;
    if (line.starts_with("headline figure")) table = count;
  }
  EXPECT_GT(verdicts, 0);
  EXPECT_GT(table, verdicts);
  const std::string text = comparison_text(comparison, false);
  EXPECT_NE(text.find("[0.831, 0.836]"), std::string::npos) << text;
  EXPECT_NE(text.find("both: skipped: oneDNN"), std::string::npos);
  const std::string markdown = comparison_markdown(comparison);
  EXPECT_NE(markdown.find("**0 FASTER, 2 SLOWER"), std::string::npos);
  EXPECT_NE(markdown.find("| 0.833 |"), std::string::npos);
  const std::string contract = comparison_contract(comparison);
  EXPECT_NE(contract.find("TANDEM-COMPARE v1 " + kGemm + " of=B against=A ratio=8.333333333e-01 ci95=["),
            std::string::npos)
      << contract;
  EXPECT_NE(contract.find("n=10+10 verdict=SLOWER\n"), std::string::npos);
  EXPECT_NE(contract.find("TANDEM-FOM v1 score.time.of=B = 8.333333333e-01 1 ci95=null"), std::string::npos);
}

TEST(ComparisonPage, ABrowserDrawsItWithoutErrors) {
  Compared a = made("A"), b = made("B", 1.2);
  a.plan["headline"] = {kGemm, kSeparated};
  b.document["machine"]["cpu"] = "Another <b>CPU</b>";
  const UsedPage used = used_page(comparison_page(comparison_of({a, b, made("C", 0.7, 3)}), {"../a/", "b #1/", "c/"}));
  const std::string& page = used.main;
  if (page.empty()) GTEST_SKIP() << "no chromium here";
  EXPECT_GE(used.notes.at("heads"), 10);
  EXPECT_GE(used.notes.at("charts"), 2);
  const auto records = used.notes.at("records").get<std::set<std::string>>();
  for (const char* file : {"../a/samples.jsonl", "b%20%231/ledger.jsonl", "c/report.html"})
    EXPECT_TRUE(records.contains(file)) << used.notes.at("records");
  for (const char* text :
       {"<b>B against A: 2 SLOWER</b>", "<b>C against A: 2 INCONCLUSIVE</b>", "<b>0.833</b>", "<h3>Roofline</h3>",
        "<h3>Where they differ</h3>", "Another &lt;b&gt;CPU", "INCONCLUSIVE</span> (3 launches)",
        "<h3>Not compared</h3>", "The launches behind each ratio", "<h3>Where the time of each arm went</h3>",
        "<h3>Key figures of the pipelines</h3>", "<canvas"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  for (const char* text : {"[object ", ">undefined<", ">NaN"}) EXPECT_EQ(page.find(text), std::string::npos) << text;
}

TEST(Comparison, EachOfSeveralAgainstTheFirst) {
  const Json comparison = comparison_of({made("A"), made("B", 1.2), made("C", 0.8)});
  ASSERT_EQ(comparison.at("comparisons").size(), 2);
  EXPECT_EQ(comparison.at("comparisons")[1].at("b"), "C");
  EXPECT_GT(comparison.at("comparisons")[0].at("counts").at("SLOWER"), 2);
  EXPECT_EQ(comparison.at("comparisons")[0].at("counts").at("SLOWER"),
            comparison.at("comparisons")[1].at("counts").at("FASTER"));
}

}  // namespace
}  // namespace tandem
