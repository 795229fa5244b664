// Terminal summary, contract lines and page of the golden document, and of documents changed from it.
#include "harness/result/report.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "harness/result/summary.hpp"
#include "tests/browser.hpp"

namespace tandem {
namespace {

Json golden() { return Json::parse(std::ifstream(GOLDEN_RESULT)); }

std::string line_with(const std::string& text, const std::string& word) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.find(word) != std::string::npos) return line;
  return {};
}

Json with_invalid_kernel() {
  Json document = golden();
  Json& kernel = document["kernels"][1];
  kernel["status"] = "INVALID";
  kernel["value"] = nullptr;
  kernel["verdicts"][1]["value"] = 130.0;
  kernel["verdicts"][1]["pass"] = false;
  return document;
}

TEST(Summary, FitsOneScreen) {
  for (const int width : {80, 100, 140}) {
    std::istringstream lines(summary(golden(), false, width));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), width) << line;
    EXPECT_LE(count, width < 100 ? 64 : 50);
  }
}

TEST(Summary, ShowsFiguresArmsAndStatus) {
  const std::string text = summary(golden(), false, 110);
  const std::string gemm = line_with(text, "dense/gemm n=4096 fp64");
  EXPECT_NE(gemm.find("216 GFLOP/s"), std::string::npos) << gemm;
  EXPECT_NE(gemm.find("83 % fp64"), std::string::npos) << gemm;
  EXPECT_NE(line_with(text, "n=4096 int8").find("skipped: oneDNN"), std::string::npos);
  EXPECT_NE(line_with(text, "pipeline heat").find("integrated (in_memory)"), std::string::npos);
  EXPECT_TRUE(std::regex_search(line_with(text, "time to validated"), std::regex("227 s +20\\.1 s +18\\.2 s")));
  EXPECT_NE(line_with(text, "energy to solution").find("unmetered"), std::string::npos);
  EXPECT_NE(text.find("3-10x: inconclusive"), std::string::npos);
  EXPECT_NE(text.find("status UNSTABLE: "), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(summary(golden(), true, 110).find("\x1b[33mUNSTABLE\x1b[0m"), std::string::npos);
}

TEST(Summary, LongTitlesKeepWhatTellsThemApart) {
  Json document = golden();
  Json kernel = document["kernels"][1];
  kernel["name"] = "learning/train_step";
  document["kernels"] = Json::array();
  for (const char* precision : {"fp32", "bf16"}) {
    kernel["settings"] = {
        {"layers", "8-256-256-256-1024"}, {"batch", "256"}, {"precision", precision}, {"order", "auto"}};
    document["kernels"].push_back(kernel);
  }
  const std::string text = summary(document, false, 100);
  EXPECT_TRUE(std::regex_search(text, std::regex("\nlearning/train_step fp32  ")));
  EXPECT_TRUE(std::regex_search(text, std::regex("\nlearning/train_step bf16  ")));
  document["kernels"].erase(1);  // alone it has nothing to be told from
  EXPECT_NE(summary(document, false, 100).find("\nlearning/train_step 8-256"), std::string::npos);
}

TEST(Summary, ManyArmsStandInSeveralTables) {
  Json document = golden();
  Json& arms = document["pipelines"][0]["arms"];
  for (const char* split : {"1+1", "2+1", "1x1+1x3"}) {
    Json arm = arms[2];
    arm["coupling"] = "concurrent";
    arm["split"] = split;
    arms.push_back(arm);
  }
  const std::string text = summary(document, false, 100);
  EXPECT_TRUE(std::regex_search(text, std::regex("pipeline heat size=S +simulation_only +separated +integrated.*\n")));
  EXPECT_TRUE(std::regex_search(text, std::regex("\n +concurrent 1\\+1 +concurrent 2\\+1 +concurrent 1x1\\+1x3\n")))
      << text;
  const std::regex times("time to validated solution +[0-9.]+ s +[0-9.]+ s +[0-9.]+ s\n");
  EXPECT_EQ(std::distance(std::sregex_iterator(text.begin(), text.end(), times), std::sregex_iterator()), 2) << text;
}

TEST(Summary, AnInvalidKernelHasNoRate) {
  ASSERT_NE(line_with(summary(golden(), false, 110), "gemm n=4096 fp64").find("FLOP/s"), std::string::npos);
  Json document = with_invalid_kernel();
  document["kernels"][1]["value"] = 2.16e11;  // even if a value were left behind
  const std::string line = line_with(summary(document, false, 110), "gemm n=4096 fp64");
  EXPECT_NE(line.find("INVALID"), std::string::npos) << line;
  EXPECT_NE(line.find("130 > 1"), std::string::npos) << line;
  EXPECT_EQ(line.find("FLOP/s"), std::string::npos) << line;
  EXPECT_EQ(line.find(" % "), std::string::npos) << line;
}

TEST(Summary, AnArmThatFailedOrDidNotRunShowsNoTime) {
  Json document = golden();
  Json& arms = document["pipelines"][0]["arms"];
  arms[1]["status"] = "INVALID";
  for (const char* key : {"phases", "bytes", "holdout", "skill", "answers", "scaled", "cross_workflow_efficiency"})
    arms[2].erase(key);
  arms[2]["status"] = "FAILED";
  const std::string text = summary(document, false, 110);
  EXPECT_TRUE(std::regex_search(line_with(text, "time to validated"), std::regex("227 s +- +-$")));
  EXPECT_TRUE(std::regex_search(text, std::regex("status +- +INVALID +FAILED\n")));
}

// The golden document as a metered machine would give it.
Json metered() {
  Json document = golden();
  Json& pipeline = document["pipelines"][0];
  for (Json& arm : pipeline["arms"]) {
    arm["energy_to_solution"] = {{"value", 1640.0}, {"ci95", nullptr}, {"unit", "J"}, {"reason", nullptr}};
    arm["energy_scope"] = "package";
    arm["energy_level"] = "E2";
    arm["energy_scopes"] = {
        {{"scope", "package"}, {"level", "E2"}, {"joules", 1640.0}, {"error", 3.0}, {"reason", nullptr}},
        {{"scope", "dram"}, {"level", "E2"}, {"joules", nullptr}, {"error", nullptr}, {"reason", "did not advance"}}};
    arm["energy_modelled"] = {
        {"joules", 2022.0},
        {"reason", nullptr},
        {"note", "modelled, not measured"},
        {"model", {{"source", "sheet 7"}, {"idle", 60}, {"phase", 45.5}, {"transition", 20}, {"waiting", 0}}}};
    Json& answer = arm["energy_by_phase"].back();
    answer["joules"] = 321.0;
    answer["error"] = 2.0;
    answer["watts"] = 81.0;
    answer["reason"] = nullptr;
  }
  pipeline["kpis"]["energy_saving_split"] = {
      {"joules", 460.0},          {"from_time", 400.0}, {"from_power", 60.0}, {"watts_separated", 100.0},
      {"watts_integrated", 90.0}, {"pairs", 1},         {"reason", nullptr}};
  document["run"]["idle_power"] = {
      {{"when", "before"}, {"seconds", 1}, {"watts", 35.0}, {"error", 0.1}, {"scope", "package"}, {"reason", nullptr}},
      {{"when", "after"},
       {"seconds", 1},
       {"watts", nullptr},
       {"error", nullptr},
       {"scope", "package"},
       {"reason", "x"}}};
  document["run"]["sampler"] = {{"meters", 2}, {"period", 0.05}, {"cpu_share", 0.0012}};
  return document;
}

TEST(Summary, EnergyWithScopePhasesAndWhatItsSavingIsMadeOf) {
  const std::string text = summary(metered(), false, 110);
  EXPECT_TRUE(
      std::regex_search(text, std::regex("energy to solution \\(package, E2\\) +1\\.64 kJ +1\\.64 kJ +1\\.64 kJ\n")));
  EXPECT_TRUE(std::regex_search(text, std::regex("validate alone +321 J +321 J +321 J\n")));
  EXPECT_EQ(text.find("train alone"), std::string::npos) << "no arm has a figure for it";
  EXPECT_TRUE(std::regex_search(text, std::regex("energy \\(modelled, not measured\\) +2\\.02 kJ")));
  EXPECT_NE(text.find("integrated saves 460 J a solution: 400 J by less time, 60 J by less power (100 W to 90 W)"),
            std::string::npos);
  EXPECT_NE(text.find("idle power before 35 W, after - (x); reading the meters took 0.12 % of a core"),
            std::string::npos);
  Json document = metered();
  for (Json& arm : document["pipelines"][0]["arms"]) arm["status"] = "INVALID";
  const std::string invalid = summary(document, false, 110);
  EXPECT_EQ(invalid.find("321 J"), std::string::npos);
  EXPECT_EQ(invalid.find("2.02 kJ"), std::string::npos);
}

TEST(Contract, NoLineTellsAModelledEnergy) { EXPECT_EQ(contract(metered()).find("2.022"), std::string::npos); }

TEST(Contract, EveryLineFollowsTheGrammar) {
  Json document = golden();
  document["foms"][0]["reason"] = "two \"quotes\"\nand a line";
  document["foms"][1]["value"] = "inf";
  document["foms"][2]["ci95"] = {1.0, 2.5};
  const std::string number = "-?\\d\\.\\d{9}e[+-]\\d\\d+", value = "(" + number + "|null|inf)";
  const std::regex fom("TANDEM-FOM v1 (limit|kernel|pipeline)\\.[A-Za-z0-9_+.=-]+ = " + value + " \\S+ ci95=(null|\\[" +
                       number + "," + number + "\\]) n=\\d+ samples=\\d+ status=[A-Z-]+( reason=\"[^\"]*\")?");
  const std::regex check("TANDEM-CHECK v1 [A-Za-z0-9_+.=-]+ value=" + value + " limit=" + value +
                         " result=(PASS|FAIL)");
  std::istringstream lines(contract(document));
  std::size_t foms = 0, checks = 0;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_match(line, fom))
      ++foms;
    else if (std::regex_match(line, check))
      ++checks;
    else
      ADD_FAILURE() << line;
  }
  EXPECT_EQ(foms, document["foms"].size());
  EXPECT_EQ(checks, document["checks"].size());
  const std::string text = contract(document);
  EXPECT_NE(text.find("kernel.dense.gemm.n=4096.precision=fp64.device=cpu.rate = 2.16"), std::string::npos);
  EXPECT_NE(text.find("reason=\"two 'quotes' and a line\""), std::string::npos);
  EXPECT_NE(text.find("= inf flop/s"), std::string::npos);
  EXPECT_NE(text.find("ci95=[1.000000000e+00,2.500000000e+00]"), std::string::npos);
  EXPECT_EQ(result_line(document, "9be2f1c04d11aaaa"),
            "TANDEM-RESULT v1 status=UNSTABLE class=quick config=5d0c1a77e3b2 root=9be2f1c04d11");
}

