// Times one kernel case: prepare, verify on exact and on random inputs, warm up, sample, verify what was timed. A case
// that fails its verification is not timed; one whose timed output fails keeps its samples and is INVALID.
#pragma once

#include <string>

#include "harness/kernel/kernel.hpp"
#include "harness/measure/recorder.hpp"

namespace tandem {

void time_kernel(const KernelEntry& entry, const Settings& settings, const KernelContext& context,
                 const std::string& run_class, Recorder& recorder);

// After the samples: a kernel that goes on from its own state (Kernel::keep) makes one step more, from the state in
// which they left it, to be judged by; of any other the last sample's output is.
void go_on_to_be_judged(Kernel& kernel);

// Fills an output with a pattern that no check may accept (NaN; the least integer), so that a run that writes nothing
// fails.
void poison(const Output& output);

}  // namespace tandem
