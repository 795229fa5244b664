// What a specification says, and what is refused: nothing that could pass without having been decided.
#include "harness/decide/acceptance_spec.hpp"

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"

namespace tandem {
namespace {

const std::string kHead = "lot = \"L\"\n[required]\nstatus = \"VALID-OPEN\"\nclass = \"official\"\n";

std::string criterion(const std::string& fom, const std::string& direction, const std::string& target,
                      const std::string& more = "") {
  return "[[criterion]]\nfom = \"" + fom + "\"\ndirection = \"" + direction + "\"\ntarget = " + target +
         "\nunit = \"s\"\nproof = \"pass\"\n" + (more.find("kind") == std::string::npos ? "kind = \"hard\"\n" : "") +
         more;
}

void expect_refused(const std::string& text, const std::string& message) {
  try {
    parse_acceptance(text, "lot.toml");
    ADD_FAILURE() << "accepted: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what() << "\nexpected: " << message;
    EXPECT_TRUE(std::string(error.what()).starts_with("lot.toml")) << error.what();
  }
}

TEST(AcceptanceSpec, IsReadWhole) {
  const std::string text =
      "lot = \"L 1\"\nbuyer = \"B\"\nvendor = \"V\"\n[required]\nstatus = \"UNOFFICIAL\"\n"
      "class = \"procurement\"\nlaunches = 14\nenergy_scope = \"node\"\n"
      "configuration = \"0123456789AB\"\nrevalidation = \"not required\"\n" +
      criterion("a.ttis", "at most", "4", "tolerance = 0.25\n") +
      criterion("a.ttis", "at least", "2", "kind = \"soft\"\n");
  const AcceptanceSpec spec = parse_acceptance(text, "lot.toml");
  EXPECT_EQ(spec.lot, "L 1");
  EXPECT_EQ(spec.buyer, "B");
  EXPECT_EQ(spec.vendor, "V");
  EXPECT_EQ(spec.status, "UNOFFICIAL");
  EXPECT_EQ(spec.run_class, "procurement");
  EXPECT_EQ(spec.launches, 14u);
  EXPECT_EQ(spec.energy_scope, "node");
  EXPECT_EQ(spec.configuration, "0123456789ab");
  EXPECT_FALSE(spec.revalidation);
  EXPECT_EQ(spec.text, text);
  EXPECT_EQ(spec.digest, sha256(text));
  ASSERT_EQ(spec.criteria.size(), 2u);
  EXPECT_EQ(spec.criteria[0].limit(), 5);
  EXPECT_EQ(spec.criteria[0].where, "lot.toml:11");
  EXPECT_EQ(spec.criteria[1].limit(), 2);
  EXPECT_FALSE(spec.criteria[1].hard);
}

TEST(AcceptanceSpec, TheStricterDefaultsHold) {
  const AcceptanceSpec spec = parse_acceptance(kHead + criterion("a", "at most", "1"), "lot.toml");
  EXPECT_TRUE(spec.revalidation);
  EXPECT_EQ(spec.criteria[0].tolerance, 0);
  EXPECT_EQ(spec.configuration, "");
}

TEST(AcceptanceSpec, TheExampleIsOne) {
  const AcceptanceSpec spec = read_acceptance(EXAMPLE_SPEC);
  EXPECT_EQ(spec.criteria.size(), 4u);
  EXPECT_NEAR(spec.criteria[0].limit(), 3.92e12, 1);
}

TEST(AcceptanceSpec, UnknownKeysNameTheNearest) {
  expect_refused("lott = \"L\"\n",
                 "lot.toml:1: unknown key \"lott\" in the acceptance specification; did you mean \"lot\"?");
  expect_refused(kHead + "launchs = 3\n",
                 "lot.toml:5: unknown key \"launchs\" in [required]; did you mean \"launches\"?");
  expect_refused(kHead + criterion("a", "at most", "1", "tolerence = 0.1\n"), "did you mean \"tolerance\"?");
  expect_refused(kHead + criterion("a", "at mst", "1"), "did you mean \"at most\"?");
  expect_refused("lot = \"L\"\n[required]\nstatus = \"UNSTABLE\"\n", "status = \"UNSTABLE\" is not known");
  expect_refused("lot = \"L\"\nlot = 2\n", "lot.toml:2: ");
}

TEST(AcceptanceSpec, NothingThatMattersIsLeftOut) {
  expect_refused("[required]\n", "lacks \"lot\"");
  expect_refused("lot = \"\"\n", "\"lot\" is empty");
  expect_refused("lot = \"L\"\n", "write [required]");
  expect_refused("lot = \"L\"\n[required]\nclass = \"official\"\n", "[required] lacks \"status\"");
  expect_refused("lot = \"L\"\n[required]\nstatus = \"VALID-OPEN\"\n", "[required] lacks \"class\"");
  for (const std::string key : {"fom", "direction", "target", "unit", "kind", "proof"}) {
    std::string text = criterion("a", "at most", "1");
    const std::size_t at = text.find("\n" + key) + 1;
    text.erase(at, text.find('\n', at) + 1 - at);
    expect_refused(kHead + text, "\"" + key + "\"");
  }
}

TEST(AcceptanceSpec, WhatCouldRejectNothingIsRefused) {
  expect_refused(kHead, "there is no [[criterion]]");
  expect_refused(kHead + "criterion = []\n", "unknown key \"criterion\" in [required]");
  expect_refused("criterion = []\n" + kHead, "write [[criterion]]");
  expect_refused(kHead + "[criterion]\nfom = \"a\"\n", "write [[criterion]]");
  expect_refused(kHead + criterion("a", "at most", "1", "kind = \"soft\"\n"), "every criterion is soft");
}

TEST(AcceptanceSpec, TwiceAndContradictions) {
  const std::string first = kHead + criterion("a", "at least", "5");
  expect_refused(first + criterion("a", "at least", "4"), "has a hard criterion \"at least\" already, at lot.toml:5");
  expect_refused(first + criterion("a", "at most", "4"), "at least 5 and at most 4 contradict each other");
  expect_refused(first + criterion("a", "at most", "4", "kind = \"soft\"\n"), "contradict");
  EXPECT_NO_THROW(parse_acceptance(first + criterion("a", "at most", "5"), "lot.toml"));
  EXPECT_NO_THROW(parse_acceptance(first + criterion("a", "at most", "4", "tolerance = 0.25\n"), "lot.toml"));
  EXPECT_NO_THROW(parse_acceptance(first + criterion("a", "at least", "6", "kind = \"soft\"\n"), "lot.toml"));
}

TEST(AcceptanceSpec, FiguresThatNoContractMayRestOn) {
  expect_refused(kHead + criterion("pipeline.heat.separated.energy_modelled", "at most", "1"), "is not measured");
  expect_refused(kHead + criterion("projected.allreduce.ranks=4096.time", "at most", "1"), "is not measured");
  expect_refused(kHead + criterion("limit.triad", "at least", "1"), "is a limit of the machine");
  expect_refused(kHead + criterion("pipeline.heat.energy_saving", "at least", "0.2"), "needs energy_scope");
}

TEST(AcceptanceSpec, NumbersAndTexts) {
  expect_refused(kHead + criterion("a", "at most", "-1"), "\"target\" must be a number >= 0");
  expect_refused(kHead + criterion("a", "at most", "nan"), "\"target\" must be a number >= 0");
  expect_refused(kHead + criterion("a", "at most", "\"1\""), "\"target\" must be a number >= 0");
  expect_refused(kHead + criterion("a", "at most", "1", "tolerance = 1.0\n"), "\"tolerance\" is a fraction");
  expect_refused(kHead + criterion("a", "at most", "1", "tolerance = -0.1\n"), "\"tolerance\" must be a number >= 0");
  expect_refused(kHead + "launches = 0\n", "\"launches\" must be a whole number >= 1");
  expect_refused(kHead + "configuration = \"0123\"\n", "12 to 64 hexadecimal digits");
  expect_refused(kHead + "configuration = \"0123456789xy\"\n", "12 to 64 hexadecimal digits");
  expect_refused("lot = \"two\\nlines\"\n" + kHead.substr(kHead.find('\n') + 1) + criterion("a", "at most", "1"),
                 "\"lot\" must be one line of text");
  expect_refused("lot = \"\\u001b[2J\"\n" + kHead.substr(kHead.find('\n') + 1) + criterion("a", "at most", "1"),
                 "\"lot\" must be one line of text");
}

}  // namespace
}  // namespace tandem