TEST(Report, LoadsNothing) {
  const std::string page = html_report(golden());
  EXPECT_TRUE(page.starts_with("<!doctype html>"));
  EXPECT_FALSE(
      std::regex_search(page, std::regex("<(script|img|link|iframe|object|embed|source)[^>]*\\s(src|href|data)\\s*=")));
  EXPECT_EQ(page.find("@import"), std::string::npos);
  EXPECT_EQ(page.find("url(http"), std::string::npos);
  for (const char* call : {"XMLHttpRequest", "fetch(", "WebSocket", "sendBeacon", "importScripts"})
    EXPECT_EQ(page.find(call), std::string::npos) << call;
}

TEST(Report, TheDocumentCannotEndItsScript) {
  Json document = golden();
  document["machine"]["cpu"] = "</script><script>alert(1)</script><!-- {{style}}";
  const std::string page = html_report(document);
  EXPECT_EQ(page.find("alert(1)</script>"), std::string::npos);
  EXPECT_EQ(page.find("<!-- {{style}}"), std::string::npos);
  const std::string open = "<script type=\"application/json\" id=\"document\">";
  const std::size_t begin = page.find(open) + open.size();
  EXPECT_EQ(Json::parse(page.substr(begin, page.find("</script>", begin) - begin)), document);
}

