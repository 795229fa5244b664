#include "harness/device/host.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <hwloc.h>
#include <unistd.h>

#include "harness/base/digest.hpp"

namespace tandem {
namespace {

using Topology = std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)>;

hwloc_topology_t topology() {
  static const Topology loaded = [] {
    hwloc_topology_t made = nullptr;
    hwloc_topology_init(&made);
    hwloc_topology_load(made);
    return Topology(made, &hwloc_topology_destroy);
  }();
  return loaded.get();
}

// The number behind `key` in a file of "key value" lines; without a key the file's first number.
std::optional<double> number_in(const std::filesystem::path& path, const std::string& key = "") {
  std::ifstream file(path);
  double value = 0;
  if (key.empty()) return file >> value ? std::optional(value) : std::nullopt;
  for (std::string line; std::getline(file, line);)
    if (line.compare(0, key.size(), key) == 0) return std::stod(line.substr(key.size()));
  return std::nullopt;
}

// What one cgroup leaves: limit - (used - page cache that can be dropped).
double left_in(const std::filesystem::path& group, const char* limit_file, const char* used_file) {
  const auto limit = number_in(group / limit_file);  // "max" is no number: no limit
  const auto used = number_in(group / used_file);
  if (!limit || !used) return std::numeric_limits<double>::infinity();
  return std::max(0.0, *limit - *used + number_in(group / "memory.stat", "inactive_file ").value_or(0));
}

// The least that a cgroup or one of its ancestors leaves.
double left_in_groups(const std::filesystem::path& root) {
  double least = std::numeric_limits<double>::infinity();
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // "0::/a/b" (version 2), "9:memory:/a/b" (version 1)
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && controllers.find("memory") == std::string::npos) continue;
    const auto mount = root / (unified ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
    for (std::filesystem::path group = line.substr(second + 1);; group = group.parent_path()) {
      const auto place = mount / group.relative_path();
      least = std::min(least, unified ? left_in(place, "memory.max", "memory.current")
                                      : left_in(place, "memory.limit_in_bytes", "memory.usage_in_bytes"));
      if (!group.has_relative_path()) break;
    }
  }
  return least;
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

double number_of(std::string_view text) { return static_cast<double>(leading_bits(sha256(text)) >> 12); }  // exact

// Ranks whose text is the same as mine.
int ranks_with(const Ranks& ranks, std::string_view text) {
  const double mine = number_of(text);
  const auto all = ranks.gather(std::span(&mine, 1));
  return static_cast<int>(std::count(all.begin(), all.end(), mine));
}

// The first rank of my host.
int first_on_host(const Ranks& ranks) {
  const double mine = number_of(host_name());
  const auto all = ranks.gather(std::span(&mine, 1));
  return static_cast<int>(std::find(all.begin(), all.end(), mine) - all.begin());
}

}  // namespace

std::vector<Cache> data_caches() {
  std::vector<Cache> caches;
  int level = 0;
  for (const auto type : {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L4CACHE}) {
    ++level;
    const int instances = hwloc_get_nbobjs_by_type(topology(), type);
    if (instances <= 0) continue;
    const auto size = hwloc_get_obj_by_type(topology(), type, 0)->attr->cache.size;
    if (size > 0) caches.push_back({level, static_cast<double>(size), instances});
  }
  return caches;
}

double last_level_cache_bytes() {
  const auto caches = data_caches();
  return caches.empty() ? 0 : caches.back().bytes * caches.back().instances;
}

std::vector<int> core_cpus() {
  const std::unique_ptr<hwloc_bitmap_s, decltype(&hwloc_bitmap_free)> mine(hwloc_bitmap_alloc(), &hwloc_bitmap_free);
  if (hwloc_get_cpubind(topology(), mine.get(), HWLOC_CPUBIND_PROCESS) != 0)
    hwloc_bitmap_copy(mine.get(), hwloc_topology_get_allowed_cpuset(topology()));
  std::vector<int> cpus;
  for (hwloc_obj_t core = nullptr; (core = hwloc_get_next_obj_by_type(topology(), HWLOC_OBJ_CORE, core)) != nullptr;)
    for (int cpu = hwloc_bitmap_first(core->cpuset); cpu >= 0; cpu = hwloc_bitmap_next(core->cpuset, cpu))
      if (hwloc_bitmap_isset(mine.get(), static_cast<unsigned>(cpu)) != 0) {
        cpus.push_back(cpu);
        break;
      }
  return cpus;
}

int physical_cores() { return std::max(static_cast<int>(core_cpus().size()), 1); }

int ranks_on_host(const Ranks& ranks) { return ranks_with(ranks, host_name()); }

int cores_of_rank(const Ranks& ranks) {
  std::string place = host_name();
  for (const int cpu : core_cpus()) place += fmt::format(",{}", cpu);
  return std::max(1, physical_cores() / ranks_with(ranks, place));
}

std::vector<int> rank_cores(const Ranks& ranks, int wanted) {
  const Ranks host(ranks, first_on_host(ranks));
  const std::vector<int> mine = core_cpus();
  std::vector<double> all = host.gather(std::vector<double>(mine.begin(), mine.end()));
  std::sort(all.begin(), all.end());
  const bool bound = std::adjacent_find(all.begin(), all.end()) == all.end();
  const double my_wish = wanted;
  const std::vector<double> wishes = host.gather(std::span(&my_wish, 1));
  const double before = std::accumulate(wishes.begin(), wishes.begin() + host.rank(), 0.0);
  const double needed = bound ? my_wish : std::accumulate(wishes.begin(), wishes.end(), 0.0);
  if (ranks.max(static_cast<double>(mine.size()) < needed ? 1 : 0) > 0) return {};
  const auto first = mine.begin() + (bound ? 0 : static_cast<std::ptrdiff_t>(before));
  return {first, first + wanted};
}

double available_memory_bytes(const std::filesystem::path& root) {
  const double kibibytes = number_in(root / "proc/meminfo", "MemAvailable:").value_or(0);
  return std::min(kibibytes * 1024, left_in_groups(root));
}

}  // namespace tandem
