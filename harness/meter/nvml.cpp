#include "harness/meter/nvml.hpp"

#include <memory>

#include <fmt/format.h>

#include "harness/meter/library.hpp"
#include "harness/meter/power_integral.hpp"

namespace tandem {
namespace {

// Of nvml.h; 0 is success.
using Init = int();
using Count = int(unsigned*);
using ByIndex = int(unsigned, void**);
using TotalEnergy = int(void*, unsigned long long*);
using PowerUsage = int(void*, unsigned*);
using ErrorString = const char*(int);
using Processes = int(void*, unsigned*, void*);

// NVML between its start and its end; every call goes through here and is refused where the start failed.
class Nvml {
 public:
  explicit Nvml(const std::vector<std::string>& names) : library_(names) {
    if (!library_.loaded()) {
      problem_ = fmt::format("no {}: no NVIDIA driver", names.empty() ? "library" : names.front());
      return;
    }
    auto* init = library_.find<Init>("nvmlInit_v2");
    if (init == nullptr || library_.find<Init>("nvmlShutdown") == nullptr)
      problem_ = "the library is no NVML";
    else if (const int code = init(); code != 0)
      problem_ = "NVML does not start: " + error(code);
    begun_ = problem_.empty();
  }
  ~Nvml() {
    if (begun_) library_.find<Init>("nvmlShutdown")();
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  const std::string& problem() const { return problem_; }

  std::vector<void*> devices() const {
    std::vector<void*> all;
    unsigned count = 0;
    auto* counter = function<Count>("nvmlDeviceGetCount_v2");
    auto* by_index = function<ByIndex>("nvmlDeviceGetHandleByIndex_v2");
    if (counter == nullptr || by_index == nullptr || counter(&count) != 0) return all;
    for (unsigned i = 0; i < count; ++i) {
      void* device = nullptr;
      all.push_back(by_index(i, &device) == 0 ? device : nullptr);
    }
    return all;
  }
  // Millijoules; the code of NVML's answer otherwise.
  int energy(void* device, unsigned long long& value) const {
    auto* call = function<TotalEnergy>("nvmlDeviceGetTotalEnergyConsumption");
    return call == nullptr || device == nullptr ? kNotSupported : call(device, &value);
  }
  int power(void* device, unsigned& value) const {
    auto* call = function<PowerUsage>("nvmlDeviceGetPowerUsage");
    return call == nullptr || device == nullptr ? kNotSupported : call(device, &value);
  }
  // Asked for none of them, NVML tells how many there are: 0, or "insufficient size".
  int processes(void* device) const {
    constexpr int kInsufficientSize = 7;
    for (const char* name : {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2"}) {
      auto* call = function<Processes>(name);
      unsigned count = 0;
      if (call == nullptr || device == nullptr) continue;
      const int code = call(device, &count, nullptr);
      return code == 0 || code == kInsufficientSize ? static_cast<int>(count) : -1;
    }
    return -1;
  }
  std::string error(int code) const {
    auto* text = library_.find<ErrorString>("nvmlErrorString");
    const char* words = text == nullptr ? nullptr : text(code);
    return words == nullptr ? fmt::format("error {}", code) : words;
  }

 private:
  static constexpr int kNotSupported = 3;
  template <typename Function>
  Function* function(const char* name) const {
    return begun_ ? library_.find<Function>(name) : nullptr;
  }

  Library library_;
  std::string problem_;
  bool begun_ = false;
};

class NvidiaGpu final : public Meter {
 public:
  NvidiaGpu(std::shared_ptr<Nvml> nvml, void* device, std::size_t index, std::function<double()> clock)
      : nvml_(std::move(nvml)), device_(device), index_(index), integral_(std::move(clock)) {
    unsigned long long ignored = 0;
    counts_ = nvml_->energy(device_, ignored) == 0;
  }
  std::string name() const override { return fmt::format("nvml/gpu-{}", index_); }
  std::string scope() const override { return "device"; }
  double range() const override { return std::numeric_limits<double>::infinity(); }  // 64 bits of millijoules
  double resolution() const override { return 0.1; }  // seen on data-centre cards: 20 to 100 ms
  double longest_gap() const override { return counts_ ? std::numeric_limits<double>::infinity() : 1; }
  std::string unavailable() const override {
    unsigned long long energy = 0;
    unsigned power = 0;
    const int code = counts_ ? nvml_->energy(device_, energy) : nvml_->power(device_, power);
    return code == 0 ? "" : fmt::format("{}: {}", name(), nvml_->error(code));
  }
  std::optional<double> read() override {
    unsigned long long energy = 0;
    unsigned power = 0;
    if (counts_)
      return nvml_->energy(device_, energy) == 0 ? std::optional(1e-3 * static_cast<double>(energy)) : std::nullopt;
    return nvml_->power(device_, power) == 0 ? integral_.add(1e-3 * power) : std::nullopt;
  }

 private:
  std::shared_ptr<Nvml> nvml_;
  void* device_;
  std::size_t index_;
  bool counts_ = false;  // has an energy counter
  PowerIntegral integral_;
};

}  // namespace

Meters nvml_meters(const std::vector<std::string>& library, const std::function<double()>& clock) {
  Meters meters;
  const auto nvml = std::make_shared<Nvml>(library);
  const std::vector<void*> devices = nvml->devices();
  for (std::size_t i = 0; i < devices.size(); ++i)
    meters.push_back(std::make_unique<NvidiaGpu>(nvml, devices[i], i, clock));
  if (meters.empty())
    meters.push_back(no_meter("nvml", nvml->problem().empty() ? "NVML sees no GPU" : nvml->problem()));
  return meters;
}

std::vector<int> nvml_processes(const std::vector<std::string>& library) {
  const Nvml nvml(library);
  std::vector<int> counts;
  for (void* device : nvml.devices()) counts.push_back(nvml.processes(device));
  return counts;
}

}  // namespace tandem
