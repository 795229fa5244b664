// A configuration as a user writes it, and every way to get it wrong: one line that says where, what and what to do.
#include "harness/launch/config.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/device/host.hpp"
#include "harness/launch/plan.hpp"
#include "harness/launch/process.hpp"

namespace tandem {
namespace {

Config parse(const std::string& text, const Overrides& overrides = {}) {
  return parse_config(text, "my.toml", overrides);
}

// The message of a refusal, which must be a usage error of one line (but for a list of cases).
std::string refusal(const std::string& text, const Overrides& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage) << error.what();
    return error.what();
  }
  return "accepted";
}

const std::string kGemm = "[[kernel]]\nname = \"dense/gemm\"\n";
const std::string kToy = "[[pipeline]]\nname = \"toy\"\n";

TEST(Config, ListsMakeACaseForEachCombination) {
  const Config config =
      parse("[[kernel]]\nname = \"dense/mixed_gemm\"\nprecision = [\"fp32\", \"bf16\"]\nn = [64, \"1k\"]\n");
  ASSERT_EQ(config.cases.size(), 4u);
  std::vector<std::string> paths;
  for (const CaseConfig& item : config.cases) paths.push_back(item.path());
  EXPECT_NE(paths[0].find("n=64"), std::string::npos);
  EXPECT_NE(paths[0].find("precision=fp32"), std::string::npos);
  EXPECT_NE(paths[3].find("n=1k"), std::string::npos);
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), 4u);
  EXPECT_EQ(config.run_class, "quick");
  EXPECT_EQ(config.launches, 1);
}

TEST(Config, TheHeadlineStandsInThePlan) {
  const Config config = parse("headline = [\"kernel.dense.*\"]\n" + kGemm);
  const Json plan = to_json(make_plan(config));
  EXPECT_EQ(plan.at("headline"), Json::array({"kernel.dense.*"}));
  EXPECT_EQ(to_json(plan_of(plan)), plan);
  EXPECT_FALSE(to_json(make_plan(parse(kGemm))).contains("headline")) << "the digests of other plans stay";
}

TEST(Config, ClassesRanksAndThreads) {
  EXPECT_EQ(parse("class = \"standard\"\n" + kGemm).launches, 3);
  EXPECT_EQ(parse("class = \"official\"\n" + kGemm).launches, 10);
  EXPECT_EQ(parse("class = \"procurement\"\n" + kGemm).launches, 14);
  EXPECT_EQ(parse(kGemm, {"", 5, 0}).launches, 5);
  EXPECT_EQ(parse("threads = 3\n" + kGemm).cases[0].threads, 3);
  EXPECT_EQ(parse("threads = 3\n" + kGemm + "threads = 1\n").cases[0].threads, 1);
  const Config config = parse("ranks = 2\n" + kGemm + "n = 8\n" + kGemm + "n = 9\nranks = 1\n", {"", 0, 4});
  EXPECT_EQ(config.cases[0].ranks, 4);
  EXPECT_EQ(config.cases[1].ranks, 1);
  EXPECT_TRUE(config.cases[0].path().ends_with("/device=cpu/ranks=4"));
  EXPECT_TRUE(config.cases[1].path().ends_with("/device=cpu"));
  EXPECT_EQ(config.cases[0].threads, std::max(1, physical_cores() / 4));
}