std::string rendered(const Json& document) { return rendered_page(html_report(document)); }

bool holds(const Json& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(),
                     [&](const Json& one) { return one.get<std::string>().find(text) != std::string::npos; });
}

TEST(Report, ABrowserDrawsItAndAReaderUsesIt) {
  const UsedPage used = used_page(html_report(golden()));
  const std::string& page = used.main;
  if (page.empty()) GTEST_SKIP() << "no chromium here";
  EXPECT_GE(used.notes.at("heads"), 20);
  EXPECT_GE(used.notes.at("charts"), 4);
  EXPECT_TRUE(holds(used.notes.at("tooltips"), "GFLOP/s")) << used.notes.at("tooltips");
  for (const char* file : {"samples.jsonl", "ledger.jsonl", "holdout.jsonl", "power.csv"})
    EXPECT_TRUE(holds(used.notes.at("records"), file)) << used.notes.at("records");
  EXPECT_EQ(page.find("[object "), std::string::npos);
  EXPECT_EQ(page.find(">undefined<"), std::string::npos);
  EXPECT_EQ(page.find(">NaN"), std::string::npos);
  for (const char* text :
       {"<h3>Roofline</h3>", "<h3>Arms side by side</h3>", "<h3>Where the time went</h3>", "<h3>Timeline</h3>",
        "<h3>Errors on unseen cases</h3>", "predicted − simulated", "The samples behind each figure"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_NE(page.find("<b>216&nbsp;GFLOP/s</b>"), std::string::npos);
}

// A page in which nothing sorts, no chart answers to the pointer, and that asks others for pictures.
TEST(Report, TheProbeSeesWhatIsBroken) {
  if (!has_browser()) GTEST_SKIP() << "no chromium here";
  std::string page = html_report(golden());
  const auto change = [&](const std::string& what, const std::string& to) {
    const std::size_t at = page.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    page.replace(at, what.size(), to);
  };
  change("body.replaceChildren(", "void (");
  change("devicePixelRatio: Math.max", "events: [], devicePixelRatio: Math.max");
  change("</main>",
         "<img src=\"http://127.0.0.1:9/a.png\"><a href=\"https://example.org/\">a</a><a href=\"#no\">b</a></main>");
  const Json notes = probed(browse(with_probe(page)).out);
  ASSERT_TRUE(notes.is_object());
  EXPECT_EQ(notes.at("unsorted").size(), notes.at("heads").get<std::size_t>());
  EXPECT_EQ(notes.at("silent").size(), notes.at("charts").get<std::size_t>());
  EXPECT_TRUE(holds(notes.at("requests"), "127.0.0.1:9")) << notes.at("requests");
  EXPECT_EQ(notes.at("broken"), Json({"https://example.org/", "#no"}));
}

TEST(Report, ABrowserShowsEnergyAndAModelApart) {
  const std::string page = rendered(metered());
  if (page.empty()) GTEST_SKIP() << "no chromium here";
  for (const char* text : {"<h3>Energy</h3>", "modelled, not measured", "sheet 7", "did not advance", "by less time",
                           "Reading 2 meters every"})
    EXPECT_NE(page.find(text), std::string::npos) << text;
  EXPECT_EQ(page.find("[object "), std::string::npos);
  EXPECT_EQ(page.find(">undefined<"), std::string::npos);
}

TEST(Report, ABrowserShowsNoRateOfAnInvalidKernelAndSurvivesAnArmThatDidNotRun) {
  Json document = with_invalid_kernel();
  Json& arm = document["pipelines"][0]["arms"][2];
  for (const char* key : {"phases", "bytes", "holdout", "skill", "answers", "scaled", "cross_workflow_efficiency"})
    arm.erase(key);
  arm["status"] = "FAILED";
  arm["ttis"] = {{"value", nullptr}, {"ci95", nullptr}, {"unit", "s"}, {"reason", "not run"}};
  document["run"]["started"] = nullptr;
  document["run"]["outside_work"] = nullptr;
  const std::string page = rendered(document);
  if (page.empty()) GTEST_SKIP() << "no chromium here";
  EXPECT_EQ(page.find("<b>216&nbsp;GFLOP/s</b>"), std::string::npos);
  EXPECT_NE(page.find("<span class=\"badge bad\">INVALID</span>"), std::string::npos);
}

}  // namespace
}  // namespace tandem
