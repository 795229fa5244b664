#include "harness/measure/shared_node.hpp"

#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include <fmt/format.h>

namespace tandem {
namespace {

std::string line_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// How many processors a list like "0-3,8" names; 0 if it is none.
int listed(const std::string& list) {
  int count = 0;
  std::istringstream parts(list);
  for (std::string part; std::getline(parts, part, ',');) {
    int from = 0, to = 0;
    char dash = 0;
    std::istringstream range(part);
    if (!(range >> from)) return 0;
    to = range >> dash >> to ? to : from;
    count += to - from + 1;
  }
  return count;
}

int cores_of(const std::filesystem::path& root) {
  std::set<std::string> siblings;  // a list of processors a core
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(root / "sys/devices/system/cpu", ignored)) {
    std::string line = line_of(entry.path() / "topology/core_cpus_list");
    if (line.empty()) line = line_of(entry.path() / "topology/thread_siblings_list");  // its name before Linux 5.3
    if (!line.empty()) siblings.insert(line);
  }
  return static_cast<int>(siblings.size());
}

// The `node`th count of "128(x2),64"; nothing if the list ends before it.
std::optional<int> allocated(const std::string& counts, int node) {
  std::istringstream parts(counts);
  for (std::string part; std::getline(parts, part, ',');) {
    int processors = 0, nodes = 1;
    char open = 0, times = 0;
    std::istringstream text(part);
    if (!(text >> processors)) return std::nullopt;
    if (!(text >> open >> times >> nodes)) nodes = 1;
    if (node < nodes) return processors;
    node -= nodes;
  }
  return std::nullopt;
}

// What the innermost cgroup with a set of processors leaves, version 2 and 1; 0 if there is none.
int left_by_groups(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "0::/a/b" (version 2), "9:cpuset:/a/b" (version 1)
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && controllers.find("cpuset") == std::string::npos) continue;
    const auto mount = root / (unified ? "sys/fs/cgroup" : "sys/fs/cgroup/cpuset");
    for (std::filesystem::path group = line.substr(second + 1);; group = group.parent_path()) {
      const auto place = mount / group.relative_path();
      if (const int count = listed(line_of(place / (unified ? "cpuset.cpus.effective" : "cpuset.effective_cpus"))))
        return count;
      if (!group.has_relative_path()) break;
    }
  }
  return 0;
}

}  // namespace

Allocation read_allocation() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  return {variable("SLURM_JOB_CPUS_PER_NODE"), variable("SLURM_NODEID")};
}

std::string shared_node(const Allocation& allocation, const std::filesystem::path& root) {
  const int cores = cores_of(root);
  if (allocation.processors.empty()) {
    const int left = left_by_groups(root);
    if (left == 0 || left >= cores) return "";
    return fmt::format("its cgroup leaves this job {} processor{} of the node's {} cores", left, left == 1 ? "" : "s",
                       cores);
  }
  const auto count = allocated(allocation.processors, std::atoi(allocation.node.c_str()));
  if (!count || *count >= cores) return "";
  return fmt::format("Slurm gave this job {} processor{} of the node's {} cores (--exclusive gives all)", *count,
                     *count == 1 ? "" : "s", cores);
}

}  // namespace tandem
