// tandem regress as a user types it: one real night, earlier ones made from it, and both programs again in turn.
#include <cmath>
#include <csignal>
#include <cstdlib>

#include "harness/base/digest.hpp"
#include "harness/decide/history.hpp"
#include "harness/result/files.hpp"
#include "tests/browser.hpp"
#include "tests/cli/measured.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr const char* kPlan = R"(class = "quick"
limits = "none"
[[pipeline]]
name = "toy_slow"
seconds = 0.002
threads = 1
arms = ["integrated"]
)";

// A night that costs ten times what the nights before it did; the night before it does already, for a machine that is
// busy with other tests makes a night UNSTABLE, and one such night alone is no suspicion.
struct Nights {
  Nights() {
    place.write("plan.toml", kPlan);
    ran = place.run(kTandem + " run plan.toml --out tonight");
    added = place.run(kTandem + " regress --history nights --add tonight");
    Night night = read_history(place.folder() / "nights").newest.at(0);
    for (int i = 0; i < 16; ++i) {
      night.started = fmt::format("2001-01-{:02}T00:00:00Z", i + 1);
      night.root = sha256(std::to_string(i));
      Night made = night;
      for (double& cost : made.figures.at(0).costs) cost *= i < 15 ? 0.1 + 0.001 * (i % 5) : 1;
      *made.figures[0].ln_median = std::log(made.figures[0].costs.at(0));
      add_night(place.folder() / "nights", made);
    }
  }
  Workplace place;
  Outcome ran, added;
};

const Nights& nights() {
  static const Nights made;
  return made;
}

TEST(RegressVerb, AddsAVerifiedNightOnce) {
  ASSERT_EQ(nights().ran.code, 0) << nights().ran.err;
  EXPECT_EQ(nights().added.code, 0) << nights().added.out << nights().added.err;
  for (const char* text : {"added: nights/20", "TOO-SHORT: too few nights to judge any series yet",
                           "TANDEM-REGRESS v1 verdict=TOO-SHORT nights=1 series=1 alarms=0"})
    EXPECT_TRUE(nights().added.says(text)) << text << nights().added.out;
  expect_refused(nights().place.run(kTandem + " regress --history nights --add tonight"), 2,
                 "has this result already, as 20");
  for (const auto& file : fs::directory_iterator(nights().place.folder() / "nights"))
    EXPECT_EQ(schema_errors(file.path(), "night-1"), "") << file.path();
}

TEST(RegressVerb, ATamperedResultIsNoNight) {
  const Workplace place;
  fs::copy(nights().place.folder() / "tonight", place.folder() / "tonight", fs::copy_options::recursive);
  std::string text = place.read("tonight/result.json");
  text[text.find("\"seconds\": ") + 12] = '7';
  place.write("tonight/result.json", text);
  const Outcome outcome = place.run(kTandem + " regress --history nights --add tonight");
  EXPECT_EQ(outcome.code, 3) << outcome.out << outcome.err;
  EXPECT_FALSE(fs::exists(place.folder() / "nights"));
}

TEST(RegressVerb, ADearNightIsASuspicion) {
  const Outcome outcome = nights().place.run(kTandem + " regress --history nights --out trend.html");
  EXPECT_EQ(outcome.code, 5) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("SUSPECT: ")) << outcome.out;
  EXPECT_TRUE(outcome.says("fast: ")) << outcome.out;
  EXPECT_EQ(schema_errors(nights().place.folder() / "trend.json", "regress-1"), "");
  expect_refused(nights().place.run(kTandem + " regress --history nights --out trend.html"), 2, "exists already");
}

TEST(RegressVerb, ABrowserDrawsTheTrendPageWithoutErrors) {
  if (!has_browser()) GTEST_SKIP() << "no chromium here";
  const Workplace place;
  fs::copy(nights().place.folder() / "nights", place.folder() / "nights");
  place.run(kTandem + " regress --history nights --out page.html");
  const UsedPage used = used_page(place.read("page.html"));
  const std::string& page = used.main;
  EXPECT_GE(used.notes.at("heads"), 1);
  EXPECT_GE(used.notes.at("charts"), 1);
  ASSERT_FALSE(used.notes.at("records").empty());
  for (const Json& night : used.notes.at("records"))
    EXPECT_TRUE(fs::exists(place.folder() / night.get<std::string>())) << night;
  for (const char* text : {"<b>SUSPECT</b>", "What changed", "All series", "Night by night", "<canvas"})
    EXPECT_TRUE(contains(page, text)) << text;
  for (const char* text : {"[object ", ">undefined<", ">NaN", "</figure>null"})
    EXPECT_FALSE(contains(page, text)) << text;
}

