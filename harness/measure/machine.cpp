#include "harness/measure/machine.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sstream>

#include <hwloc.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/base/digest.hpp"
#include "harness/measure/shared_node.hpp"

namespace tandem {
namespace {

using Json = nlohmann::ordered_json;
using Topology = std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)>;

Topology load_topology() {
  hwloc_topology_t topology = nullptr;
  check(hwloc_topology_init(&topology) == 0 && hwloc_topology_load(topology) == 0, "hwloc cannot read the topology");
  return Topology(topology, &hwloc_topology_destroy);
}

// The value of the first "key<separator>value" line, without quotes.
std::string value_in(const std::filesystem::path& path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (at == std::string::npos || line.compare(0, key.size(), key) != 0) continue;
    if (line.find_first_not_of(" \t", key.size()) != at) continue;
    std::string value = line.substr(std::min(line.find_first_not_of(" \t", at + 1), line.size()));
    std::erase(value, '"');
    return value;
  }
  return "";
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::vector<std::string> flags(const std::filesystem::path& root) {
  const auto path = root / "proc/cpuinfo";
  const std::string x86 = value_in(path, "flags", ':');
  return words(x86.empty() ? value_in(path, "Features", ':') : x86);  // AArch64 calls them features
}

bool has(const std::vector<std::string>& list, const char* word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

Json describe_caches() {
  Json caches = Json::array();
  for (const Cache& cache : data_caches())
    caches.push_back(
        {{"level", cache.level}, {"bytes", static_cast<std::int64_t>(cache.bytes)}, {"instances", cache.instances}});
  return caches;
}

}  // namespace

std::string cpu_name(const std::filesystem::path& root) {
  const std::string name = value_in(root / "proc/cpuinfo", "model name", ':');
  return name.empty() ? "unknown" : name;
}

std::vector<std::string> cpu_features(const std::filesystem::path& root) {
  constexpr std::array prefixes = {"sse4", "avx", "fma", "f16c", "amx", "asimd", "sve", "bf16", "i8mm", "fphp"};
  std::vector<std::string> result;
  for (const std::string& flag : flags(root))
    if (std::any_of(prefixes.begin(), prefixes.end(), [&](const char* prefix) { return flag.starts_with(prefix); }))
      result.push_back(flag);
  return result;
}

bool virtual_machine(const std::filesystem::path& root) {
  if (has(flags(root), "hypervisor")) return true;  // set by every hypervisor on x86
  const auto dmi = root / "sys/class/dmi/id";
  const std::string text = first_line(dmi / "sys_vendor") + " " + first_line(dmi / "product_name");
  for (const char* word : {"QEMU", "KVM", "VMware", "VirtualBox", "Xen", "Virtual Machine"})
    if (text.find(word) != std::string::npos) return true;
  return false;
}

std::string topology_xml() {
  const Topology topology = load_topology();
  char* text = nullptr;
  int length = 0;
  check(hwloc_topology_export_xmlbuffer(topology.get(), &text, &length, 0) == 0, "hwloc cannot export the topology");
  std::istringstream lines(text);
  hwloc_free_xmlbuffer(topology.get(), text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    bool names = false;  // names and serial numbers say whose machine it is, not what it is
    for (const char* word : {"HostName", "Serial", "UUID", "AssetTag"})
      names = names || line.find(word) != std::string::npos;
    if (!names) result += line + "\n";
  }
  return result;
}

std::string host_digest() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return sha256(std::string_view(host.data()));
}

Json describe_machine(int threads, bool names_in_clear) {
  const Topology topology = load_topology();
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  utsname system{};
  uname(&system);
  const Blas blas = loaded_blas();
  const Environment environment = read_environment();
  const auto isa = cpu_features();

  Json machine;
  machine["host"] = names_in_clear ? std::string(host.data()) : sha256(std::string_view(host.data()));
  machine["cpu"] = cpu_name();
  machine["architecture"] = system.machine;
  machine["cores"] = hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_CORE);
  machine["threads"] = hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_PU);
  machine["cores_allowed"] = physical_cores();
  machine["isa"] = isa;
  // Not hwloc's sum over NUMA nodes: in a virtual machine with a balloon these can be less than what there is.
  const std::string kibibytes = value_in("/proc/meminfo", "MemTotal", ':');
  machine["memory_bytes"] = kibibytes.empty() ? Json(nullptr) : Json(std::stoll(kibibytes) * 1024);
  machine["memory_available_bytes"] = static_cast<std::int64_t>(available_memory_bytes());
  machine["caches"] = describe_caches();
  machine["numa_nodes"] = hwloc_get_nbobjs_by_type(topology.get(), HWLOC_OBJ_NUMANODE);
  machine["virtual"] = virtual_machine();
  const std::string shared = shared_node(read_allocation());
  machine["shared"] = shared.empty() ? Json(nullptr) : Json(shared);
  machine["kernel"] = system.release;
  machine["os"] = value_in("/etc/os-release", "PRETTY_NAME", '=');
  machine["libraries"] = describe_libraries();
  machine["environment"] = environment;
  machine["warnings"] = environment_warnings(environment, {isa, threads, blas.threading, blas.core});
  return machine;
}

}  // namespace tandem
