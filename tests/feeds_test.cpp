// Every feed read back by another implementation or a strict reader: Google Benchmark's own JSON for its field names,
// Boost's XML reader for JUnit, and readers of the specifications' grammar for OpenMetrics and CSV.
#include "harness/decide/feeds.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <gtest/gtest.h>

#include "harness/decide/csv.hpp"
#include "tests/golden.hpp"

namespace tandem {
namespace {

const std::string root(64, 'a');
const std::string awkward_text = "a \"quoted\" C:\\path, <b> & so on\nsecond line";

// The first kernel INVALID, as the derivation leaves it: its samples kept, its figure gone.
Json with_invalid_kernel() {
  Json document = golden();
  Json& kernel = document["kernels"][0];
  kernel["status"] = "INVALID";
  kernel["value"] = nullptr;
  kernel["verdicts"][0]["pass"] = false;
  kernel["reasons"] = {{{"status", "INVALID"}, {"reason", awkward_text}}};
  for (Json& fom : document["foms"])
    if (fom["name"].get<std::string>().starts_with("kernel.dense.gemm.n=1024")) {
      fom.update({{"value", nullptr}, {"ci95", nullptr}, {"status", "INVALID"}, {"reason", awkward_text}});
    }
  document["checks"][0]["pass"] = false;
  return document;
}

// --- Google Benchmark ------------------------------------------------------------------------------------------------

void one_sample(benchmark::State& state) {
  for (auto step : state) benchmark::DoNotOptimize(step);
}
void one_error(benchmark::State& state) { state.SkipWithError("on purpose"); }

// What the library itself writes about one benchmark with three repetitions, and about one that fails.
const Json& library_output() {
  static const Json output = [] {
    benchmark::RegisterBenchmark("sample", one_sample)->Iterations(10)->Repetitions(3);
    benchmark::RegisterBenchmark("error", one_error);
    std::ostringstream text, errors;
    benchmark::JSONReporter reporter;
    reporter.SetOutputStream(&text);
    reporter.SetErrorStream(&errors);
    benchmark::RunSpecifiedBenchmarks(&reporter);
    return Json::parse(text.str());
  }();
  return output;
}

const Json& library_entry(const std::string& name) {
  for (const Json& entry : library_output().at("benchmarks"))
    if (entry.at("name").get<std::string>().find(name) != std::string::npos) return entry;
  throw std::out_of_range(name);
}

// Every field of the library's entry is there, of the same type.
void expect_fields(const Json& ours, const Json& library, const std::set<std::string>& without = {}) {
  for (const auto& [key, value] : library.items()) {
    if (without.contains(key)) continue;
    ASSERT_TRUE(ours.contains(key)) << key << " of " << ours;
    EXPECT_EQ(ours.at(key).is_number(), value.is_number()) << key;
    EXPECT_EQ(ours.at(key).is_string(), value.is_string()) << key;
    EXPECT_EQ(ours.at(key).is_boolean(), value.is_boolean()) << key;
  }
}

TEST(FeedGbench, HasTheFieldsOfTheLibrary) {
  const Json feed = Json::parse(feed_gbench(golden(), root));
  const Json& first = feed.at("benchmarks").at(0);
  EXPECT_EQ(first.at("name"), "dense/gemm/n=1024/precision=fp64/device=cpu");
  expect_fields(first, library_entry("sample"));
  for (const char* key : {"date", "host_name", "num_cpus", "caches", "load_avg", "library_build_type"})
    EXPECT_TRUE(feed.at("context").contains(key) && library_output().at("context").contains(key)) << key;
  const Json& cache = library_output().at("context").at("caches");
  if (!cache.empty()) expect_fields(feed.at("context").at("caches").at(0), cache.at(0));
}

TEST(FeedGbench, ALaunchIsARepetitionAndTheMedianAnAggregate) {
  Json document = golden();
  Json& kernel = document["kernels"][0];
  kernel["sample_seconds"] = {{0.010, 0.011, 0.012}, {0.012, 0.013, 0.014}, {0.020, 0.021, 0.022}};
  kernel["value"] = 2147483648 / 0.013;
  const Json all = Json::parse(feed_gbench(document, root)).at("benchmarks");
  const std::vector<double> medians = {11e6, 13e6, 21e6};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(all[i].at("repetition_index"), i);
    EXPECT_EQ(all[i].at("repetitions"), 3);
    EXPECT_DOUBLE_EQ(all[i].at("real_time").get<double>(), medians[i]);
    EXPECT_EQ(all[i].at("time_unit"), "ns");
    EXPECT_NEAR(all[i].at("flop/s").get<double>(), 2147483648 / (medians[i] * 1e-9), 1);
  }
  EXPECT_EQ(all[3].at("run_type"), "aggregate");
  EXPECT_DOUBLE_EQ(all[3].at("real_time").get<double>(), 13e6);
  expect_fields(all[3], library_entry("sample/iterations:10/repeats:3_median"));
}

TEST(FeedGbench, WithoutAFigureThereAreNoTimes) {
  const Json all = Json::parse(feed_gbench(with_invalid_kernel(), root)).at("benchmarks");
  expect_fields(all[0], library_entry("error"), {"iterations", "real_time", "cpu_time", "time_unit"});
  EXPECT_NE(all[0].at("error_message").get<std::string>().find(awkward_text), std::string::npos);
  for (const char* key : {"real_time", "cpu_time", "flop/s", "iterations"}) EXPECT_FALSE(all[0].contains(key)) << key;
}

// --- JUnit -----------------------------------------------------------------------------------------------------------

struct ReadCase {
  std::string classname, name, outcome, message;
};

std::vector<ReadCase> read_junit(const std::string& xml) {
  boost::property_tree::ptree tree;
  std::istringstream stream(xml);
  boost::property_tree::read_xml(stream, tree);
  std::vector<ReadCase> cases;
  for (const auto& [tag, child] : tree.get_child("testsuites.testsuite")) {
    if (tag != "testcase") continue;
    ReadCase one{child.get<std::string>("<xmlattr>.classname"), child.get<std::string>("<xmlattr>.name"), "passed", ""};
    for (const char* outcome : {"failure", "error", "skipped"})
      if (const auto found = child.get_child_optional(outcome)) {
        one.outcome = outcome;
        one.message = found->get<std::string>("<xmlattr>.message");
      }
    cases.push_back(one);
  }
  return cases;
}

TEST(FeedJunit, EveryCheckIsATestCase) {
  const Json document = golden();
  const auto cases = read_junit(feed_junit(document, root));
  for (const Json& check : document.at("checks"))
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [&](const ReadCase& one) {
      return one.outcome == "passed" && check.at("name") == one.classname + "." + one.name;
    })) << check;
}

