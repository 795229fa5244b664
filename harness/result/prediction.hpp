// Kernel-to-pipeline prediction: what a phase takes against what its Problem says that it does in runs of kernel cases,
// measured in the same run. predicted = count * seconds of a run (or of one of its iterations); what remains of the
// phase is no kernel's work and is named.
#pragma once

#include "harness/result/derive_parts.hpp"

namespace tandem {

// The "prediction" of a pipeline of the document: [{"phase", "kernel", "arm", "count", "per", "each_thread", "each",
// "predicted", "measured", "share", "besides", "reason"}], seconds; share = predicted / measured, null with its reason.
// Adds a figure of merit for each phase. null where the plan measures none of its kernels. `item`: of the plan, with
// "predicting_cases", the paths of the cases; `kernels`: the document's.
Json prediction_json(Derivation& derivation, const Json& item, const Json& kernels, const Json& pipeline);

}  // namespace tandem
