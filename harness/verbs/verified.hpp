// A result directory after its checks: what verify tells in detail, and what other verbs ask for before they read a
// result.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/result/differences.hpp"

namespace tandem {

struct CheckedResult {
  std::vector<std::string> problems;  // of files, chain and samples: whatever wrote them
  Json written, derived;              // the document as it stands there, and as this program derives it; null: cannot
  std::string underivable;            // why this program cannot derive it

  Differences figures() const;
  // Another derivation than that of the program `own` may have written the document.
  bool is_of_another(const Json& own) const;
};

CheckedResult check_result(const std::filesystem::path& folder);

struct VerifiedResult {
  Json document;
  std::string root;  // SHA-256 of the manifest
};

// Silent where everything holds. Errors: exit code 2, no result directory; 3, it is not what was measured, with the
// first problem. Where another version wrote it and this one derives other figures, a line on stderr says so: the
// figures are those that were sealed.
VerifiedResult open_verified(const std::filesystem::path& folder);

}  // namespace tandem