TEST(FeedJunit, FailedChecksAndStatusesFail) {
  Json document = with_invalid_kernel();
  document["kernels"][1]["status"] = "FAILED";
  const auto cases = read_junit(feed_junit(document, root));
  const auto of = [&](const std::string& classname, const std::string& name) {
    const auto found = std::find_if(cases.begin(), cases.end(), [&](const ReadCase& one) {
      return one.classname.find(classname) != std::string::npos && one.name == name;
    });
    return found == cases.end() ? ReadCase{} : *found;
  };
  EXPECT_EQ(of("dense/gemm/n=1024", "status").outcome, "failure");
  EXPECT_NE(of("dense/gemm/n=1024", "status").message.find(awkward_text), std::string::npos);
  EXPECT_EQ(of("dense/gemm/n=4096", "status").outcome, "error");
  EXPECT_EQ(of("kernel.dense.gemm.n=1024", "freivalds__exact").outcome, "failure");
  const auto skipped =
      std::count_if(cases.begin(), cases.end(), [](const ReadCase& one) { return one.outcome == "skipped"; });
  EXPECT_GT(skipped, 0);
}

// --- OpenMetrics -----------------------------------------------------------------------------------------------------

struct Family {
  std::string type, unit;
  std::size_t samples = 0;
};

// A label set as the grammar has it: name="value" with \\, \" and \n as the only escapes.
std::map<std::string, std::string> read_labels(const std::string& text) {
  std::map<std::string, std::string> labels;
  static const std::regex one(R"re(([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$))re");
  std::string rest = text;
  for (std::smatch match; !rest.empty(); rest = match.suffix()) {
    if (!std::regex_search(rest, match, one, std::regex_constants::match_continuous))
      throw std::runtime_error("labels: " + text);
    std::string value;
    const std::string raw = match[2];
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\') ++i;
      value += raw[i] == 'n' && i > 0 && raw[i - 1] == '\\' ? '\n' : raw[i];
    }
    if (!labels.emplace(match[1], value).second) throw std::runtime_error("a label twice: " + text);
  }
  return labels;
}

// Reads strictly, throws where the text breaks a rule of the specification; samples by their name and labels.
std::map<std::string, double> read_openmetrics(const std::string& text, std::map<std::string, Family>& families) {
  static const std::regex metadata(R"(# (TYPE|UNIT|HELP) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*))");
  static const std::regex sample(R"(([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\+Inf|-Inf|NaN|[-+]?[0-9.eE+-]+))");
  const auto require = [](bool condition, const std::string& why) {
    if (!condition) throw std::runtime_error(why);
  };
  require(text.ends_with("\n# EOF\n"), "it does not end with # EOF");
  std::map<std::string, double> samples;
  std::set<std::string> closed;
  std::string current;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line == "# EOF") {
      require(lines.peek() == EOF, "something stands behind # EOF");
      break;
    }
    if (std::regex_match(line, match, metadata)) {
      const std::string name = match[2];
      if (name != current) {
        require(closed.insert(name).second && families.count(name) == 0, "a family in two places: " + name);
        current = name;
      }
      require(families[name].samples == 0, "metadata behind samples: " + line);
      if (match[1] == "TYPE") families[name].type = match[3];
      if (match[1] == "UNIT") families[name].unit = match[3];
      continue;
    }
    require(std::regex_match(line, match, sample), "no sample: " + line);
    Family& family = families.at(current);
    require(match[1] == current, "sample of another family: " + line);
    require(family.type == "gauge", "another type than a gauge, whose rules are checked here: " + line);
    require(family.unit.empty() || current.ends_with("_" + family.unit), "the unit is not the name's end: " + line);
    const auto labels = read_labels(match[2]);
    std::string key = match[1];
    for (const auto& [label, value] : labels) key += "|" + label + "=" + value;
    require(samples.emplace(key, std::stod(match[3])).second, "a sample twice: " + line);
    ++family.samples;
  }
  return samples;
}

