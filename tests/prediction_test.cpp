// Phases against kernels, by hand; and every reason for which there is no share.
#include "harness/result/prediction.hpp"

#include <gtest/gtest.h>

namespace tandem {
namespace {

const Json kItem = {{"kind", "pipeline"}, {"name", "p"}, {"settings", Json::object()},
                    {"ranks", 1},         {"case", "p"}, {"predicting_cases", {"cg", "step"}}};

struct Made {
  Json kernels = Json::array(
      {{{"case", "cg"},
        {"threads", 2},
        {"status", "UNOFFICIAL"},
        {"skipped", nullptr},
        {"value", 4e9},  // of 2e9 flops: 0.5 s a run, 0.025 s an iteration
        {"unit", "flop/s"},
        {"facts", {{"flops", 2e9}, {"bytes", 1e9}, {"notes", {{"iterations", "20"}}}}}},
       {{"case", "step"}, {"threads", 2}, {"status", "UNOFFICIAL"}, {"value", 0.25}, {"unit", "s"}, {"facts", {}}}});
  Json pipeline = {{"ranks", 1},
                   {"threads", 2},
                   {"reasons", Json::array()},
                   {"problem",
                    {{"predictions",
                      {{{"phase", "simulate"},
                        {"kernel", "cg"},
                        {"count", 100},
                        {"per", "iterations"},
                        {"besides", "set-up"},
                        {"each_thread", false}},
                       {{"phase", "train"},
                        {"kernel", "step"},
                        {"count", 8},
                        {"per", ""},
                        {"besides", "batches"},
                        {"each_thread", false}}}}}},
                   {"arms",
                    {{{"arm", "integrated"},
                      {"coupling", "in_memory"},
                      {"ttis", {{"value", 9.0}}},
                      {"phases",
                       {{{"name", "simulate"}, {"seconds", 3.0}},
                        {{"name", "train"}, {"seconds", 2.5}},
                        {{"name", "simulate"}, {"seconds", 1.0}}}}}}}};
  Json rows() {
    Records records;
    records.plan = {{"launches", 1}};
    Derivation derivation{records, {}, {}};
    Json found = prediction_json(derivation, kItem, kernels, pipeline);
    foms = derivation.foms;
    return found;
  }
  std::string reason(std::size_t row = 0) {
    const Json found = rows();
    EXPECT_TRUE(found.at(row).at("share").is_null());
    EXPECT_TRUE(foms.at(row).at("value").is_null());
    EXPECT_EQ(foms.at(row).at("reason"), found.at(row).at("reason"));
    return found.at(row).at("reason");
  }
  Json foms;
};

TEST(Prediction, IsCountTimesTheKernelsTime) {
  Made made;
  const Json rows = made.rows();
  EXPECT_DOUBLE_EQ(rows[0].at("each"), 0.025);
  EXPECT_DOUBLE_EQ(rows[0].at("predicted"), 2.5);
  EXPECT_DOUBLE_EQ(rows[0].at("measured"), 4.0);
  EXPECT_DOUBLE_EQ(rows[0].at("share"), 0.625);
  EXPECT_DOUBLE_EQ(rows[1].at("share"), 0.8);
  EXPECT_EQ(made.foms[0].at("name"), "pipeline.p.device=cpu.predicted_share.simulate");
  EXPECT_DOUBLE_EQ(made.foms[1].at("value"), 0.8);
}

TEST(Prediction, ByteRatesAreRunsToo) {
  Made made;
  made.kernels[0]["unit"] = "B/s";  // 1e9 bytes at 4e9 a second
  EXPECT_DOUBLE_EQ(made.rows()[0].at("share"), 100 * 0.25 / 20 / 4);
}

TEST(Prediction, WhereEachThreadWorksForItselfOneIsMeasured) {
  Made made;
  made.pipeline["problem"]["predictions"][0]["each_thread"] = true;
  EXPECT_EQ(made.reason(), "the plan does not measure this case");  // on one thread
  made.kernels[0]["threads"] = 1;
  EXPECT_DOUBLE_EQ(made.rows()[0].at("predicted"), 1.25);
  EXPECT_DOUBLE_EQ(made.rows()[0].at("share"), 0.3125);
}

TEST(Prediction, HasAReasonWhereThereIsNone) {
  Made invalid, unknown, other, ranks, failed, absent;
  invalid.kernels[0]["value"] = nullptr;
  invalid.kernels[0]["status"] = "INVALID";
  EXPECT_EQ(invalid.reason(), "the case was INVALID");
  unknown.kernels[0]["facts"]["notes"] = Json::object();
  EXPECT_EQ(unknown.reason(), "the case does not tell its iterations");
  other.kernels[0]["threads"] = 1;
  EXPECT_EQ(other.reason(), "the plan does not measure this case");
  ranks.pipeline["ranks"] = 2;
  EXPECT_EQ(ranks.reason(1), "kernels of one rank do not predict phases of several");
  failed.pipeline["arms"][0]["ttis"]["value"] = nullptr;
  EXPECT_EQ(failed.reason(1), "no passing launch of an arm has this phase by itself");
  absent.kernels = Json::array();
  EXPECT_TRUE(absent.rows().is_null()) << "a plan without these kernels says nothing of them";
}

}  // namespace
}  // namespace tandem
