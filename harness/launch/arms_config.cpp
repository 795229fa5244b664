#include "harness/launch/arms_config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

// The splits of a case's cores into ranks that simulate and ranks that train; half and half if none is given.
std::vector<Split> splits_of(const Table& table, int ranks, int threads) {
  const int cores = ranks * threads;
  const auto fail = [&](const std::string& message) {
    const toml::node* node = table.find("split");
    table.fail(node != nullptr ? node->source() : table.find("coupling")->source(), message);
  };
  if (cores < 2) fail("simulating and training at the same time takes two cores; this case has ranks * threads = 1");
  std::vector<Split> splits;
  for (const std::string& text : table.choices("split", {}, {})) {
    try {
      splits.push_back(Split::of(text));
    } catch (const Error& error) {
      fail(error.what());
    }
    if (splits.back().cores() > cores)
      fail(fmt::format("split {} takes {} cores; this case has ranks * threads = {}", text, splits.back().cores(),
                       cores));
  }
  const int all = std::max(ranks, 2);
  return splits.empty() ? std::vector<Split>{{all / 2, all - all / 2}} : splits;
}

}  // namespace

std::vector<ArmId> arms_of(const Table& table, int ranks, int threads) {
  const std::vector<std::string> all = {"simulation_only", "separated", "integrated"};
  const auto couplings = table.choices("coupling", {"in_memory", "concurrent", "streamed"}, {"in_memory"});
  const auto designs = table.choices("design", {"fixed", "steered", "steered_rival", "fixed_until_gate"}, {"fixed"});
  const auto caches = table.choices("cache", {"warm", "cold"}, {"warm"});
  std::vector<ArmId> arms;
  for (const std::string& arm : table.choices("arms", all, all)) {
    ArmId id;
    id.arm = arm;
    if (arm == "separated")
      for (const std::string& cache : caches) {
        arms.push_back(id);
        arms.back().cache = cache;
      }
    else if (arm == "integrated")
      for (const std::string& coupling : couplings) {
        id.coupling = coupling;
        const bool split = coupling != "in_memory";
        for (const Split& of : split ? splits_of(table, ranks, threads) : std::vector<Split>{Split{}})
          for (const std::string& design : designs) {
            if (coupling == "streamed" && design != "fixed") continue;  // a science of its own
            if (split && design != "fixed" && design != "steered")
              continue;  // what steered is compared with: in memory
            arms.push_back(id);
            arms.back().split = of;
            arms.back().design = design;
          }
      }
    else
      arms.push_back(id);
  }
  return arms;
}

// Arms that hand samples over, once in each precision of the hand-over.
std::vector<ArmId> in_precisions(const Table& table, const std::vector<ArmId>& arms) {
  const auto precisions = table.choices("handover", {"fp32", "bf16"}, {"fp32"});
  std::vector<ArmId> all;
  for (const ArmId& arm : arms)
    for (const std::string& precision : arm.trains() ? precisions : std::vector<std::string>{"fp32"}) {
      if (precision != "fp32" && arm.grows())
        table.fail(table.find("handover")->source(),
                   fmt::format("handover = \"{}\" goes with design = \"fixed\" only", precision));
      all.push_back(arm);
      all.back().handover = precision;
    }
  return all;
}

// Growing designs run in the integrated arm of a pipeline that has them; all of them in memory.
void check_designs(const Table& table, const CaseConfig& item, const PipelineEntry& entry) {
  for (const std::string& design : table.texts("design")) {
    if (design == "fixed") continue;
    const auto is_this = [&](const ArmId& arm) { return arm.design == design; };
    if (std::none_of(item.arms.begin(), item.arms.end(), is_this))
      table.fail(table.find("design")->source(),
                 fmt::format("design = \"{}\" runs in the arm \"integrated\" with coupling = \"in_memory\"", design));
    const Pipeline pipeline = entry.make(item.settings, 1);
    const Steering& steering = pipeline.problem->spec().steering;
    if (steering.samples.empty() || (design == "steered_rival" && steering.rival.empty()))
      table.fail(table.find("design")->source(), fmt::format("{} has no design \"{}\"", entry.name, design));
  }
}

}  // namespace tandem
