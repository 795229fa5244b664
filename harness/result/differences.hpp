// Where a document that was written and one that was derived again differ.
#pragma once

#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

struct Differences {
  std::vector<std::string> changed;  // written, but the records give something else or do not give it
  std::vector<std::string> added;    // the records give it, but it was not written

  std::vector<std::string> all() const;
};

// Each difference begins with its path, "/kernels/0/value: ...". Numbers agree to 1e-9 relative: another machine's libm
// may derive them. Lists of things with a name (or case) are compared by it where they differ in length.
Differences differences(const Json& written, const Json& derived);

}  // namespace tandem
