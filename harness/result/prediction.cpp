#include "harness/result/prediction.hpp"

#include <cstdlib>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "harness/result/format.hpp"

namespace tandem {
namespace {

struct Predicted {
  Json each = nullptr;  // seconds of a run or of one of its parts
  std::string reason;
};

double run_seconds(const Json& kernel) {
  const double value = kernel.at("value");
  if (kernel.at("unit") == "s") return value;
  return kernel.at("facts").at(kernel.at("unit") == "flop/s" ? "flops" : "bytes").get<double>() / value;
}

// `per`: a note of the kernel's facts that counts the parts of a run; "" = the whole run.
Predicted each_of(const Json* kernel, const std::string& per) {
  if (kernel == nullptr) return {nullptr, "the plan does not measure this case"};
  if (kernel->at("value").is_null()) {
    const std::string skipped = text_or_empty(*kernel, "skipped");
    return {nullptr, fmt::format("the case was {}{}", kernel->at("status").get<std::string>(),
                                 skipped.empty() ? "" : ": " + skipped)};
  }
  double parts = 1;
  if (!per.empty()) parts = std::atof(text_or_empty(member(kernel->at("facts"), "notes"), per.c_str()).c_str());
  if (parts <= 0) return {nullptr, fmt::format("the case does not tell its {}", per)};
  return {run_seconds(*kernel) / parts, ""};
}

// The arm whose phases are predicted: they run one after the other there, on all threads.
const Json* predicted_arm(const Json& pipeline) {
  for (const char* name : {"integrated", "separated"})
    for (const Json& arm : pipeline.at("arms")) {
      const std::string coupling = text_or_empty(arm, "coupling");
      if (arm.at("arm") == name && (coupling.empty() || coupling == "in_memory") &&
          (text_or_empty(arm, "design").empty() || arm.at("design") == "fixed") &&
          arm.at("ttis").at("value").is_number())
        return &arm;
    }
  return nullptr;
}

std::map<std::string, double> seconds_of_phases(const Json& arm) {
  std::map<std::string, double> seconds;
  for (const Json& phase : member(arm, "phases")) seconds[phase.at("name")] += phase.at("seconds").get<double>();
  return seconds;
}

}  // namespace

Json prediction_json(Derivation& derivation, const Json& item, const Json& kernels, const Json& pipeline) {
  const std::size_t launches = derivation.launches(item);
  const Json& told = member(pipeline.at("problem"), "predictions");
  const Json cases = item.value("predicting_cases", Json::array());
  const auto find = [&](std::size_t prediction) -> const Json* {
    const Json threads = told.at(prediction).at("each_thread").get<bool>() ? Json(1) : pipeline.at("threads");
    for (const Json& kernel : kernels)
      if (kernel.at("case") == cases.at(prediction) && kernel.at("threads") == threads) return &kernel;
    return nullptr;
  };
  bool any = false;
  for (std::size_t i = 0; i < cases.size(); ++i) any = any || find(i) != nullptr;
  if (!any) return nullptr;

  const Json* arm = predicted_arm(pipeline);
  const auto measured = arm == nullptr ? std::map<std::string, double>() : seconds_of_phases(*arm);
  Status status = derivation.common;
  for (const Json& reason : pipeline.at("reasons")) status.add(reason.at("status"), reason.at("reason"));
  Json rows = Json::array();
  for (std::size_t i = 0; i < told.size(); ++i) {
    const Json& prediction = told.at(i);
    const std::string phase = prediction.at("phase"), per = prediction.at("per");
    auto [each, reason] = each_of(find(i), per);
    const auto took = measured.find(phase);
    if (reason.empty() && pipeline.at("ranks") != 1) reason = "kernels of one rank do not predict phases of several";
    if (reason.empty() && took == measured.end()) reason = "no passing launch of an arm has this phase by itself";
    Json predicted = nullptr, share = nullptr;
    const double shared = prediction.at("each_thread").get<bool>() ? pipeline.at("threads").get<double>() : 1;
    if (!each.is_null()) predicted = each.get<double>() * prediction.at("count").get<double>() / shared;
    if (reason.empty()) share = predicted.get<double>() / took->second;
    derivation.fom(fmt::format("{}.predicted_share.{}", fom_name("pipeline", item), phase), share, "1", nullptr,
                   launches, launches, status, reason);
    rows.push_back({{"phase", phase},
                    {"kernel", cases.at(i)},
                    {"arm", arm == nullptr ? Json(nullptr) : arm->at("arm")},
                    {"count", prediction.at("count")},
                    {"per", per},
                    {"each_thread", prediction.at("each_thread")},
                    {"each", each},
                    {"predicted", predicted},
                    {"measured", took == measured.end() ? Json(nullptr) : Json(took->second)},
                    {"share", share},
                    {"besides", prediction.at("besides")},
                    {"reason", reason.empty() ? Json(nullptr) : Json(reason)}});
  }
  return rows;
}

}  // namespace tandem
