#include "harness/pipeline/spec.hpp"

namespace tandem {

Json spec_json(const ProblemSpec& spec) {
  Json facts = Json::object();
  for (const auto& [key, value] : spec.facts) facts[key] = value;
  const Steering& steering = spec.steering;
  Json growing = nullptr;
  if (!steering.samples.empty())
    growing = {{"version", steering.version},
               {"samples", steering.samples},
               {"judged", steering.judged},
               {"criterion", steering.criterion},
               {"rival", steering.rival}};
  Json predictions = Json::array();
  for (const Prediction& one : spec.predictions)
    predictions.push_back({{"phase", one.phase},
                           {"kernel", one.kernel},
                           {"count", one.count},
                           {"per", one.per},
                           {"besides", one.besides},
                           {"each_thread", one.each_thread}});
  return {{"version", spec.version},
          {"provisional", spec.provisional},
          {"samples", spec.schedule.samples},
          {"prepare_from", spec.schedule.prepare_from},
          {"batches", spec.schedule.batches},
          {"batch", spec.schedule.batch},
          {"questions", spec.questions},
          {"queries", spec.queries},
          {"cases", spec.gate.cases},
          {"allowed", spec.gate.allowed},
          {"target", spec.gate.target},
          {"invariant_limit", spec.gate.invariant},
          {"truth_invariant_limit", spec.gate.truth_invariant},
          {"flops", spec.flops},
          {"steering", growing},
          {"answer_names", spec.answer_names},
          {"predictions", predictions},
          {"facts", facts}};
}

}  // namespace tandem
