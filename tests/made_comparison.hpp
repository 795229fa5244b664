// Results made of the golden document, with launches as a test wants them.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "harness/decide/comparison.hpp"

namespace tandem {

inline const std::string kGemm = "kernel.dense.gemm.n=1024.precision=fp64.device=cpu.rate";
inline const std::string kSeparated = "pipeline.heat.size=S.device=cpu.separated.ttis";
inline const std::string kInMemory = "pipeline.heat.size=S.device=cpu.integrated.coupling=in_memory.ttis";

inline Json golden_document() { return Json::parse(std::ifstream(GOLDEN_RESULT)); }

inline Json plan_for(const Json& document) {
  Json cases = Json::array();
  for (const Json& kernel : document.at("kernels"))
    cases.push_back({{"case", kernel.at("case")},
                     {"kind", "kernel"},
                     {"name", kernel.at("name")},
                     {"settings", kernel.at("settings")},
                     {"ranks", kernel.at("ranks")},
                     {"threads", kernel.at("threads")},
                     {"figure", kernel.at("unit") == "s" ? "time" : "flop_rate"}});
  for (const Json& pipeline : document.at("pipelines"))
    cases.push_back({{"case", pipeline.at("case")},
                     {"kind", "pipeline"},
                     {"name", pipeline.at("name")},
                     {"settings", pipeline.at("settings")},
                     {"ranks", pipeline.at("ranks")},
                     {"threads", pipeline.at("threads")},
                     {"arms", {"simulation_only", "separated", "integrated.coupling=in_memory"}}});
  return {{"launcher", ""}, {"cases", cases}};
}

// Ten launches of everything; those of `factor` 1.1 cost 1.1 times as much, and differ among themselves by 1 %.
inline Compared made(const std::string& label, double factor = 1, std::size_t launches = 10) {
  Compared result{label, "results/" + label, std::string(64, label[0] == 'A' ? 'a' : 'b'), golden_document(), {}, {}};
  const auto cost = [&](double base, std::size_t launch) {
    return base * factor * (1 + 0.001 * static_cast<double>((launch * 7) % 10));
  };
  for (Json& kernel : result.document["kernels"]) {
    if (kernel["sample_seconds"].empty()) continue;
    const double base = kernel["sample_seconds"][0][0];
    kernel["sample_seconds"] = Json::array();
    for (std::size_t i = 0; i < launches; ++i) kernel["sample_seconds"].push_back({cost(base, i)});
  }
  for (Json& arm : result.document["pipelines"][0]["arms"]) {
    const double base = arm["launch_seconds"][0];
    arm["launch_seconds"] = Json::array();
    for (std::size_t i = 0; i < launches; ++i) arm["launch_seconds"].push_back(cost(base, i));
    arm["ttis"]["value"] = base * factor;
    for (Json& fom : result.document["foms"])
      if (fom["unit"] == "s" && fom["value"] == base) fom["value"] = base * factor;
  }
  result.plan = plan_for(result.document);
  return result;
}

inline const Json* row_named(const Json& rows, const std::string& name) {
  for (const Json& row : rows)
    if (row.at("name") == name) return &row;
  return nullptr;
}

}  // namespace tandem
