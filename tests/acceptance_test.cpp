// The verdict on figures that are made up: each rule by a worked example, and nothing undecided passes.
#include "harness/decide/acceptance.hpp"

#include <functional>
#include <sstream>
#include <utility>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <gtest/gtest.h>

#include "harness/decide/acceptance_view.hpp"
#include "tests/browser.hpp"

namespace tandem {
namespace {

Json fom(const Json& value, const Json& ci, const std::string& status = "VALID-CLOSED", int launches = 14) {
  return {{"name", "a.rate"},     {"value", value},      {"unit", "s"},      {"ci95", ci},
          {"launches", launches}, {"samples", launches}, {"status", status}, {"reason", nullptr}};
}

Criterion wanted(bool at_least, double target, bool proof_pass, double tolerance = 0) {
  Criterion criterion;
  criterion.fom = "a.rate";
  criterion.unit = "s";
  criterion.at_least = at_least;
  criterion.target = target;
  criterion.proof_pass = proof_pass;
  criterion.tolerance = tolerance;
  criterion.where = "lot.toml:7";
  return criterion;
}

std::string outcome(const Criterion& criterion, const Json& figure) {
  const Json judged = judge_criterion(criterion, figure);
  EXPECT_FALSE(judged.at("reason").get<std::string>().empty());
  return judged.at("outcome");
}

// The interval [9, 11] against limits beside, inside and beyond it.
TEST(Criterion, TheBurdenOfProofPicksTheEnd) {
  const Json figure = fom(10, {9, 11});
  EXPECT_EQ(outcome(wanted(true, 9, true), figure), "pass");
  EXPECT_EQ(outcome(wanted(true, 9.1, true), figure), "fail");
  EXPECT_EQ(outcome(wanted(true, 11, false), figure), "pass");
  EXPECT_EQ(outcome(wanted(true, 11.1, false), figure), "fail");
  EXPECT_EQ(outcome(wanted(false, 11, true), figure), "pass");
  EXPECT_EQ(outcome(wanted(false, 10.9, true), figure), "fail");
  EXPECT_EQ(outcome(wanted(false, 9, false), figure), "pass");
  EXPECT_EQ(outcome(wanted(false, 8.9, false), figure), "fail");
}

TEST(Criterion, ToleranceMovesTheLimitToTheVendorsSide) {
  const Json figure = fom(10, {9, 11});
  EXPECT_EQ(outcome(wanted(true, 10, true, 0.1), figure), "pass");
  EXPECT_EQ(outcome(wanted(true, 10.1, true, 0.1), figure), "fail");
  EXPECT_EQ(outcome(wanted(false, 10, true, 0.1), figure), "pass");
  EXPECT_EQ(outcome(wanted(false, 9.9, true, 0.1), figure), "fail");
}

TEST(Criterion, MarginIsTheShareOfTheLimit) {
  EXPECT_NEAR(judge_criterion(wanted(true, 8, true), fom(10, {9, 11})).at("margin").get<double>(), 0.125, 1e-12);
  EXPECT_NEAR(judge_criterion(wanted(false, 10, true), fom(10, {9, 11})).at("margin").get<double>(), -0.1, 1e-12);
  EXPECT_TRUE(judge_criterion(wanted(false, 0, true), fom(0, {0, 0})).at("margin").is_null());
  EXPECT_EQ(judge_criterion(wanted(false, 10, true), fom(10, {9, 11})).at("judged"), 11);
}

// Each with a target that any number would meet.
TEST(Criterion, WhatIsNoNumberWithAnIntervalNeverPasses) {
  for (const bool proof_pass : {true, false})
    for (const bool at_least : {true, false}) {
      const Criterion easy = wanted(at_least, at_least ? 0 : 1e300, proof_pass);
      EXPECT_EQ(outcome(easy, fom(10, {9, 11})), "pass");
      EXPECT_EQ(outcome(easy, fom(10, nullptr, "VALID-CLOSED", 5)), "undecided");
      EXPECT_EQ(outcome(easy, fom(10, nullptr)), "undecided");
      EXPECT_EQ(outcome(easy, fom(10, Json::array({9}))), "undecided");
      EXPECT_EQ(outcome(easy, fom(10, {nullptr, 11})), "undecided");
      EXPECT_EQ(outcome(easy, fom(nullptr, nullptr)), "undecided");
      EXPECT_EQ(outcome(easy, fom("nan", {9, 11})), "undecided");
      EXPECT_EQ(outcome(easy, fom("inf", {9, "inf"})), at_least ? "undecided" : "fail");
      EXPECT_EQ(outcome(easy, fom(10, {9, 11}, "UNSTABLE")), "undecided");
      EXPECT_EQ(outcome(easy, fom(10, {9, 11}, "INVALID")), "fail");
      EXPECT_EQ(outcome(easy, fom(nullptr, nullptr, "INVALID")), "fail");
      EXPECT_EQ(outcome(easy, fom(nullptr, nullptr, "FAILED")), "fail");
    }
  EXPECT_EQ(outcome(wanted(false, 1e300, true), fom(10, {9, "inf"})), "fail") << "the worse end is infinite";
  const Json few = judge_criterion(wanted(true, 0, true), fom(10, nullptr, "VALID-CLOSED", 1));
  EXPECT_NE(few.at("reason").get<std::string>().find("no 95 % interval: 1 launch, and it takes 6"), std::string::npos);
  Json unmetered = fom(nullptr, nullptr);
  unmetered["reason"] = "unmetered: no counter";
  EXPECT_EQ(judge_criterion(wanted(true, 0, true), unmetered).at("reason"), "not measured: unmetered: no counter");
}

class Acceptance : public ::testing::Test {
 protected:
  Acceptance() {
    spec.lot = "Lot <1> & \"more\"";
    spec.status = "VALID-OPEN";
    spec.run_class = "official";
    spec.launches = 10;
    spec.revalidation = false;
    spec.source = "lot.toml";
    spec.text = "lot = ...";
    spec.digest = std::string(64, 'd');
    spec.criteria = {wanted(true, 9, true)};
    delivery.folder = "out";
    delivery.root = std::string(64, 'a');
    delivery.configuration = std::string(64, 'c');
    delivery.document = {{"tandem", {{"version", "0.1.0"}, {"commit", "abc"}, {"dirty", false}}},
                         {"machine", {{"cpu", "A"}, {"cores", 2}, {"host", "h"}}},
                         {"run",
                          {{"status", "VALID-CLOSED"},
                           {"class", "official"},
                           {"started", "2026-01-31T00:00:00Z"},
                           {"reasons", Json::array()}}},
                         {"pipelines", Json::array()},
                         {"foms", {fom(10, {9, 11})}}};
  }
  Json judged() const { return judge_acceptance(spec, delivery); }
  Json record() const { return acceptance_record(spec, delivery, judged(), {{"version", "0.1.0"}}, "now"); }
  void expect_verdict(const std::string& verdict, const std::string& why) const {
    const Json found = judged();
    EXPECT_EQ(found.at("verdict"), verdict) << found.dump(1);
    std::string all;
    for (const Json& one : found.at("why")) all += one.get<std::string>() + "\n";
    EXPECT_NE(all.find(why), std::string::npos) << all << "expected: " << why;
  }
  void status(const std::string& word, const std::string& reason) {
    delivery.document["run"]["status"] = word;
    delivery.document["run"]["reasons"] = {{{"case", "k"}, {"status", word}, {"reason", reason}}};
  }
  AcceptanceSpec spec;
  Delivery delivery;
};

TEST_F(Acceptance, EverythingHolds) {
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
  EXPECT_EQ(judged().at("exit"), 0);
  EXPECT_TRUE(judged().at("why").empty());
  status("VALID-OPEN", "the network was changed");
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED") << "the worst that is allowed";
}

TEST_F(Acceptance, StatusAndClass) {
  status("UNOFFICIAL", "virtual machine");
  expect_verdict("NOT ACCEPTED", "status: at worst VALID-OPEN is required, found UNOFFICIAL (k: virtual machine)");
  EXPECT_EQ(judged().at("exit"), 4);
  status("FAILED", "ended by signal 9");
  expect_verdict("NOT ACCEPTED", "found FAILED");
  status("UNSTABLE", "steal 2 %");
  expect_verdict("UNDECIDED", "steal 2 %");
  EXPECT_EQ(judged().at("exit"), 5);
  status("INVALID", "wrong");
  expect_verdict("INVALID", "wrong");
  EXPECT_EQ(judged().at("exit"), 3);
  status("VALID-CLOSED", "");
  delivery.document["run"]["class"] = "standard";
  expect_verdict("NOT ACCEPTED", "class: at least official is required, found standard");
  delivery.document["run"]["class"] = "procurement";
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
}

TEST_F(Acceptance, LaunchesOfTheFigureThatHasTheFewest) {
  delivery.document["foms"][0]["launches"] = 9;
  expect_verdict("NOT ACCEPTED", "launches: at least 10 is required, found 9 (of a.rate)");
}

TEST_F(Acceptance, EnergyScopeOfEveryArm) {
  spec.energy_scope = "node";
  expect_verdict("NOT ACCEPTED", "no arm was measured");
  const Json metered = {{"status", "VALID-CLOSED"}, {"energy_scope", "node"}};
  delivery.document["pipelines"] = {{{"arms", {metered, metered}}}};
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
  delivery.document["pipelines"][0]["arms"][1]["energy_scope"] = "package";
  expect_verdict("NOT ACCEPTED", "energy scope: node is required, found node, package");
  delivery.document["pipelines"][0]["arms"][1]["energy_scope"] = nullptr;
  expect_verdict("NOT ACCEPTED", "found node, unmetered");
}

TEST_F(Acceptance, ThePlanThatWasAgreed) {
  spec.configuration = std::string(12, 'c');
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
  spec.configuration = std::string(12, 'e');
  expect_verdict("NOT ACCEPTED", "configuration: eeeeeeeeeeee is required, found cccccccccccc");
}

TEST_F(Acceptance, Revalidation) {
  spec.revalidation = true;
  expect_verdict("UNDECIDED", "revalidation: every launch passes the buyer's hold-out is required, found not given");
  delivery.revalidation = {
      {"nonce", "7"}, {"seal", "s"}, {"started", "t"}, {"status", "UNOFFICIAL"}, {"reasons", Json::array()}};
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
  delivery.revalidation["status"] = "INVALID";
  delivery.revalidation["reasons"] = {{{"reason", "3 errors are above"}}};
  expect_verdict("INVALID", "3 errors are above");
  spec.revalidation = false;
  expect_verdict("INVALID", "3 errors are above");
}

TEST_F(Acceptance, HardCriteriaDecideAndSoftOnesAreTold) {
  spec.criteria.push_back(wanted(true, 100, true));
  spec.criteria.back().hard = false;
  EXPECT_EQ(judged().at("verdict"), "ACCEPTED");
  EXPECT_EQ(judged().at("criteria")[1].at("outcome"), "fail");
  spec.criteria.push_back(wanted(false, 5, true));
  expect_verdict("NOT ACCEPTED", "a.rate: the worse end of the interval, 11 s, misses the limit of 5 s");
  spec.criteria.pop_back();
  delivery.document["foms"][0]["ci95"] = nullptr;
  expect_verdict("UNDECIDED", "a.rate: no 95 % interval");
  status("UNOFFICIAL", "virtual machine");
  expect_verdict("NOT ACCEPTED", "virtual machine");
}

TEST_F(Acceptance, UnknownFiguresAndWrongUnitsAreErrors) {
  const auto refusal = [&] {
    try {
      judged();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  spec.criteria[0].fom = "a.ratee";
  EXPECT_EQ(refusal(), "lot.toml:7: the result holds no figure \"a.ratee\"; the nearest is \"a.rate\"");
  spec.criteria[0].fom = "a.rate";
  spec.criteria[0].unit = "flop/s";
  EXPECT_EQ(refusal(), "lot.toml:7: \"a.rate\" is measured in \"s\", not in \"flop/s\"");
}

TEST_F(Acceptance, TheRecordKnowsWhenItWasChanged) {
  const Json honest = record();
  EXPECT_TRUE(seal_holds(honest));
  for (const auto& [key, value] : honest.items()) {
    Json changed = honest;
    changed[key] = "other";
    EXPECT_FALSE(seal_holds(changed)) << key;
    changed.erase(key);
    EXPECT_FALSE(seal_holds(changed)) << key;
  }
  EXPECT_FALSE(seal_holds(Json::array()));
}

TEST_F(Acceptance, TheVerdictComesFirstAndTheLinesLast) {
  spec.criteria.push_back(wanted(true, 100, true));
  const std::string text = acceptance_text(record(), false, 100);
  EXPECT_TRUE(text.starts_with("NOT ACCEPTED   Lot <1> & \"more\"\n")) << text;
  EXPECT_NE(text.find("1 of 2 hard criteria pass"), std::string::npos) << text;
  EXPECT_NE(text.find(spec.digest), std::string::npos) << text;
  EXPECT_NE(text.find(delivery.root), std::string::npos) << text;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_EQ(acceptance_lines(record()),
            "TANDEM-CHECK v1 accept.status value=null limit=null result=PASS\n"
            "TANDEM-CHECK v1 accept.class value=null limit=null result=PASS\n"
            "TANDEM-CHECK v1 accept.launches value=null limit=null result=PASS\n"
            "TANDEM-CHECK v1 accept.hard.at_least.a.rate value=9.000000000e+00 limit=9.000000000e+00 result=PASS\n"
            "TANDEM-CHECK v1 accept.hard.at_least.a.rate value=9.000000000e+00 limit=1.000000000e+02 result=FAIL\n"
            "TANDEM-ACCEPT v1 verdict=NOT_ACCEPTED required=3/3 hard=1/2 soft=0/0 spec=dddddddddddd "
            "root=aaaaaaaaaaaa\n");
}

using boost::property_tree::ptree;
ptree parsed(const JunitSuite& suite) {
  std::istringstream xml(junit_xml(suite));
  ptree tree;
  read_xml(xml, tree);
  return tree.get_child("testsuites.testsuite");
}

TEST_F(Acceptance, JunitCountsFailuresErrorsAndWhatIsSoft) {
  spec.revalidation = true;
  spec.criteria.push_back(wanted(true, 100, true));
  spec.criteria.push_back(wanted(false, 5, true));
  spec.criteria.back().hard = false;
  const ptree suite = parsed(acceptance_junit(record()));
  EXPECT_EQ(suite.get<std::string>("<xmlattr>.name"), "tandem accept: Lot <1> & \"more\"");
  EXPECT_EQ(suite.get<int>("<xmlattr>.tests"), 7);
  EXPECT_EQ(suite.get<int>("<xmlattr>.failures"), 1);
  EXPECT_EQ(suite.get<int>("<xmlattr>.errors"), 1) << "the revalidation is undecided";
  EXPECT_EQ(suite.get<int>("<xmlattr>.skipped"), 1);
  int failures = 0;
  for (const auto& [name, one] : suite)
    if (name == "testcase" && one.count("failure") > 0) {
      EXPECT_EQ(one.get<std::string>("<xmlattr>.name"), "a.rate at least 100 s");
      EXPECT_NE(one.get<std::string>("failure.<xmlattr>.message").find("9 s, misses the limit of 100 s"),
                std::string::npos);
      ++failures;
    }
  EXPECT_EQ(failures, 1);
}

// The example that the project ships, on figures that are made up: what a buyer prints and signs.
TEST_F(Acceptance, ABrowserDrawsItAndItPrintsOnOneSheet) {
  if (!has_browser()) GTEST_SKIP() << "no chromium here";
  spec = read_acceptance(EXAMPLE_SPEC);
  delivery.document["foms"] = Json::array();
  for (const Criterion& criterion : spec.criteria) {
    const double value = criterion.target * (criterion.at_least ? 1.05 : 0.9);
    delivery.document["foms"].push_back(fom(value, {0.98 * value, 1.02 * value}));
    delivery.document["foms"].back()["name"] = criterion.fom;
    delivery.document["foms"].back()["unit"] = criterion.unit;
  }
  delivery.document["machine"]["host"] = std::string(64, 'h');
  delivery.revalidation = {{"nonce", "4f1c09ab77d2"},
                           {"seal", std::string(64, 's')},
                           {"started", "2026-02-01T09:00:00Z"},
                           {"status", "VALID-CLOSED"},
                           {"reasons", Json::array()}};
  const std::string html = acceptance_page(record(), "../out/");
  const UsedPage used = used_page(html);
  EXPECT_GE(used.notes.at("heads"), 5);
  for (const char* file : {"../out/samples.jsonl", "../out/ledger.jsonl"})
    EXPECT_NE(used.notes.at("records").dump().find(file), std::string::npos) << used.notes.at("records");
  for (const char* text : {"<b>NOT ACCEPTED</b>", "CI95", "n = 14", "Signature"})
    EXPECT_NE(used.main.find(text), std::string::npos) << text;
  EXPECT_EQ(printed_pages(html), 1);
}

}  // namespace
}  // namespace tandem
