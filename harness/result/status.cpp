#include "harness/result/status.hpp"

#include <algorithm>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

const std::vector<std::string> kOrder = {"VALID-CLOSED", "VALID-OPEN", "UNOFFICIAL", "UNSTABLE", "INVALID", "FAILED"};

}  // namespace

int severity(const std::string& status) {
  const auto at = std::find(kOrder.begin(), kOrder.end(), status);
  check(at != kOrder.end(), "\"{}\" is not a status", status);
  return static_cast<int>(at - kOrder.begin());
}

void Status::add(const std::string& status, const std::string& reason) {
  const std::pair<std::string, std::string> item{status, reason};
  if (std::find(reasons_.begin(), reasons_.end(), item) == reasons_.end()) reasons_.push_back(item);
}

void Status::add(const Status& other) {
  for (const auto& [status, reason] : other.reasons_) add(status, reason);
}

std::string Status::worst() const {
  std::string worst = kOrder.front();
  for (const auto& [status, reason] : reasons_)
    if (severity(status) > severity(worst)) worst = status;
  return worst;
}

Json Status::reasons() const {
  Json list = Json::array();
  for (const auto& [status, reason] : reasons_) list.push_back({{"status", status}, {"reason", reason}});
  return list;
}

bool Status::has_figure() const { return severity(worst()) < severity("INVALID"); }

}  // namespace tandem
