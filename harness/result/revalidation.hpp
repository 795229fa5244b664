// The record of a revalidation: the frozen weights of a result against hold-outs that follow from a buyer's nonce
// (docs/method.md, section 6). It keeps every error, so that its verdicts can be derived again, and its own digest.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json.hpp"
#include "harness/result/records.hpp"

namespace tandem {

// `facts`: {"schema", "tandem", "started", "nonce", "result": {"folder", "root", "class", "config", "status"},
// "problems": {case: problem}, "launches": [{"case", "fom", "launch", "weights", "seed", "rows"}]}; a row is a
// hold-out record, "fom" what the names of the arm's figures begin with. Adds the verdict of every launch: "run",
// "reasons", "foms", "checks" in the form of a result document, and "seal", the SHA-256 of all before it.
Json judge_revalidation(const Json& facts);

// What is wrong with a record: its seal, or a verdict that does not follow from its errors. Empty = nothing.
std::vector<std::string> check_revalidation(const Json& record);

// "" or why a launch of a pipeline's arm has no hold-out to face. `item`: its case in the plan.
std::string why_not_revalidated(const LaunchRecord& launch, const Json& item);

bool is_revalidation(const std::filesystem::path& file);  // a file whose JSON says that it is such a record

}  // namespace tandem