TEST(RegressVerb, BothProgramsInTurnConfirmIt) {
  const Workplace& place = nights().place;
  place.write("new.sh", "#!/bin/sh\nTANDEM_TEST_SLOWER=250 exec " + kTandem + " \"$@\"\n");
  fs::permissions(place.folder() / "new.sh", fs::perms::owner_all);
  const Outcome outcome = place.run(kTandem +
                                    " regress --history nights --out why.html --config plan.toml --seed 3 "
                                    "--new ./new.sh --good " +
                                    kTandem);
  EXPECT_EQ(outcome.code, 6) << outcome.out << outcome.err;
  for (const char* text : {"6 launches of 1 case each, into why-rerun; order by seed 3", "[12/12]",
                           "run again in turn: SLOWER, new / good = ", "6 against 6 launches, p = 0.0022",
                           "TANDEM-REGRESS v1 verdict=REGRESSION"})
    EXPECT_TRUE(outcome.says(text)) << text << "\n" << outcome.out;
  const Json record = read_json(place.folder() / "why.json");
  EXPECT_EQ(schema_errors(place.folder() / "why.json", "regress-1"), "");
  EXPECT_EQ(record.at("rerun").at("seed"), 3);
  EXPECT_EQ(record.at("alarms")[0].at("rerun").at("verdict"), "SLOWER");
  EXPECT_GT(record.at("alarms")[0].at("rerun").at("ratio").get<double>(), 1.2);
  int sealed = 0;
  for (const auto& file : fs::recursive_directory_iterator(place.folder() / "why-rerun"))
    sealed += file.path().filename() == "manifest-sha256.txt" ? 1 : 0;
  EXPECT_EQ(sealed, 12);
}

TEST(RegressVerb, AnInterruptedRerunKeepsWhatItHas) {
  const Workplace& place = nights().place;
  const pid_t child = place.start(kTandem + " regress --history nights --out cut.html --config plan.toml --new " +
                                  kTandem + " --good " + kTandem);
  int sealed = 0;
  const auto count = [&] {
    sealed = 0;
    if (fs::exists(place.folder() / "cut-rerun"))
      for (const auto& folder : fs::directory_iterator(place.folder() / "cut-rerun"))
        for (const auto& launch : fs::directory_iterator(folder))
          sealed += fs::exists(launch.path() / "manifest-sha256.txt") ? 1 : 0;
    return sealed >= 1;
  };
  EXPECT_TRUE(Workplace::until(count));
  kill(child, SIGINT);
  const Outcome outcome = place.wait(child);
  EXPECT_EQ(outcome.code, 130) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.says("of 12 launches are kept in cut-rerun")) << outcome.out;
  count();
  EXPECT_GE(sealed, 1);
  EXPECT_FALSE(fs::exists(place.folder() / "cut.html")) << "nothing was decided";
}

TEST(RegressVerb, RefusesWhatMakesNoSense) {
  const Workplace& place = nights().place;
  const auto refused = [&](const std::string& options, int code, const std::string& text) {
    expect_refused(place.run(kTandem + " regress " + options), code, text);
  };
  refused("--history nowhere", 2, "begin a history with --add");
  refused("--history nights --out trend.pdf", 2, "write a name that ends in .html");
  refused("--history nights --new ./new.sh", 2, "give both --new and --good");
  refused("--history nights --new a --good b", 2, "need the nights' plan, --config FILE");
  refused("--history nights --new a --good b --config plan.toml --out a.html", 2, "a is no program");
  refused("--history nights --new /bin/false --good /bin/false --config plan.toml --out b.html", 1,
          "/bin/false could not measure toy_slow/");
  const Outcome help = place.run(kTandem + " regress --help");
  EXPECT_TRUE(help.code == 0 && help.says("tandem regress --history nights --out trend.html")) << help.out;
}

TEST(RegressVerb, ADamagedNightEndsItAndIsNamed) {
  const Workplace place;
  fs::copy(nights().place.folder() / "nights", place.folder() / "nights");
  const std::string name = fs::directory_iterator(place.folder() / "nights")->path().filename().string();
  const std::string whole = place.read("nights/" + name);
  place.write("nights/" + name, whole.substr(0, whole.size() - 20));
  expect_refused(place.run(kTandem + " regress --history nights"), 3, "nights/" + name + " is damaged");
}

TEST(RegressVerb, WhatIsAcceptedIsNoAlarmAfterwards) {
  const Workplace place;
  fs::copy(nights().place.folder() / "nights", place.folder() / "nights");
  const Outcome accepted = place.run(kTandem + " regress --history nights --accept 'a bigger problem'");
  EXPECT_EQ(accepted.code, 0) << accepted.out << accepted.err;
  EXPECT_TRUE(accepted.says("accepted: 1 series start anew")) << accepted.out;
  const Outcome after = place.run(kTandem + " regress --history nights");
  EXPECT_EQ(after.code, 0) << after.out << after.err;
  EXPECT_TRUE(after.says("accepted: a bigger problem")) << after.out;
  expect_refused(place.run(kTandem + " regress --history nights --accept again"), 2, "there is nothing to accept");
}

}  // namespace
}  // namespace tandem
