// Published figures: units of every row, the mapping to cases that exist, and what is refused.
#include "harness/decide/published.hpp"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/decide/csv.hpp"
#include "harness/decide/units.hpp"
#include "harness/launch/config.hpp"

namespace tandem {
namespace {

TEST(Published, EveryRowHasAUnitOfItsMetric) {
  const Published& published = Published::shipped();
  EXPECT_GE(published.figures().size(), 100u);
  for (const PublishedFigure& figure : published.figures()) {
    const auto si = si_unit(figure.unit);
    ASSERT_TRUE(si.has_value()) << figure.id;
    EXPECT_EQ(si->unit, published.metric_of(figure).unit) << figure.id;
    EXPECT_DOUBLE_EQ(figure.si, figure.value * si->factor) << figure.id;
  }
  EXPECT_DOUBLE_EQ(published.find("frontier-hpl-2022-11").si, 1.102e18);
  EXPECT_DOUBLE_EQ(published.find("raspberry-pi-5-8gb-hpl-2026-04").si, 35.169e9);
  EXPECT_DOUBLE_EQ(published.find("dell-a100-mlperf-hpc-deepcam-2022").si, 780);
  EXPECT_DOUBLE_EQ(published.find("piz-daint-gpu-osu-latency-2020").si, 1.3e-6);
  EXPECT_DOUBLE_EQ(published.find("horeka-a100-mlperf-hpc-deepcam-staging-2021").si, 0.331);
}

// Magnitudes that a wrong prefix would leave: a sanity check of the data, metric by metric.
TEST(Published, ValuesLieWhereTheirMetricsLie) {
  const std::map<std::string, std::pair<double, double>> ranges = {{"hpl", {1e9, 3e18}},
                                                                   {"hpl_mxp", {1e15, 3e19}},
                                                                   {"hpcg", {1e9, 2e16 * 2}},
                                                                   {"stream_triad", {1e9, 1e13}},
                                                                   {"osu_allreduce", {1e-7, 1e-3}},
                                                                   {"osu_latency", {1e-7, 1e-4}},
                                                                   {"mlperf_hpc_time", {30, 36000}},
                                                                   {"mlperf_hpc_staging", {0, 1}}};
  for (const PublishedFigure& figure : Published::shipped().figures())
    if (const auto found = ranges.find(figure.metric); found != ranges.end()) {
      EXPECT_GT(figure.si, found->second.first) << figure.id;
      EXPECT_LT(figure.si, found->second.second) << figure.id;
    }
}

TEST(Published, UnverifiedRowsSaySo) {
  std::size_t unverified = 0;
  for (const PublishedFigure& figure : Published::shipped().figures()) {
    if (figure.verified()) {
      EXPECT_FALSE(figure.source.empty()) << figure.id;
      continue;
    }
    ++unverified;
    EXPECT_EQ(figure.evidence_text().rfind("UNVERIFIED", 0), 0u) << figure.id;
  }
  EXPECT_EQ(unverified, 2u);
}

// Whatever a metric maps to is a configuration that the program accepts, with the figure's case in it alone.
TEST(Published, EveryMappedCaseIsAConfiguration) {
  std::set<std::string> cases;
  for (const Metric& metric : Published::shipped().metrics()) {
    if (metric.match == Match::none) {
      EXPECT_FALSE(metric.reason.empty()) << metric.id;
      continue;
    }
    const std::string text = configuration_of(metric, "quick", metric.ranks, {});
    const Config config = parse_config(text, metric.id, {});
    ASSERT_EQ(config.cases.size(), 1u) << text;
    EXPECT_EQ(config.cases[0].name, metric.case_name());
    cases.insert(metric.case_name());
  }
  for (const char* name : {"dense/lu", "dense/lu_mixed", "sparse/hpcg", "sparse/hpg_mixed", "memory/triad",
                           "network/allreduce", "network/pingpong", "heat"})
    EXPECT_TRUE(cases.contains(name)) << name;
}

TEST(Published, ChangedSettingsReplaceTheMetrics) {
  const Published& published = Published::shipped();
  const Metric& metric = published.metric_of(published.find("frontier-hpl-2022-11"));
  const Config config =
      parse_config(configuration_of(metric, "standard", 1, {{"n", "512"}, {"nb", "64"}}), "changed", {});
  EXPECT_EQ(config.cases.at(0).settings.text("n"), "512");
  EXPECT_EQ(config.cases.at(0).settings.text("nb"), "64");
  EXPECT_EQ(config.launches, 3);
}

const std::string head =
    "id,system,metric,workload,value,unit,date,nodes,devices,cores,ranks,coverage,settings,source,evidence,note\n";
const std::string metrics =
    "[[metric]]\nid = \"m\"\nname = \"M\"\nunit = \"flop/s\"\nwhat = \"w\"\nmatch = \"same\"\nfigure = \"rate\"\n"
    "kernel = { name = \"dense/lu\", n = \"64\" }\n";

std::string refusal(const std::string& numbers, const std::string& toml = metrics) {
  try {
    Published::parse(numbers, toml);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "";
}

TEST(Published, WrongRowsAreRefusedWithTheirPlace) {
  const std::string good = "a-1,S,m,,2,GFLOP/s,2024-11,,,,,,,https://example.org,found,\n";
  EXPECT_EQ(refusal(head + good), "");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string row = good;
    return head + row.replace(row.find(from), from.size(), to);
  };
  EXPECT_NE(
      refusal(with("GFLOP/s", "GB/s")).find("numbers.csv row 2 (a-1): GB/s is a unit of B/s, m is measured in flop/s"),
      std::string::npos);
  EXPECT_NE(refusal(with("GFLOP/s", "GF/s")).find("the unit \"GF/s\" is not known"), std::string::npos);
  EXPECT_NE(refusal(with(",2,", ",-2,")).find("no positive number"), std::string::npos);
  EXPECT_NE(refusal(with(",2,", ",2x,")).find("no positive number"), std::string::npos);
  EXPECT_NE(refusal(with(",m,", ",x,")).find("no metric \"x\""), std::string::npos);
  EXPECT_NE(refusal(with("2024-11", "2024-13")).find("YYYY-MM"), std::string::npos);
  EXPECT_NE(refusal(with("https://example.org", "")).find("without a source"), std::string::npos);
  EXPECT_NE(refusal(with("found", "sure")).find("evidence = \"sure\""), std::string::npos);
  EXPECT_NE(refusal(with("a-1", "A 1")).find("an id has"), std::string::npos);
  EXPECT_NE(refusal(head + good + good).find("row 3 (a-1): the id stands there twice"), std::string::npos);
  EXPECT_NE(refusal("id\n" + good).find("numbers.csv"), std::string::npos);
  EXPECT_NE(refusal(head, metrics + "colour = \"red\"\n").find("metrics.toml:9: unknown key \"colour\""),
            std::string::npos);
  EXPECT_NE(refusal(head, metrics + metrics).find("stands there twice"), std::string::npos);
  EXPECT_NE(refusal(head, "[[metric]]\nid = \"m\"\nname = \"M\"\nunit = \"1\"\nwhat = \"w\"\n").find("needs a reason"),
            std::string::npos);
}

TEST(Published, AnUnknownIdNamesThoseThatAreLikeIt) {
  try {
    Published::shipped().find("frontier-hpl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("frontier-hpl-2022-11"), std::string::npos) << error.what();
  }
}

TEST(Csv, FollowsTheRfc) {
  using Records = std::vector<std::vector<std::string>>;
  EXPECT_EQ(csv_record({"a", "b,c", "d\"e", "f\r\ng", ""}), "a,\"b,c\",\"d\"\"e\",\"f\r\ng\",\r\n");
  EXPECT_EQ(parse_csv("a,\"b,c\",\"d\"\"e\",\"f\r\ng\",\r\n", "t"), (Records{{"a", "b,c", "d\"e", "f\r\ng", ""}}));
  EXPECT_EQ(parse_csv("a,b\nc,d", "t"), (Records{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(parse_csv("", "t"), Records());
  for (const char* bad : {"a,b\nc\n", "\"a", "\"a\"b\n", "a\"b\n", "a\rb\n"})
    EXPECT_ANY_THROW(parse_csv(bad, "t")) << bad;
}

}  // namespace
}  // namespace tandem
