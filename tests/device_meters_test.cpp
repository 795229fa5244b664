// GPUs' meters on libraries that this test stands in for (fake_smi/): counters, power instead of them, a start that
// fails, a card that falls off the bus, and that nothing is called before a start or after an end.
#include <gtest/gtest.h>

#include "harness/meter/amd_smi.hpp"
#include "harness/meter/library.hpp"
#include "harness/meter/nvml.hpp"

namespace tandem {
namespace {

// A fake library held open, so that its state outlives the meters.
class Fake {
 public:
  explicit Fake(const std::string& path) : path_(path), library_({path}) {
    EXPECT_TRUE(library_.loaded()) << dlerror();
    state("fake_init_code") = state("fake_energy_code") = 0;
  }
  ~Fake() {
    EXPECT_EQ(state("fake_open"), 0) << "as many ends as starts";
    EXPECT_EQ(state("fake_calls_while_closed"), 0);
  }
  Fake(const Fake&) = delete;
  Fake& operator=(const Fake&) = delete;

  const std::string& path() const { return path_; }
  int& state(const char* name) const { return *library_.find<int>(name); }
  template <typename Value>
  Value* values(const char* name) const {
    return library_.find<Value>(name);
  }

 private:
  std::string path_;
  Library library_;
};

bool says(const std::unique_ptr<Meter>& meter, const std::string& text) {
  return meter->unavailable().find(text) != std::string::npos && !meter->read();
}

TEST(Nvml, EnergyCountersInMillijoules) {
  const Fake fake(FAKE_NVML);
  const Meters meters = nvml_meters({fake.path()});
  ASSERT_EQ(meters.size(), 2u);
  EXPECT_EQ(meters[1]->name(), "nvml/gpu-1");
  EXPECT_EQ(meters[1]->scope(), "device");
  EXPECT_EQ(meters[1]->unavailable(), "");
  EXPECT_DOUBLE_EQ(*meters[1]->read(), 2);
  fake.values<unsigned long long>("fake_energy")[1] = 2500;
  EXPECT_DOUBLE_EQ(*meters[1]->read(), 2.5);
  fake.state("fake_energy_code") = 15;
  EXPECT_TRUE(says(meters[1], "nvml/gpu-1: GPU is lost"));
}

TEST(Nvml, PowerIsSummedUpWhereThereIsNoCounter) {
  const Fake fake(FAKE_NVML);
  double time = 0;
  fake.state("fake_energy_code") = 3;
  const Meters meters = nvml_meters({fake.path()}, [&] { return time; });
  EXPECT_EQ(meters[0]->unavailable(), "");
  EXPECT_EQ(*meters[0]->read(), 0);
  time += 2;
  EXPECT_DOUBLE_EQ(*meters[0]->read(), 140);
  EXPECT_EQ(meters[0]->longest_gap(), 1) << "what a card drew while nobody looked is unknown";
  fake.state("fake_power_code") = 15;
  EXPECT_TRUE(says(meters[0], "GPU is lost"));
  fake.state("fake_power_code") = 0;
}

TEST(Nvml, CountsTheProcessesOnEachGpu) {
  const Fake fake(FAKE_NVML);
  EXPECT_EQ(nvml_processes({fake.path()}), (std::vector<int>{0, 3}));
  fake.state("fake_process_code") = 15;
  EXPECT_EQ(nvml_processes({fake.path()}), (std::vector<int>{-1, -1}));
  fake.state("fake_process_code") = 0;
  EXPECT_TRUE(nvml_processes({"libnowhere.so.1"}).empty());
}

TEST(Nvml, WithoutItsLibraryOrStartThereIsNone) {
  EXPECT_TRUE(says(nvml_meters({"libnowhere.so.1"})[0], "no libnowhere.so.1"));
  EXPECT_TRUE(says(nvml_meters({FAKE_ROCM_SMI})[0], "the library is no NVML"));
  const Fake fake(FAKE_NVML);
  fake.state("fake_init_code") = 9;
  EXPECT_TRUE(says(nvml_meters({fake.path()})[0], "NVML does not start: Not Supported"));
}

TEST(AmdSmi, AccumulatorsTimesTheirResolution) {
  const Fake fake(FAKE_AMD_SMI);
  const Meters meters = amd_smi_meters({{fake.path()}, {}});
  ASSERT_EQ(meters.size(), 2u) << "the second die counts nothing";
  EXPECT_EQ(meters[0]->name(), "amd_smi/gpu-0");
  EXPECT_EQ(meters[1]->name(), "amd_smi/gpu-2");
  EXPECT_DOUBLE_EQ(*meters[1]->read(), 30.5);
  fake.values<std::uint64_t>("fake_energy")[2] = 4000000;
  EXPECT_DOUBLE_EQ(*meters[1]->read(), 61);
  fake.state("fake_energy_code") = 5;
  EXPECT_TRUE(says(meters[1], "tells no energy"));
}

TEST(AmdSmi, RocmSmiStandsIn) {
  const Fake amd(FAKE_AMD_SMI), rocm(FAKE_ROCM_SMI);
  amd.state("fake_init_code") = 2;
  EXPECT_DOUBLE_EQ(*amd_smi_meters({{amd.path()}, {rocm.path()}})[0]->read(), 61);
  EXPECT_DOUBLE_EQ(*amd_smi_meters({{"libnowhere.so"}, {rocm.path()}})[0]->read(), 61);
  rocm.state("fake_init_code") = 2;
  EXPECT_TRUE(says(amd_smi_meters({{amd.path()}, {rocm.path()}})[0], "ROCm SMI does not start: error 2"));
  EXPECT_TRUE(says(amd_smi_meters({{"libnowhere.so"}, {}})[0], "no AMD GPU driver"));
  EXPECT_TRUE(says(amd_smi_meters({{rocm.path()}, {}})[0], "lacks the functions"));
}

}  // namespace
}  // namespace tandem
