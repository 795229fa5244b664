// A Problem's specification as JSON, as it stands in the plan (and so in its digest) and in the result.
#pragma once

#include "harness/base/json.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

Json spec_json(const ProblemSpec& spec);

}  // namespace tandem
