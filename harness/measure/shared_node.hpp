// Whether other users' jobs may run on this host beside this one: their joules would be counted as ours, and their
// traffic is in our times.
#pragma once

#include <filesystem>
#include <string>

namespace tandem {

// What a batch system says of this process's job, Slurm's variables; empty where it did not start it.
struct Allocation {
  std::string processors;  // SLURM_JOB_CPUS_PER_NODE, e.g. "128(x2),64"
  std::string node;        // SLURM_NODEID, this host's place in that list
};
Allocation read_allocation();  // of this process's environment

// How much of the host this job has, if that is less than its cores; "" = nothing says that others may run here. A job
// under Slurm is judged by its allocation, any other by the processors that its cgroup leaves it. A process that was
// only bound to some processors still has the host to itself.
std::string shared_node(const Allocation& allocation, const std::filesystem::path& root = "/");

}  // namespace tandem
