#include "harness/decide/feed_cases.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "harness/measure/statistics.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

FeedCase case_of(const Json& entry, const std::string& name) {
  FeedCase one;
  one.name = name;
  one.status = text_or_empty(entry, "status");
  if (const std::string skipped = text_or_empty(entry, "skipped"); !skipped.empty()) {
    one.status = "SKIPPED";
    one.reasons = {skipped};
  } else {
    for (const Json& reason : member(entry, "reasons"))
      one.reasons.push_back(fmt::format("{}: {}", text_or_empty(reason, "status"), text_or_empty(reason, "reason")));
  }
  one.label = one.status;
  return one;
}

bool has_figure(const FeedCase& one) {
  return one.status != "SKIPPED" && one.status != "INVALID" && one.status != "FAILED";
}

// A document may say anything: what no integer holds becomes the nearest bound.
int threads_of(const Json& entry) {
  constexpr double most = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(number_or(entry, "ranks", 1) * number_or(entry, "threads", 1), 0.0, most));
}

FeedCase kernel_case(const Json& kernel) {
  FeedCase one = case_of(kernel, kernel.at("case"));
  one.threads = threads_of(kernel);
  if (!has_figure(one) || !kernel.at("value").is_number()) return one;
  for (const Json& samples : kernel.at("sample_seconds")) {
    const auto seconds = samples.get<std::vector<double>>();
    one.seconds.push_back(median(seconds));
    one.samples += seconds.size();
  }
  if (kernel.at("figure") == "rate" && !one.seconds.empty()) {
    one.work = kernel.at("value").get<double>() * median(one.seconds);
    one.work_unit = kernel.at("unit");
  }
  return one;
}

// What is usual goes without saying, as in the names of figures.
std::string arm_name(const Json& arm) {
  std::string name = text_or_empty(arm, "arm");
  for (const char* key : {"coupling", "design", "cache", "handover", "split"}) {
    const std::string value = text_or_empty(arm, key);
    if (!value.empty() && value != "fixed" && value != "warm" && value != "fp32")
      name += fmt::format("/{}={}", key, value);
  }
  return name;
}

FeedCase arm_case(const Json& owner, const Json& arm) {
  FeedCase one = case_of(arm, owner.at("case").get<std::string>() + "/" + arm_name(arm));
  one.threads = threads_of(owner);
  const Json& ttis = member(arm, "ttis");
  if (const std::string reason = text_or_empty(ttis, "reason"); !reason.empty()) one.label += ", " + reason;
  if (!has_figure(one) || !member(ttis, "value").is_number()) return one;
  for (const Json& seconds : member(arm, "launch_seconds")) one.seconds.push_back(seconds.get<double>());
  return one;
}

}  // namespace

std::vector<FeedCase> feed_cases(const Json& document) {
  std::vector<FeedCase> cases;
  for (const Json& kernel : document.at("kernels")) cases.push_back(kernel_case(kernel));
  for (const Json& pipeline : document.at("pipelines")) {
    cases.push_back(case_of(pipeline, pipeline.at("case")));
    for (const Json& arm : member(pipeline, "arms")) cases.push_back(arm_case(pipeline, arm));
  }
  for (const Json& pairing : member(document, "pairings")) cases.push_back(case_of(pairing, pairing.at("case")));
  if (const Json& map = member(document, "regime"); map.is_object())
    for (const Json& point : map.at("points")) cases.push_back(case_of(point, point.at("case")));
  return cases;
}

}  // namespace tandem