TEST(FeedOpenMetrics, FollowsTheSpecificationAndHasEveryFigure) {
  const Json document = golden();
  std::map<std::string, Family> families;
  const auto samples = read_openmetrics(feed_openmetrics(document, root), families);
  std::size_t figures = 0;
  for (const Json& fom : document.at("foms")) {
    if (fom.at("value").is_null()) continue;
    ++figures;
    const std::string labels =
        "|fom=" + fom.at("name").get<std::string>() + "|status=" + fom.at("status").get<std::string>();
    const bool found = std::any_of(samples.begin(), samples.end(), [&](const auto& one) {
      return one.first.starts_with("tandem_figure_") && one.first.ends_with(labels) &&
             (fom.at("value").is_string() || one.second == fom.at("value").get<double>());
    });
    EXPECT_TRUE(found) << fom;
  }
  EXPECT_GT(figures, 10u);
  EXPECT_EQ(families.at("tandem_figure_seconds").unit, "seconds");
  EXPECT_EQ(families.at("tandem_run_info").samples, 1u);
  EXPECT_EQ(families.at("tandem_check_passed").samples, document.at("checks").size());
}

TEST(FeedOpenMetrics, InvalidCasesHaveNoFigureAndLabelsAreEscaped) {
  Json document = with_invalid_kernel();
  document["machine"]["cpu"] = awkward_text;
  std::map<std::string, Family> families;
  const auto samples = read_openmetrics(feed_openmetrics(document, root), families);
  bool escaped = false;
  for (const auto& [name, value] : samples) {
    EXPECT_FALSE(name.starts_with("tandem_figure") && name.find("dense.gemm.n=1024") != std::string::npos) << name;
    escaped = escaped || name.find("cpu=" + awkward_text) != std::string::npos;
  }
  EXPECT_TRUE(escaped);
  const std::string name = "tandem_case_status|case=dense/gemm/n=1024/precision=fp64/device=cpu|status=";
  EXPECT_EQ(samples.at(name + "INVALID"), 1);
  EXPECT_EQ(samples.at(name + "UNOFFICIAL"), 0);
}

TEST(FeedOpenMetrics, TheStrictReaderIsStrict) {
  const std::string good = "# TYPE a gauge\na{b=\"c\"} 1\n# EOF\n";
  std::map<std::string, Family> families;
  EXPECT_EQ(read_openmetrics(good, families).size(), 1u);
  for (const char* bad :
       {"# TYPE a gauge\na 1\n", "# TYPE a gauge\na{b=\"\\c\"} 1\n# EOF\n", "# TYPE a gauge\nb 1\n# EOF\n",
        "# TYPE a_s gauge\n# UNIT a_s seconds\na_s 1\n# EOF\n", "# TYPE a gauge\na 1\na 2\n# EOF\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\n# TYPE a gauge\n# EOF\n"}) {
    families.clear();
    EXPECT_THROW(read_openmetrics(bad, families), std::runtime_error) << bad;
  }
}

// --- CSV -------------------------------------------------------------------------------------------------------------

TEST(FeedCsv, IsReadBackAndNullsAreEmptyWithAReason) {
  Json document = with_invalid_kernel();
  document["machine"]["cpu"] = awkward_text;
  const std::string text = feed_csv(document, root);
  const auto records = parse_csv(text, "feed");
  ASSERT_EQ(records.size(), document.at("foms").size() + 1);
  std::map<std::string, std::size_t> column;
  for (std::size_t i = 0; i < records[0].size(); ++i) column[records[0][i]] = i;
  for (std::size_t i = 1; i < records.size(); ++i) {
    const Json& fom = document.at("foms").at(i - 1);
    const std::string& value = records[i][column.at("value")];
    EXPECT_EQ(fom.at("name"), records[i][column.at("fom")]);
    EXPECT_EQ(records[i][column.at("cpu")], awkward_text);
    if (fom.at("value").is_number()) {
      EXPECT_EQ(std::stod(value), fom.at("value").get<double>());
    } else if (fom.at("value").is_null()) {
      EXPECT_TRUE(value.empty() && !records[i][column.at("reason")].empty()) << fom;
    }
  }
  EXPECT_TRUE(text.ends_with("\r\n"));
}

}  // namespace
}  // namespace tandem
