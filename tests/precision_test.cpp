// Precisions of the toy pipeline through the whole program: cells that pass, that miss the gate, that are unsupported;
// one seed for all; and what the hand-over in bf16 moved.
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "harness/result/derive_precision.hpp"
#include "tests/cli/couplings_run.hpp"
#include "tests/cli/schema.hpp"

namespace tandem {
namespace {

constexpr double kValues = 48 * (3 * 8 + 3 * 4 + 3 * 4 * 8 + 2 + 1);  // of the toy's samples, one of them ballast

// The cells of an arm by their formats, "fp64 fp32 fp32": simulate, hand over, infer.
const Json& cell(std::string_view arm, std::string_view formats) {
  for (const Json& balance : toy().document.at("precision_balance")) {
    if (balance.at("arm") != arm) continue;
    for (const Json& cell : balance.at("cells")) {
      std::string text;
      for (const auto& [phase, format] : cell.at("precision").items())
        text += (text.empty() ? "" : " ") + format.get<std::string>();
      if (text == formats) return cell;
    }
  }
  throw std::out_of_range(std::string(arm) + " " + std::string(formats) + " is no cell:\n" + toy().outcome.out +
                          toy().outcome.err);
}

const std::string kCase = "toy/size=S/ballast=1/device=cpu";

const Json& arm_of(std::string_view name, std::string_view handover) {
  for (const Json& pipeline : toy().document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms"))
      if (pipeline.at("case") == kCase && arm.at("arm") == name && arm.at("handover") == handover) return arm;
  throw std::out_of_range(std::string(name));
}

std::string fom(const std::string& name) {
  for (const Json& fom : toy().document.at("foms"))
    if (fom.at("name") == name) return fom.at("value").dump();
  return "absent";
}

const std::string kInMemory = "integrated.coupling=in_memory";

TEST(Precision, CellsPassFailOrAreUnsupportedAndOnlyThoseThatPassHaveATime) {
  EXPECT_EQ(toy().outcome.code, 0) << toy().outcome.out << toy().outcome.err;
  for (const std::string& arm : {kInMemory, std::string("separated")}) {
    for (const char* formats : {"fp64 fp32 fp32", "fp64 bf16 fp32"}) {
      EXPECT_EQ(cell(arm, formats).at("pass"), true) << cell(arm, formats).dump(1);
      EXPECT_TRUE(cell(arm, formats).at("ttis").at("value").is_number());
    }
    for (const char* formats : {"bf16 fp32 fp32", "bf16 bf16 fp32"}) {
      const Json& failing = cell(arm, formats);
      EXPECT_EQ(failing.at("status"), "INVALID");
      EXPECT_EQ(failing.at("front"), false);
      EXPECT_TRUE(failing.at("ttis").at("value").is_null());
      EXPECT_GT(failing.at("error").get<double>(), 0);
      EXPECT_NE(failing.at("reason").get<std::string>().find("the solver did not converge"), std::string::npos);
    }
  }
  const Json& unsupported = cell(kInMemory, "fp64 fp32 fp8");
  EXPECT_EQ(unsupported.at("status"), "SKIPPED");
  EXPECT_EQ(unsupported.at("reason"), "unsupported: the toy has no fp8");
  EXPECT_TRUE(unsupported.at("error").is_null());
}

TEST(Precision, TheCheapestPassingCellIsNamed) {
  const std::string name = "pipeline.toy.size=S.ballast=1.device=cpu." + kInMemory + ".precision_balance.";
  EXPECT_NE(fom(name + "ttis"), "absent");
  EXPECT_NE(fom(name + "ttis"), "null");
  EXPECT_NE(fom(name + "gain"), "null");
  EXPECT_EQ(fom(name + "energy_to_solution"), "null");
  EXPECT_EQ(fom("pipeline.toy.size=S.infer=fp8.ballast=1.device=cpu." + kInMemory + ".ttis"), "null");
  EXPECT_TRUE(toy().outcome.says("precision balance of toy")) << toy().outcome.out;
  EXPECT_TRUE(toy().outcome.says("cheapest passing cell: simulate fp64"));
  EXPECT_TRUE(toy().outcome.says("1 cell: unsupported: the toy has no fp8"));
}

TEST(Precision, AllCellsOfABlockDoTheSameWork) {
  std::set<std::string> seeds;
  const Json& plan = toy().records.plan;
  for (const Json& job : plan.at("jobs"))
    if (job.at("kind") == "arm" &&
        plan.at("cases")[job.at("item").get<std::size_t>()].at("settings").at("ballast") == "1")
      seeds.insert(job.at("seed").dump());
  EXPECT_EQ(seeds.size(), 1u);
}

TEST(Precision, AHandOverInBf16CarriesTwoBytesAValueAndTheSameWeightsThroughFilesAndMemory) {
  using Bytes = std::map<std::string, double>;
  const Json &apart = arm_of("separated", "bf16"), &together = arm_of("integrated", "bf16");
  EXPECT_EQ(apart.at("bytes").get<Bytes>(),
            (Bytes{{"file_write", 2 * kValues}, {"file_read", 2 * kValues}, {"convert", 6 * kValues}}));
  EXPECT_EQ(together.at("bytes").get<Bytes>(), (Bytes{{"convert", 6 * kValues}}));
  EXPECT_EQ(together.at("useful_bytes").get<double>(), 4 * kValues);
  EXPECT_EQ(together.at("movement_amplification").at("value").get<double>(), 1.5);
  EXPECT_EQ(arm_of("integrated", "fp32").at("movement_amplification").at("value").get<double>(), 0);
  EXPECT_EQ(apart.at("weights_sha256"), together.at("weights_sha256"));
  EXPECT_NE(apart.at("weights_sha256"), arm_of("separated", "fp32").at("weights_sha256"));
}

// What misses its gate is an outcome only beside the cell of full precision: alone it has to pass.
TEST(Precision, ACellIsRequiredWhereThePlanHasNoFullPrecision) {
  Json cases = toy().records.plan.at("cases"), coarse;
  for (const Json& item : cases)
    if (item.at("case") == "toy/size=S/simulate=bf16/ballast=1/device=cpu") coarse = item;
  ASSERT_TRUE(coarse.is_object());
  const ArmId arm = ArmId::of(kInMemory), rounded = ArmId::of(kInMemory + ".handover=bf16");
  EXPECT_FALSE(is_required(cases, coarse, arm));
  EXPECT_FALSE(is_required(cases, coarse, rounded));
  EXPECT_TRUE(is_required(cases, coarse, ArmId::of("simulation_only")));
  EXPECT_TRUE(is_required(Json::array({coarse}), coarse, arm));
  for (Json& item : cases)
    if (item.at("case") == kCase) {
      EXPECT_TRUE(is_required(cases, item, arm));
      EXPECT_FALSE(is_required(cases, item, rounded));
      item["arms"] = {"separated"};
      EXPECT_TRUE(is_required(cases, coarse, arm));
      break;
    }
}

TEST(Precision, TheResultIsAsTheSchemaSaysAndVerifies) {
  EXPECT_EQ(schema_errors(toy().place.folder() / "out/result.json"), "");
  const Outcome verified = toy().place.run(std::string("'") + TANDEM_TEST_PROGRAM + "' verify out");
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace tandem
