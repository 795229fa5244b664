#include "harness/decide/score.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "harness/base/precision.hpp"
#include "harness/decide/matching.hpp"
#include "harness/result/status.hpp"

namespace tandem {
namespace {

bool is_component(const Evidence& evidence, const std::string& figure) {
  const bool reduced = std::any_of(evidence.identity.begin(), evidence.identity.end(),
                                   [](const auto& setting) { return is_precision(setting.first); });
  return evidence.kind == Kind::pipeline && evidence.figure == figure &&
         evidence.arm == "integrated.coupling=in_memory" && !reduced;
}

}  // namespace

Json score_of(const std::vector<Evidence>& reference, const std::vector<Evidence>& own, const std::string& figure,
              const std::string& label) {
  Json components = Json::array();
  std::vector<double> ratios;
  std::string missing;
  Status status;
  std::size_t launches = SIZE_MAX;
  for (const Match& match : matched(reference, own, {"the reference", label})) {
    if (match.a == nullptr || !is_component(*match.a, figure)) continue;
    Json one = {{"name", match.a->name}, {"reference", nullptr}, {"own", nullptr},   {"unit", match.a->unit},
                {"launches", nullptr},   {"ratio", nullptr},     {"reason", nullptr}};
    if (match.a->value) one["reference"] = *match.a->value;
    if (match.b != nullptr && match.b->value) {
      one["own"] = *match.b->value;
      one["launches"] = match.b->costs.size();
    }
    if (match.refusal.empty()) {
      for (const Evidence* side : {match.a, match.b}) {
        status.add(side->status, side->name);
        launches = std::min(launches, side->costs.size());
      }
      ratios.push_back(*match.a->value / *match.b->value);
      one["ratio"] = ratios.back();
    } else {
      one["reason"] = match.refusal;
      if (missing.empty()) missing = fmt::format("{}: {}", match.a->name, match.refusal);
    }
    components.push_back(one);
  }
  if (components.empty()) missing = "the reference has no integrated arm in memory";
  if (!missing.empty()) status.add("UNOFFICIAL", missing);
  return {{"value", missing.empty() ? Json(geometric_mean(ratios)) : Json(nullptr)},
          {"reason", missing.empty() ? Json(nullptr) : Json(missing)},
          {"status", status.worst()},
          {"launches", ratios.empty() ? 0 : launches},
          {"components", components}};
}

}  // namespace tandem
