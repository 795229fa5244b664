// Points of the regime map: both arms compute the same from what is handed over, and a difference anywhere is seen.
#include "harness/pipeline/regime.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <gtest/gtest.h>

#include "harness/measure/recorder.hpp"
#include "tests/cli/schema.hpp"
#include "tests/cli/small_run.hpp"
#include "tests/toy_pipeline.hpp"

namespace fs = std::filesystem;

namespace tandem {
namespace {

constexpr std::size_t kSamples = 20, kBallast = 1000;
constexpr double kBytes = kSamples * 4.0 * (kBallast + 3 * 8 + 3 * 4 + 3 * 4 * 8 + 2);

class Regime : public ::testing::TestWithParam<std::string> {
 protected:
  // The records of one stage of an arm.
  std::vector<Json> run(const std::string& arm, const std::string& stage) {
    const PipelineEntry entry = pipelines::toy();
    Settings settings(regime_parameters(entry));
    settings.set("consumer", GetParam());
    settings.set("ballast", std::to_string(kBallast));
    settings.set("samples", std::to_string(kSamples));
    if (GetParam() == "train") settings.set("steps", "30");
    const Pipeline pipeline = regime_pipeline(entry, settings, 1);
    const auto consumer = make_consumer(GetParam());
    ArmJob job;
    job.id = ArmId::of(arm);
    job.stage = stage;
    job.seed = 7;
    job.folder = place.folder();
    const fs::path file = place.folder() / (arm + stage);
    fs::remove(file);
    {
      static const Ranks ranks(1);
      Recorder recorder(file, 0);
      run_coupled(job, pipeline, *consumer, ranks, recorder);
      recorder.leave();
    }
    std::vector<Json> records;
    read_lines(file, [&](Json&& line) { records.push_back(std::move(line)); });
    return records;
  }
  static Json of(const std::vector<Json>& records, const std::string& kind) {
    for (const Json& record : records)
      if (record.at("record") == kind) return record;
    return nullptr;
  }
  static std::string digest(const std::vector<Json>& records) { return of(records, "work").at("sha256"); }

