// JUnit XML, read back by another implementation (Boost's property tree over RapidXML).
#include "harness/decide/junit.hpp"

#include <sstream>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <gtest/gtest.h>

namespace tandem {
namespace {

using boost::property_tree::ptree;

ptree parsed(const std::string& xml) {
  ptree tree;
  std::istringstream stream(xml);
  boost::property_tree::read_xml(stream, tree);
  return tree;
}

const std::string awkward = "a < b & \"c\" > 'd' ]]> µ ";

JunitSuite suite() {
  using Outcome = JunitCase::Outcome;
  return {"tandem",
          {{"root", awkward}},
          {{"dense.gemm", "holds", Outcome::passed, "", ""},
           {"dense.gemm", awkward, Outcome::failed, awkward, "line 1\nline 2 <"},
           {"heat", "crashed", Outcome::error, "signal 11", ""},
           {"heat", "left out", Outcome::skipped, "no bf16", ""}}};
}

TEST(Junit, IsReadBackAsItWasWritten) {
  const ptree tree = parsed(junit_xml(suite()));
  const ptree& read = tree.get_child("testsuites.testsuite");
  EXPECT_EQ(read.get<std::string>("<xmlattr>.name"), "tandem");
  EXPECT_EQ(read.get<std::string>("properties.property.<xmlattr>.value"), awkward);
  std::vector<ptree> cases;
  for (const auto& [name, child] : read)
    if (name == "testcase") cases.push_back(child);
  ASSERT_EQ(cases.size(), 4u);
  EXPECT_EQ(cases[1].get<std::string>("<xmlattr>.classname"), "dense.gemm");
  EXPECT_EQ(cases[1].get<std::string>("<xmlattr>.name"), awkward);
  EXPECT_EQ(cases[1].get<std::string>("failure.<xmlattr>.message"), awkward);
  EXPECT_EQ(cases[1].get<std::string>("system-out"), "line 1\nline 2 <");
  EXPECT_EQ(cases[2].get<std::string>("error.<xmlattr>.message"), "signal 11");
  EXPECT_EQ(cases[3].get<std::string>("skipped.<xmlattr>.message"), "no bf16");
  for (const char* outcome : {"failure", "error", "skipped"}) EXPECT_EQ(cases[0].count(outcome), 0u) << outcome;
}

TEST(Junit, CountsWhatItHolds) {
  const ptree tree = parsed(junit_xml(suite()));
  for (const char* where : {"testsuites", "testsuites.testsuite"}) {
    const ptree& counts = tree.get_child(where).get_child("<xmlattr>");
    EXPECT_EQ(counts.get<int>("tests"), 4);
    EXPECT_EQ(counts.get<int>("failures"), 1);
    EXPECT_EQ(counts.get<int>("errors"), 1);
    EXPECT_EQ(counts.get<int>("skipped"), 1);
  }
  EXPECT_EQ(parsed(junit_xml({"empty", {}, {}})).get<int>("testsuites.<xmlattr>.tests"), 0);
}

TEST(Junit, WhatXmlCannotHoldIsReplaced) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(xml_escaped("&<>\"'"), "&amp;&lt;&gt;&quot;'");
  EXPECT_EQ(xml_escaped("\t\n\r"), "&#9;&#10;&#13;");
  EXPECT_EQ(xml_escaped(std::string_view("a\0\x1b[1m", 6)), "a" + bad + bad + "[1m");
  EXPECT_EQ(xml_escaped("µ€😀"), "µ€😀");
  EXPECT_EQ(xml_escaped("\xB5"), bad);                      // Latin-1
  EXPECT_EQ(xml_escaped("\xE2\x82"), bad + bad);            // cut off
  EXPECT_EQ(xml_escaped("\xC0\xAF"), bad + bad);            // overlong
  EXPECT_EQ(xml_escaped("\xED\xA0\x80"), bad + bad + bad);  // a surrogate
  EXPECT_EQ(xml_escaped("\xEF\xBF\xBE"), bad + bad + bad);  // U+FFFE
  EXPECT_EQ(xml_escaped("\xF5\x80\x80\x80"), bad + bad + bad + bad);
}

}  // namespace
}  // namespace tandem
