// The pipelines of tandem-test: the real one, the toy, and everything that must go wrong in a known way.
#include "tests/faulty_heat.hpp"
#include "tests/faulty_toy.hpp"
#include "tests/flow_small.hpp"
#include "tests/risk_small.hpp"
#include "tests/small_climate.hpp"
#include "tests/stalling_toy.hpp"
#include "tests/toy_pipeline.hpp"

namespace tandem {
namespace pipelines {
PipelineEntry heat();
}

const std::vector<PipelineEntry>& pipeline_registry() {
  static const std::vector<PipelineEntry> entries = {pipelines::toy(),
                                                     pipelines::toy_crash(),
                                                     pipelines::toy_slow(),
                                                     pipelines::toy_nan(),
                                                     pipelines::toy_unsteady(),
                                                     pipelines::toy_late(),
                                                     pipelines::toy_stall(),
                                                     pipelines::heat_small(),
                                                     pipelines::heat_guarded(),
                                                     pipelines::heat_broken_weights(),
                                                     pipelines::heat_mean(),
                                                     pipelines::heat_unconverged(),
                                                     pipelines::heat_perturbed(),
                                                     pipelines::heat_rescaled(),
                                                     pipelines::heat_hot_spot(),
                                                     pipelines::climate_small(),
                                                     pipelines::climate_mean(),
                                                     pipelines::climate_faulty(),
                                                     pipelines::risk_small(),
                                                     pipelines::risk_drift(),
                                                     pipelines::risk_mean(),
                                                     pipelines::flow_small(),
                                                     pipelines::flow_guarded(),
                                                     pipelines::flow_unsteady(),
                                                     pipelines::flow_mean(),
                                                     pipelines::heat()};
  return entries;
}

}  // namespace tandem
