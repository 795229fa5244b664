// The status of a case and of a run: the worst of its reasons (docs/method.md section 6).
#pragma once

#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

class Status {
 public:
  void add(const std::string& status, const std::string& reason);
  void add(const Status& other);
  std::string worst() const;  // FAILED > INVALID > UNSTABLE > UNOFFICIAL > VALID-OPEN > VALID-CLOSED
  Json reasons() const;       // [{"status", "reason"}], each once
  bool has_figure() const;    // neither FAILED nor INVALID: its figures may be shown

 private:
  std::vector<std::pair<std::string, std::string>> reasons_;
};

int severity(const std::string& status);  // 0 = VALID-CLOSED

}  // namespace tandem
