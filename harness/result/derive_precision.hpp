// K9 of a document: cells of precision are arms of cases that differ in nothing else.
#pragma once

#include "harness/base/arm_id.hpp"
#include "harness/result/derive_parts.hpp"

namespace tandem {

// Whether this arm must pass its gate for its case to be valid. In less than full precision missing the gate is an
// outcome, where the plan has the cell of full precision too.
bool is_required(const Json& cases, const Json& item, const ArmId& arm);

// The document's "precision_balance": one entry for each arm that the plan runs in several precisions; adds figures of
// merit. `pipelines`: the document's.
Json precision_balance_json(Derivation& derivation, const Json& pipelines);

}  // namespace tandem
