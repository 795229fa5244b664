// The real command line over flow in small: the honest pipeline passes its whole gate in every arm, and each fault
// turns the run into INVALID with the reason that names what failed.
#include <gtest/gtest.h>

#include "tests/cli/measured.hpp"

namespace tandem {
namespace {

constexpr const char* kConfig = R"(threads = 1
limits = "none"
[[pipeline]]
name = "flow_small"
simulation_questions = 1
[[pipeline]]
name = "flow_small"
ranks = 2
arms = ["integrated"]
[[pipeline]]
name = "flow_unsteady"
arms = ["integrated"]
[[pipeline]]
name = "flow_mean"
arms = ["integrated"]
)";

const Measured& run() {
  static const Measured measured(kConfig);
  return measured;
}

TEST(FaultyFlow, TheHonestPipelinePassesInEveryArmAtOneRankAndAtTwo) {
  std::size_t found = 0;
  for (const Json& pipeline : run().document.at("pipelines")) {
    if (!pipeline.at("case").get<std::string>().starts_with("flow_small")) continue;
    ++found;
    EXPECT_TRUE(holds(pipeline)) << reasons(pipeline);
    for (const Json& arm : pipeline.at("arms")) {
      EXPECT_TRUE(arm.at("ttis").at("value").is_number()) << arm.at("arm");
      EXPECT_EQ(arm.at("holdout").at("judged"), 124) << arm.at("arm");
    }
  }
  EXPECT_EQ(found, 2u) << run().outcome.out << run().outcome.err;
}

TEST(FaultyFlow, SeparatedAndIntegratedGiveTheSameWeights) {
  const Json& apart = run().arm("separated").at("weights_sha256");
  EXPECT_EQ(apart.get<std::string>().size(), 64u);
  EXPECT_EQ(apart, run().arm("integrated in_memory").at("weights_sha256"));
}

TEST(FaultyFlow, EveryFaultIsInvalidForItsReason) {
  const Json &unsteady = run().pipeline("flow_unsteady"), &mean = run().pipeline("flow_mean");
  EXPECT_EQ(unsteady.at("status"), "INVALID");
  EXPECT_TRUE(contains(reasons(unsteady), "a simulation violates the invariant by")) << reasons(unsteady);
  EXPECT_EQ(mean.at("status"), "INVALID");
  for (const char* reason : {"hold-out errors are above 30.0 %", "no skill: median hold-out error"})
    EXPECT_TRUE(contains(reasons(mean), reason)) << reasons(mean);
}

}  // namespace
}  // namespace tandem
