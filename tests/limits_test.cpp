// The limits are complete and hang together, and the host is described from /proc trees as containers and virtual
// machines show them.
#include "harness/measure/limits.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "harness/device/buffer.hpp"
#include "harness/device/stream.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/shared_node.hpp"

namespace tandem {
namespace {

namespace fs = std::filesystem;

class Tree : public testing::Test {
 public:
  ~Tree() override { fs::remove_all(root_); }

 protected:
  Tree() : root_(fs::temp_directory_path() / ("tandem_host_" + std::to_string(::getpid()))) {
    fs::create_directories(root_);
  }
  void put(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  fs::path root_;
};

TEST_F(Tree, MemoryIsWhatIsAvailable) {
  put("proc/meminfo", "MemTotal:   8000 kB\nMemFree: 10 kB\nMemAvailable:    4000 kB\n");
  EXPECT_EQ(available_memory_bytes(root_), 4000.0 * 1024);
}

TEST_F(Tree, TheTightestGroupOfVersion2Counts) {
  put("proc/meminfo", "MemAvailable:    4000000 kB\n");
  put("proc/self/cgroup", "0::/job/step\n");
  put("sys/fs/cgroup/job/memory.max", "1000000\n");
  put("sys/fs/cgroup/job/memory.current", "400000\n");
  put("sys/fs/cgroup/job/memory.stat", "anon 300000\ninactive_file 50000\n");
  put("sys/fs/cgroup/job/step/memory.max", "max\n");
  put("sys/fs/cgroup/job/step/memory.current", "400000\n");
  EXPECT_EQ(available_memory_bytes(root_), 650000);
}

TEST_F(Tree, GroupsOfVersion1) {
  put("proc/meminfo", "MemAvailable:    4000000 kB\n");
  put("proc/self/cgroup", "5:cpu:/x\n4:memory:/box\n");
  put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "5000\n");
  put("sys/fs/cgroup/memory/box/memory.usage_in_bytes", "1000\n");
  EXPECT_EQ(available_memory_bytes(root_), 4000);
}

TEST_F(Tree, ProcessorAndVirtualMachine) {
  put("proc/cpuinfo", "model name\t: Some CPU\nflags\t\t: fpu sse4_2 avx512f smep hypervisor\n");
  EXPECT_EQ(cpu_name(root_), "Some CPU");
  EXPECT_EQ(cpu_features(root_), (std::vector<std::string>{"sse4_2", "avx512f"}));
  EXPECT_TRUE(virtual_machine(root_));
  put("proc/cpuinfo", "Features\t: fp asimd sve2\n");
  EXPECT_EQ(cpu_features(root_), (std::vector<std::string>{"asimd", "sve2"}));
  EXPECT_FALSE(virtual_machine(root_));
  put("sys/class/dmi/id/sys_vendor", "QEMU\n");
  EXPECT_TRUE(virtual_machine(root_));
}

// Four cores of two processors each.
class Node : public Tree {
 protected:
  Node() {
    for (int cpu = 0; cpu < 8; ++cpu)
      put("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/core_cpus_list",
          std::to_string(cpu % 4) + "," + std::to_string(cpu % 4 + 4) + "\n");
  }
};

TEST_F(Node, OfSlurmIsSharedByWhatTheJobWasGiven) {
  EXPECT_EQ(shared_node({"8", ""}, root_), "");
  EXPECT_EQ(shared_node({"4", ""}, root_), "") << "whole cores, counted without their second threads";
  EXPECT_EQ(shared_node({"3", "0"}, root_),
            "Slurm gave this job 3 processors of the node's 4 cores (--exclusive gives all)");
  EXPECT_EQ(shared_node({"8(x2),2", "1"}, root_), "");
  EXPECT_NE(shared_node({"8(x2),2", "2"}, root_), "");
  EXPECT_NE(shared_node({"2(x3),8", "2"}, root_), "");
  put("proc/self/cgroup", "0::/job/step\n");
  put("sys/fs/cgroup/job/step/cpuset.cpus.effective", "0\n");
  EXPECT_EQ(shared_node({"8", ""}, root_), "") << "a step may be bound, the job has the node";
}

TEST_F(Node, OfNobodyIsSharedByItsGroup) {
  EXPECT_EQ(shared_node({}, root_), "") << "nothing known";
  put("proc/self/cgroup", "4:memory:/x\n0::/box/inner\n");
  put("sys/fs/cgroup/cpuset.cpus.effective", "0-7\n");
  EXPECT_EQ(shared_node({}, root_), "");
  put("sys/fs/cgroup/box/cpuset.cpus.effective", "0-1,4\n");
  EXPECT_EQ(shared_node({}, root_), "its cgroup leaves this job 3 processors of the node's 4 cores");
  put("proc/self/cgroup", "9:cpuset:/old\n");
  put("sys/fs/cgroup/cpuset/old/cpuset.effective_cpus", "2\n");
  EXPECT_EQ(shared_node({}, root_), "its cgroup leaves this job 1 processor of the node's 4 cores");
}

TEST(Machine, NamesNoHostUnlessAsked) {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const auto machine = describe_machine(1);
  EXPECT_EQ(machine.at("host").get<std::string>().size(), 64U);
  EXPECT_EQ(describe_machine(1, true).at("host"), host.data());
  for (const char* key : {"cpu", "cores", "threads", "isa", "memory_bytes", "caches", "numa_nodes", "virtual", "shared",
                          "kernel", "os", "libraries", "environment", "warnings"})
    EXPECT_TRUE(machine.contains(key)) << key;
  EXPECT_GT(machine.at("memory_bytes").get<double>(), 0);
  EXPECT_NE(topology_xml().find("<topology"), std::string::npos);
}

TEST(Stream, BothStoresAndTheSumAreExactForEverySize) {
  for (const std::size_t n : {1U, 7U, 8U, 63U, 64U, 1000U}) {
    Buffer<double> a(n), b(n), c(n);
    std::iota(b.begin(), b.end(), 1.0);
    std::iota(c.begin(), c.end(), -5.0);
    for (const Stores stores : {Stores::plain, Stores::streaming}) {
      std::fill(a.begin(), a.end(), 0.0);
      triad(a.data(), b.data(), c.data(), 3.0, n, stores);
      for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(a[i], b[i] + 3 * c[i]) << n << " " << i;
    }
    EXPECT_EQ(read_sum(b.data(), n), static_cast<double>(n) * static_cast<double>(n + 1) / 2);
  }
}

TEST(Limits, EachHasAValueOrAReason) {
  const Ranks ranks(1);
  std::map<std::string, Limit> limits;
  for (const Limit& limit : measure_limits(ranks, 1, 0.1)) {
    EXPECT_NE(limit.value.has_value(), !limit.reason.empty()) << limit.name;
    EXPECT_GT(limit.value.value_or(1), 0) << limit.name;
    EXPECT_TRUE(limits.emplace(limit.name, limit).second) << limit.name << " twice";
  }
  const std::map<std::string, std::string> units = {{"fp64", "flop/s"},
                                                    {"fp32", "flop/s"},
                                                    {"bf16", "flop/s"},
                                                    {"int8", "flop/s"},
                                                    {"read", "B/s"},
                                                    {"triad", "B/s"},
                                                    {"read_l2", "B/s"},
                                                    {"read_l3", "B/s"},
                                                    {"triad_l2", "B/s"},
                                                    {"triad_l3", "B/s"},
                                                    {"memory_latency", "s"},
                                                    {"core_to_core_latency", "s"},
                                                    {"ping_pong_latency", "s"},
                                                    {"ping_pong_bandwidth", "B/s"}};
  ASSERT_EQ(limits.size(), units.size());
  for (const auto& [name, unit] : units) EXPECT_EQ(limits[name].unit, unit) << name;
  EXPECT_EQ(limits["ping_pong_latency"].reason, "1 rank");
  ASSERT_TRUE(limits["fp64"].value && limits["fp32"].value);
  EXPECT_GT(*limits["fp64"].value, 1e8);  // a loop that the compiler emptied would show more than any core can
  EXPECT_LT(*limits["fp64"].value, 1e12);
}

TEST(Limits, TheLevelFollowsTheWorkingSet) {
  EXPECT_EQ(limit_for("fp64", 1, 1), "fp64");
  EXPECT_EQ(limit_for("", 1, 1), "");
  const auto caches = data_caches();
  if (caches.empty() || caches.back().level < 2) GTEST_SKIP() << "hwloc tells of no level-2 cache";
  EXPECT_EQ(limit_for("read", 4096, 1), "read_l2");
  EXPECT_EQ(limit_for("triad", 8 * last_level_cache_bytes(), 1), "triad");
  if (caches.back().level == 3 && caches[caches.size() - 2].level == 2) {
    const bool clear = caches.back().bytes / 2 >= 4 * caches[caches.size() - 2].bytes;
    EXPECT_EQ(limit_for("read", caches.back().bytes / 2, 1), clear ? "read_l3" : "read_l2");
  }
}

}  // namespace
}  // namespace tandem