  // Changes the last bit of one number between the two processes: the first of the ballast, or of the labels.
  void corrupt() const {
    const fs::path file = place.folder() / "samples.0.h5";
    std::string bytes = read_file(file);
    const std::size_t at = GetParam() == "monitor" ? of_ballast(bytes) : of_label(bytes);
    ASSERT_NE(at, std::string::npos);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    write_file(file, bytes);
  }
  static std::size_t of_ballast(const std::string& bytes) {
    const std::vector<float> ones(kBallast, 1.0f);
    return bytes.find(std::string(reinterpret_cast<const char*>(ones.data()), ones.size() * sizeof(float)));
  }
  static std::size_t of_label(const std::string& bytes) {
    const Pipeline pipeline = pipelines::toy().make(Settings(pipelines::toy().parameters), 1);
    const Case first = pipeline.problem->draw(Purpose::training, 7, 0);
    const auto samples = pipeline.simulation->simulate(std::span(&first, 1), Fidelity::train);
    const std::vector<float>& labels = samples[0].arrays.at("labels").values;
    return bytes.find(std::string(reinterpret_cast<const char*>(labels.data()), labels.size() * sizeof(float)));
  }
  Workplace place;
};

TEST_P(Regime, BothArmsComputeTheSame) {
  const auto integrated = run("integrated", "all"), simulated = run("separated", "simulate"),
             consumed = run("separated", "consume");
  EXPECT_EQ(digest(integrated), digest(consumed));
  EXPECT_TRUE(of(simulated, "work").is_null());
  EXPECT_EQ(of(integrated, "work").at("flops"), of(consumed, "work").at("flops"));
  EXPECT_GT(of(integrated, "work").at("flops"), 0.0);
  if (GetParam() == "monitor") {
    EXPECT_EQ(of(integrated, "work").at("flops"), 5 * kBytes / 4) << "every value, five operations";
  }
  for (const auto* records : {&integrated, &consumed}) EXPECT_EQ(of(*records, "useful").at("bytes"), kBytes);
  EXPECT_EQ(of(simulated, "bytes").at("bytes"), kBytes);
  EXPECT_TRUE(of(integrated, "bytes").is_null()) << "in memory no byte moves";
  EXPECT_LT(of(integrated, "training_invariant").at("value"), 1e-5);
}

TEST_P(Regime, OneWrongBitInTheHandOverIsSeen) {
  run("separated", "simulate");
  const std::string whole = digest(run("separated", "consume"));
  corrupt();
  EXPECT_NE(digest(run("separated", "consume")), whole);
}

INSTANTIATE_TEST_SUITE_P(Consumers, Regime, ::testing::Values("train", "infer", "monitor"),
                         [](const auto& named) { return named.param; });

TEST(RegimeSettings, WrongOnesAreRefused) {
  const PipelineEntry entry = pipelines::toy();
  const std::vector<std::pair<const char*, const char*>> wrong = {
      {"consumer", "observe"}, {"fidelity", "fine"}, {"samples", "0"}, {"steps", "0"}};
  for (const auto& [key, value] : wrong) {
    Settings settings(regime_parameters(entry));
    settings.set(key, value);
    EXPECT_THROW(check_regime(entry, settings), Error) << key;
  }
  Settings settings(regime_parameters(entry));
  settings.set("consumer", "monitor");
  settings.set("steps", "5");
  EXPECT_THROW(check_regime(entry, settings), Error) << "a monitor takes no steps";
}

struct Sweep {
  explicit Sweep(const std::string& points) {
    place.write("regime.toml", "threads = 1\nlimits = \"none\"\n" + points);
    outcome = place.run(kTandem + " run regime.toml --out out");
    const fs::path result = place.folder() / "out/result.json";
    if (fs::exists(result)) document = read_json(result);
  }
  Workplace place;
  Outcome outcome;
  Json document;
};

TEST(RegimeRun, MeasuresEveryPointAndDrawsTheMap) {
  Sweep sweep(
      "[[regime]]\nname = \"toy\"\nballast = [1000, 100000]\nconsumer = \"monitor\"\n"
      "[[regime]]\nname = \"toy\"\nsteps = 20\ninfer = [\"fp32\", \"fp8\"]\n");
  ASSERT_EQ(sweep.outcome.code, 0) << sweep.outcome.out << sweep.outcome.err;
  EXPECT_EQ(sweep.place.run(kTandem + " verify out").code, 0) << sweep.place.read("stdout.txt");
  EXPECT_EQ(schema_errors(sweep.place.folder() / "out/result.json"), "");
  const Json& map = sweep.document.at("regime");
  ASSERT_EQ(map.at("points").size(), 4u);
  for (const Json& point : map.at("points")) {
    if (point == map.at("points")[3]) {
      EXPECT_EQ(point.at("status"), "SKIPPED");
      EXPECT_EQ(point.at("speedup").at("reason"), "skipped: the toy has no fp8");
      continue;
    }
    EXPECT_GT(point.at("speedup").at("value"), 0.0) << point.dump(1);
    EXPECT_GT(point.at("flops_per_byte").at("value"), 0.0);
    EXPECT_GT(point.at("simulated_byte_rate").at("value"), 0.0);
    EXPECT_EQ(point.at("claim").at("verdict"), "inconclusive") << "one launch has no interval";
  }
  EXPECT_NEAR(map.at("points")[0].at("flops_per_byte").at("value").get<double>(), 1.25, 1e-12);
  ASSERT_EQ(map.at("sweeps").size(), 1u);
  EXPECT_EQ(map.at("sweeps")[0].at("along"), "ballast");
  const std::string name = "TANDEM-FOM v1 regime.toy.size=S.ballast=100000.fidelity=train.consumer=monitor.device=cpu.";
  for (const char* figure : {"coupling_speedup", "coupling_speedup_without_startup", "flops_per_byte",
                             "simulated_byte_rate", "separated.time", "integrated.coupling=in_memory.time"})
    EXPECT_TRUE(sweep.outcome.says(name + figure + " = ")) << figure << sweep.outcome.out;
  EXPECT_TRUE(sweep.outcome.says(
      "TANDEM-CHECK v1 regime.toy.size=S.ballast=1000.fidelity=train.consumer=monitor.device=cpu.same_work.launch=0 "
      "value=0.000000000e+00"));
  EXPECT_TRUE(sweep.outcome.says(
      "3-10x: supported at no point measured; inconclusive at 3 (fewer than 6 launches have no interval)"));
  EXPECT_NE(read_file(sweep.place.folder() / "out/report.html").find("regimeSection"), std::string::npos);
}

TEST(RegimeRun, ArmsThatDoNotComputeTheSameHaveNoFigure) {
  Sweep sweep(
      "[[regime]]\nname = \"toy_unsteady\"\nconsumer = \"monitor\"\n"
      "[[regime]]\nname = \"toy_nan\"\nconsumer = [\"infer\", \"train\"]\n");
  EXPECT_EQ(sweep.outcome.code, 3) << sweep.outcome.out << sweep.outcome.err;
  ASSERT_TRUE(sweep.document.is_object());
  for (const Json& point : sweep.document.at("regime").at("points")) {
    EXPECT_EQ(point.at("status"), "INVALID") << point.at("case");
    EXPECT_TRUE(point.at("speedup").at("value").is_null());
    EXPECT_TRUE(point.at("region").is_null());
    const std::string reasons = point.at("reasons").dump();
    const bool unsteady = point.at("pipeline") == "toy_unsteady";
    EXPECT_EQ(reasons.find("the arms did not compute the same") != std::string::npos, unsteady) << reasons;
    EXPECT_EQ(reasons.find("no number") != std::string::npos || reasons.find("a number") != std::string::npos ||
                  reasons.find("invariant of the samples") != std::string::npos,
              !unsteady)
        << reasons;
  }
  EXPECT_TRUE(sweep.document.at("regime").at("sweeps").empty());
}

}  // namespace
}  // namespace tandem