TEST(Config, PipelinesHaveAllArmsUnlessSomeAreNamed) {
  const auto arms = [](const std::string& text) {
    std::vector<std::string> names;
    const Config config = parse(kToy + text);
    for (const ArmId& arm : config.cases[0].arms) names.push_back(arm.text());
    return names;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(arms(""), (Names{"simulation_only", "separated", "integrated.coupling=in_memory"}));
  EXPECT_EQ(arms("arms = [\"integrated\"]\n"), Names{"integrated.coupling=in_memory"});
  EXPECT_EQ(arms("arms = \"separated\"\ncache = [\"warm\", \"cold\"]\n"), (Names{"separated", "separated.cache=cold"}));
  EXPECT_EQ(arms("arms = \"integrated\"\nranks = 3\nthreads = 1\ncoupling = [\"concurrent\", \"in_memory\"]\n"),
            (Names{"integrated.coupling=concurrent.split=1+2", "integrated.coupling=in_memory"}));
  EXPECT_EQ(arms("arms = \"integrated\"\nthreads = 4\ncoupling = \"concurrent\"\nsplit = [\"1+1\", \"3+1\"]\n"),
            (Names{"integrated.coupling=concurrent.split=1+1", "integrated.coupling=concurrent.split=3+1"}));
  EXPECT_EQ(arms("arms = [\"separated\", \"integrated\"]\ndesign = [\"fixed\", \"steered\", \"fixed_until_gate\"]\n"),
            (Names{"separated", "integrated.coupling=in_memory", "integrated.coupling=in_memory.design=steered",
                   "integrated.coupling=in_memory.design=fixed_until_gate"}));
  EXPECT_EQ(
      arms("arms = \"integrated\"\nthreads = 2\ncoupling = \"concurrent\"\ndesign = [\"steered\", \"fixed\"]\n"),
      (Names{"integrated.coupling=concurrent.split=1+1.design=steered", "integrated.coupling=concurrent.split=1+1"}));
}

TEST(Config, ASplitTakesTheCoresOfItsCase) {
  const auto config = parse(kToy + "arms = \"integrated\"\nthreads = 4\ncoupling = \"concurrent\"\nsplit = \"1+1\"\n");
  EXPECT_EQ(config.cases[0].most_ranks(), 2);
  const Geometry geometry = geometry_of(config.cases[0].arms[0], 1, 4);
  EXPECT_EQ(geometry.ranks, 2);
  EXPECT_EQ(geometry.threads, 2);
  EXPECT_FALSE(geometry.uneven());
}

TEST(Config, ASplitMayShareOutThreads) {
  const std::string toy = kToy + "arms = \"integrated\"\nthreads = 8\ncoupling = \"concurrent\"\n";
  const ArmId arm = parse(toy + "split = \"1x2+2x3\"\n").cases[0].arms[0];
  EXPECT_EQ(arm.text(), "integrated.coupling=concurrent.split=1x2+2x3");
  EXPECT_EQ(arm.split.share(), 0.25);
  const Geometry geometry = geometry_of(arm, 1, 8);
  EXPECT_EQ(geometry.ranks, 3);
  EXPECT_EQ(geometry.threads, 3);
  EXPECT_EQ(geometry.cores, 8);
  EXPECT_TRUE(geometry.uneven());
  for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(arm.split.threads_of(rank), rank == 0 ? 2 : 3);
  const std::string message = refusal(toy + "split = \"1x2+1x7\"\n");
  EXPECT_NE(message.find("split 1x2+1x7 takes 9 cores; this case has ranks * threads = 8"), std::string::npos)
      << message;
}

TEST(ArmId, TextIsReadAsItWasWritten) {
  for (const char* text : {"simulation_only", "separated", "separated.cache=cold", "integrated.coupling=in_memory",
                           "integrated.coupling=concurrent.split=12+4", "integrated.coupling=streamed.split=1x2+12x6",
                           "integrated.coupling=in_memory.design=steered", ""})
    EXPECT_EQ(ArmId::of(text).text(), text);
  EXPECT_EQ(ArmId::of("integrated").text(), "integrated.coupling=in_memory");
  EXPECT_THROW(ArmId::of("integrated.colour=red"), Error);
  for (const char* text : {"", "1", "1+", "+1", "0+1", "1+0", "1+1+1", "a+b", "1.5+1", "1x1+1", "1+1x1", "1x0+1x1",
                           "1x+1x1", "1xx1+1x1", "-1+1"})
    EXPECT_THROW(Split::of(text), Error) << text;
}

TEST(Config, FiltersAreGlobsOnPaths) {
  const std::string text = kGemm + "n = [32, 64]\n" + kToy;
  EXPECT_EQ(parse(text, {"dense/*", 0, 0}).cases.size(), 2u);
  EXPECT_EQ(parse(text, {"toy", 0, 0}).cases.size(), 1u);
  EXPECT_EQ(parse(text, {"*n=64*", 0, 0}).cases.size(), 1u);
  const std::string message = refusal(text, {"sparse/*", 0, 0});
  EXPECT_NE(message.find("--filter \"sparse/*\" matches none of the 3 cases of my.toml"), std::string::npos) << message;
  EXPECT_NE(message.find("toy/size=S"), std::string::npos) << message;
}

TEST(Config, KernelsThatPredictAPipelineAreMeasuredWithIt) {
  const auto paths = [](const std::string& text, const Overrides& overrides = {}) {
    std::vector<std::string> found;
    for (const CaseConfig& item : parse(text, overrides).cases)
      found.push_back(fmt::format("{} x {}", item.path(), item.threads));
    return found;
  };
  using Names = std::vector<std::string>;
  const std::string three = "threads = 3\n", measured = "predicting_kernels = \"measured\"\n";
  const Names all = {"toy/size=S/ballast=0/device=cpu x 3", "dense/gemm/n=64/precision=fp64/device=cpu x 3",
                     "sparse/cg/n=8/preconditioner=fp64/device=cpu x 3"};
  EXPECT_EQ(paths(three + kToy), Names{all[0]});
  EXPECT_EQ(paths(three + kToy + measured), all);
  EXPECT_EQ(paths("class = \"standard\"\n" + three + kToy), all);
  EXPECT_EQ(paths(three + kToy + measured + kGemm + "n = 64\n"), (Names{all[1], all[0], all[2]})) << "once";
  EXPECT_EQ(paths(three + kToy + measured + kGemm + "n = 32\n", {"toy", 0, 0}), all) << "with their pipeline";
  EXPECT_EQ(paths(three + kToy + measured + "ranks = 2\n").size(), 1u) << "they predict one rank";
}

const std::string kModel =
    "[energy_model]\nsource = \"a data sheet\"\nidle = 60\nphase = 45.5\ntransition = 20\nwaiting = 0\n";

TEST(Config, ADeclaredPowerModelIsPartOfThePlan) {
  const Config config = parse(kModel + kGemm);
  ASSERT_TRUE(config.energy_model);
  EXPECT_EQ(config.energy_model->source, "a data sheet");
  EXPECT_EQ(config.energy_model->phase, 45.5);
  EXPECT_EQ(
      to_json(make_plan(config)).at("energy_model"),
      Json({{"source", "a data sheet"}, {"idle", 60.0}, {"phase", 45.5}, {"transition", 20.0}, {"waiting", 0.0}}));
  EXPECT_FALSE(to_json(make_plan(parse(kGemm))).contains("energy_model"));
}

struct Wrong {
  const char* what;
  std::string text, message;
};

TEST(Config, EveryMistakeIsNamedWithItsLineAndItsMend) {
  const std::vector<Wrong> all = {
      {"key", kGemm + "m = 64\n", R"(my.toml:3: unknown key "m" in [[kernel]] dense/gemm; did you mean "n"?)"},
      {"key of the root", "clas = \"quick\"\n" + kGemm,
       R"(my.toml:1: unknown key "clas" in the configuration; did you mean "class"?)"},
      {"far key", "colour = 1\n" + kGemm,
       R"(my.toml:1: unknown key "colour" in the configuration; known: class, launches)"},
      {"table", "[[kernels]]\nname = \"x\"\n",
       R"(my.toml:1: unknown key "kernels" in the configuration; did you mean "kernel"?)"},
      {"name", "[[kernel]]\nname = \"dense/gem\"\n",
       R"(my.toml:2: name = "dense/gem" is not known; did you mean "dense/gemm"?)"},
      {"no name", "[[kernel]]\nn = 64\n", R"(my.toml:1: "name" is missing; known: )"},
      {"pipeline", "[[pipeline]]\nname = \"heet\"\n", R"(my.toml:2: name = "heet" is not known; did you mean "heat"?)"},
      {"class", "class = \"quik\"\n" + kGemm, R"(my.toml:1: class = "quik" is not known; did you mean "quick"?)"},
      {"device", "device = \"tpu\"\n" + kGemm, R"(my.toml:1: device = "tpu" is not known; )"},
      {"value", kGemm + "n = \"many\"\n", "my.toml:1: dense/gemm: "},
      {"size", kToy + "size = \"XL\"\n", "my.toml:1: toy: size=XL is not S"},
      {"type", kGemm + "n = true\n", R"(my.toml:3: "n" must be a text or a number)"},
      {"empty list", kGemm + "n = []\n", R"(my.toml:3: "n" is an empty list; give at least one value)"},
      {"ranks", kGemm + "ranks = 0\n", R"(my.toml:3: "ranks" must be a whole number >= 1)"},
      {"ranks as text", "ranks = \"two\"\n" + kGemm, R"(my.toml:1: "ranks" must be a whole number >= 1)"},
      {"half a rank", "ranks = 1.5\n" + kGemm, R"(my.toml:1: "ranks" must be a whole number >= 1)"},
      {"threads", "threads = \"all\"\n" + kGemm, R"(my.toml:1: threads = "all" is not known)"},
      {"threads of a case", kGemm + "threads = \"all\"\n", R"(my.toml:3: threads = "all" is not known)"},
      {"limits", "limits = \"non\"\n" + kGemm, R"(my.toml:1: limits = "non" is not known; did you mean "none"?)"},
      {"no limits", "class = \"standard\"\nlimits = \"none\"\n" + kGemm,
       "my.toml:2: limits = \"none\" is for class quick"},
      {"keep", "keep = \"record\"\n" + kGemm, R"(my.toml:1: keep = "record" is not known; did you mean "records"?)"},
      {"launches", "class = \"standard\"\nlaunches = 2\n" + kGemm,
       "class standard needs at least 3 launches, 2 were asked for"},
      {"arm", kToy + "arms = [\"integrate\"]\n",
       R"(my.toml:3: arms = "integrate" is not known; did you mean "integrated"?)"},
      {"arm twice", kToy + "arms = [\"integrated\", \"integrated\"]\n",
       R"(my.toml:3: arms: "integrated" stands there twice)"},
      {"coupling", kToy + "coupling = \"concurent\"\n",
       R"(my.toml:3: coupling = "concurent" is not known; did you mean "concurrent"?)"},
      {"coupling on one core", kToy + "threads = 1\ncoupling = \"concurrent\"\n",
       "my.toml:4: simulating and training at the same time takes two cores; this case has ranks * threads = 1"},
      {"split", kToy + "threads = 2\ncoupling = \"concurrent\"\nsplit = \"2\"\n",
       R"(my.toml:5: split "2" is not known; write the ranks that simulate and those that train, "1+1", or with the threads of each such rank, "1x2+1x6")"},
      {"large split", kToy + "threads = 2\ncoupling = \"concurrent\"\nsplit = \"2+1\"\n",
       "my.toml:5: split 2+1 takes 3 cores; this case has ranks * threads = 2"},
      {"cache", kToy + "cache = \"hot\"\n", R"(my.toml:3: cache = "hot" is not known; known: warm, cold)"},
      {"hand-over", kToy + "handover = \"double\"\n",
       R"(my.toml:3: handover = "double" is not known; known: fp32, bf16)"},
      {"hand-over of a growing design", kToy + "design = \"steered\"\nhandover = \"bf16\"\n",
       R"(my.toml:4: handover = "bf16" goes with design = "fixed" only)"},
      {"design", kToy + "design = \"stered\"\n",
       R"(my.toml:3: design = "stered" is not known; did you mean "steered"?)"},
      {"steered elsewhere", kToy + "design = \"steered\"\narms = \"separated\"\n",
       R"(my.toml:3: design = "steered" runs in the arm "integrated" with coupling = "in_memory")"},
      {"steered twice", kToy + "design = [\"steered\", \"steered\"]\n",
       R"(my.toml:3: design: "steered" stands there twice)"},
      {"list", "class = [\"quick\", \"standard\"]\n" + kGemm, R"(my.toml:1: "class" takes one value, not a list)"},
      {"no list of tables", "kernel = 3\n", "my.toml:1: write [[kernel]], one table a case"},
      {"list of numbers", "kernel = [3]\n", "my.toml:1: write [[kernel]], one table a case"},
      {"nothing", "class = \"quick\"\n", "my.toml: nothing to measure: add a [[kernel]] or a [[pipeline]]"},
      {"twice", kGemm + "n = [64, 64]\n", "my.toml: the case dense/gemm/n=64"},
      {"model's key", kModel + "wats = 3\n" + kGemm, R"(my.toml:7: unknown key "wats" in [energy_model]; )"},
      {"model without a figure", "[energy_model]\nsource = \"x\"\nidle = 60\n" + kGemm,
       R"(my.toml:1: [energy_model]: "phase" must be a number >= 0)"},
      {"model below 0", "[energy_model]\nsource = \"x\"\nidle = -1\n" + kGemm,
       R"(my.toml:3: [energy_model]: "idle" must be a number >= 0)"},
      {"model as text", "[energy_model]\nsource = \"x\"\nidle = \"60 W\"\n" + kGemm,
       R"(my.toml:3: [energy_model]: "idle" must be a number >= 0)"},
      {"model out of the air", "[energy_model]\nidle = 60\n" + kGemm, "my.toml:1: [energy_model]: \"source\" must say"},
      {"models", "[[energy_model]]\nidle = 60\n" + kGemm, "my.toml:1: write [energy_model], one table"},
      {"syntax", "class = \n" + kGemm, "my.toml:1: "},
      {"unclosed", "class = \"quick\n", "my.toml:1: "},
  };
  for (const Wrong& wrong : all) {
    const std::string message = refusal(wrong.text);
    EXPECT_TRUE(message.starts_with(wrong.message)) << wrong.what << ": " << message << "\nexpected " << wrong.message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << wrong.what << ": " << message;
  }
}

TEST(Config, AFileThatIsNotThereIsNamed) {
  try {
    read_config("/nowhere/my.toml", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_STREQ(error.what(), "cannot read /nowhere/my.toml: it does not exist");
  }
}

TEST(Plan, ReadsBackWhatItWrote) {
  const Plan plan =
      make_plan(parse("class = \"standard\"\nkeep = \"records\"\nseed = 7\nlauncher = \"srun -n {ranks}\"\n" + kGemm +
                      "n = 32\n" + kToy));
  const Json document = to_json(plan);
  EXPECT_EQ(to_json(plan_of(document)), document);
  EXPECT_EQ(plan.jobs.size(), 1 + 3 * (1 + 3 + 2) + 1u);
  std::set<std::string> ids;
  for (const Job& job : plan.jobs) ids.insert(job.id);
  EXPECT_EQ(ids.size(), plan.jobs.size());
}

TEST(Plan, LimitsAreMeasuredUnlessToldOtherwise) {
  const auto limits = [](const std::string& config) {
    const Plan plan = make_plan(parse(config));
    return std::count_if(plan.jobs.begin(), plan.jobs.end(),
                         [](const Job& job) { return job.kind == Job::Kind::limits; });
  };
  EXPECT_EQ(limits(kGemm), 2) << "before and after";
  EXPECT_EQ(limits("limits = \"measured\"\n" + kGemm), 2);
  EXPECT_EQ(limits("limits = \"none\"\n" + kGemm), 0);
}

TEST(Plan, ArmsOfABlockShareItsSeedAndBlocksDiffer) {
  const Plan plan = make_plan(parse("class = \"official\"\n" + kToy));
  std::map<int, std::set<std::uint64_t>> seeds;
  std::set<std::uint64_t> all;
  std::set<std::string> first;
  for (const Job& job : plan.jobs) {
    if (job.kind != Job::Kind::arm) continue;
    if (!seeds.contains(job.launch)) first.insert(job.arm.text());
    seeds[job.launch].insert(job.seed);
    all.insert(job.seed);
  }
  for (const auto& [launch, of_block] : seeds) EXPECT_EQ(of_block.size(), 1u) << launch;
  EXPECT_EQ(all.size(), 20u);  // as many as the stop rule may ask for
  EXPECT_GT(first.size(), 1u) << "the same arm always runs first";
}

TEST(Plan, ItsDigestChangesWithTheProblem) {
  const Plan plan = make_plan(parse(kToy));
  Json document = to_json(plan);
  const std::string digest = plan_digest(document);
  EXPECT_EQ(digest, plan_digest(to_json(make_plan(parse(kToy)))));
  document["cases"][0]["problem"]["target"] = 0.3;
  EXPECT_NE(digest, plan_digest(document));
}

// Open MPI 5 divides by the cores of a rank.
TEST(Launcher, AsksForAtLeastOneCoreARank) {
  const auto command = worker_command("mpirun -n {ranks} --map-by slot:PE={threads}", {2, 0}, "job.json");
  EXPECT_EQ(command[4], "slot:PE=1");
  for (const std::string& word : worker_command("", {2, 0}, "job.json"))
    EXPECT_EQ(word.find("PE=0"), std::string::npos);
}

TEST(Launcher, BindsNoRankWhereSharesOfThreadsDiffer) {
  Geometry geometry(2, 2);
  geometry.cores = 3;
  for (const std::string& word : worker_command("", geometry, "job.json"))
    EXPECT_EQ(word.find("PE="), std::string::npos);
}

}  // namespace
}  // namespace tandem
