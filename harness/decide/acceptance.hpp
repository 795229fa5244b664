// The verdict on a delivered result by a buyer's specification (docs/method.md, section 6, "Accepting"). A pure
// function of a sealed result: nothing is measured, and what cannot be decided is never a pass.
#pragma once

#include <string>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"
#include "harness/decide/acceptance_spec.hpp"

namespace tandem {

// What stands in the sealed directory, verified before.
struct Delivery {
  std::string folder;         // its name
  std::string root;           // SHA-256 of its manifest
  std::string configuration;  // SHA-256 of its plan
  Json document;              // result.json
  // null where none was given; else {"nonce", "seal", "started", "status", "reasons"}: a revalidation that fits
  // (delivered_revalidation.hpp)
  Json revalidation = nullptr;
};

// {"verdict", "exit", "why": [text], "requirements": [{"name", "required", "found", "outcome", "reason"}],
// "criteria": [{"fom", "direction", "target", "unit", "tolerance", "limit", "kind", "proof", "where", "value", "ci95",
// "launches", "status", "judged", "margin", "outcome", "reason"}]}. An outcome is "pass", "fail" or "undecided".
// `judged` is the end of the interval that decides, `margin` by which part of the limit it lies on the right side
// (negative: the wrong one; null without interval or with limit 0).
// Verdicts: INVALID (a result is wrong, or its weights fail the nonce), NOT ACCEPTED (a requirement or a hard criterion
// is missed), UNDECIDED (one could not be decided), ACCEPTED.
// Throws Error(Exit::usage) where a criterion names a figure that is not there, or a unit that is not the figure's.
Json judge_acceptance(const AcceptanceSpec& spec, const Delivery& delivery);

// Of one criterion by the figure it names, an entry of a document's "foms".
Json judge_criterion(const Criterion& criterion, const Json& fom);

Exit exit_of_verdict(const std::string& verdict);  // 0, 3, 4 or 5

// The record of a verdict, schema tandem-acceptance/1: `judged` with lot, buyer, vendor, specification (whole, and its
// digest), result, program, time, and "seal", the SHA-256 of all before it.
Json acceptance_record(const AcceptanceSpec& spec, const Delivery& delivery, const Json& judged, const Json& program,
                       const std::string& made);
bool seal_holds(const Json& record);

}  // namespace tandem
