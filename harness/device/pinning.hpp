// On which processors this process may run: two activities share a machine in a known way only where each stays on its
// own. By sched_setaffinity.
#pragma once

#include <span>
#include <vector>

namespace tandem {

std::vector<int> pinned_cpus();  // logical CPUs that the calling thread may run on, ascending

// The calling thread and those that it starts from now on; before the first parallel region that is the whole process.
// An error names the CPUs and the reason.
void pin_to(std::span<const int> cpus);

}  // namespace tandem
