// The host as it limits a problem's size: caches, cores and memory that this process may use. By hwloc and /proc.
#pragma once

#include <filesystem>
#include <vector>

#include "harness/ranks/ranks.hpp"

namespace tandem {

struct Cache {
  int level = 0;
  double bytes = 0;   // of one instance
  int instances = 0;  // on this host, as far as the process may run beside them
};

std::vector<Cache> data_caches();       // by level, empty where the host does not tell
double last_level_cache_bytes();        // all instances together; 0 unknown
std::vector<int> core_cpus();           // a logical CPU of each core that this process may run on (binding and cgroup)
int physical_cores();                   // how many these are
int ranks_on_host(const Ranks& ranks);  // collective
int cores_of_rank(const Ranks& ranks);  // collective; physical_cores() shared out to the ranks that may run on the same

// `wanted` cores for this rank and others for each other rank of its host, in a row in the order of ranks; where the
// launcher has bound all of them to cores of their own, the first of these. Empty on every rank where they do not
// suffice for one. Collective; `wanted` may differ.
std::vector<int> rank_cores(const Ranks& ranks, int wanted);

// MemAvailable, or what the cgroup's limits leave where that is less: in a container MemTotal can lie.
double available_memory_bytes(const std::filesystem::path& root = "/");

}  // namespace tandem
