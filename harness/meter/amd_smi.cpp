#include "harness/meter/amd_smi.hpp"

#include <cstdint>
#include <functional>
#include <memory>

#include <fmt/format.h>

#include "harness/meter/library.hpp"

namespace tandem {
namespace {

// One GPU's accumulator: microjoules, or nothing.
using Accumulator = std::function<std::optional<double>()>;

// A started library: its GPUs, and what ends it with the last meter. `problem`: why there are none.
struct Started {
  std::vector<Accumulator> gpus;
  std::string problem;
};

// The end of a library whose start succeeded, and of no other.
class Session {
 public:
  Session(Library library, int (*end)()) : library_(std::move(library)), end_(end) {}
  ~Session() { end_(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  Library library_;
  int (*end_)();
};

template <typename Call, typename Device>
Accumulator accumulator(const std::shared_ptr<Session>& session, Call* call, Device device) {
  return [session, call, device]() -> std::optional<double> {
    std::uint64_t count = 0, time = 0;
    float resolution = 0;
    if (call(device, &count, &resolution, &time) != 0 || !(resolution > 0)) return std::nullopt;
    return static_cast<double>(count) * static_cast<double>(resolution);
  };
}

// Of amdsmi.h; 0 is success. Sockets hold processors.
Started start_amd_smi(const Library& library) {
  auto* init = library.find<int(std::uint64_t)>("amdsmi_init");
  auto* end = library.find<int()>("amdsmi_shut_down");
  auto* sockets_of = library.find<int(std::uint32_t*, void**)>("amdsmi_get_socket_handles");
  auto* gpus_of = library.find<int(void*, std::uint32_t*, void**)>("amdsmi_get_processor_handles");
  auto* energy = library.find<int(void*, std::uint64_t*, float*, std::uint64_t*)>("amdsmi_get_energy_count");
  if (init == nullptr || end == nullptr || sockets_of == nullptr || gpus_of == nullptr || energy == nullptr)
    return {{}, "libamd_smi lacks the functions that are needed"};
  constexpr std::uint64_t kGpus = 2;  // AMDSMI_INIT_AMD_GPUS
  if (const int code = init(kGpus); code != 0) return {{}, fmt::format("AMD SMI does not start: error {}", code)};
  const auto session = std::make_shared<Session>(library, end);
  Started started;
  std::uint32_t count = 0;
  if (sockets_of(&count, nullptr) != 0) return {{}, "AMD SMI tells no sockets"};
  std::vector<void*> sockets(count);
  if (count > 0 && sockets_of(&count, sockets.data()) != 0) return {{}, "AMD SMI tells no sockets"};
  for (void* socket : sockets) {
    std::uint32_t inside = 0;
    if (gpus_of(socket, &inside, nullptr) != 0) continue;
    std::vector<void*> gpus(inside);
    if (inside > 0 && gpus_of(socket, &inside, gpus.data()) != 0) continue;
    for (void* gpu : gpus) started.gpus.push_back(accumulator(session, energy, gpu));
  }
  return started;
}

// Of rocm_smi.h; 0 is success.
Started start_rocm_smi(const Library& library) {
  auto* init = library.find<int(std::uint64_t)>("rsmi_init");
  auto* end = library.find<int()>("rsmi_shut_down");
  auto* gpus = library.find<int(std::uint32_t*)>("rsmi_num_monitor_devices");
  auto* energy = library.find<int(std::uint32_t, std::uint64_t*, float*, std::uint64_t*)>("rsmi_dev_energy_count_get");
  if (init == nullptr || end == nullptr || gpus == nullptr || energy == nullptr)
    return {{}, "librocm_smi64 lacks the functions that are needed"};
  if (const int code = init(0); code != 0) return {{}, fmt::format("ROCm SMI does not start: error {}", code)};
  const auto session = std::make_shared<Session>(library, end);
  Started started;
  std::uint32_t count = 0;
  if (gpus(&count) != 0) return {{}, "ROCm SMI tells no number of GPUs"};
  for (std::uint32_t i = 0; i < count; ++i) started.gpus.push_back(accumulator(session, energy, i));
  return started;
}

class AmdGpu final : public Meter {
 public:
  AmdGpu(Accumulator microjoules, std::size_t index) : microjoules_(std::move(microjoules)), index_(index) {}
  std::string name() const override { return fmt::format("amd_smi/gpu-{}", index_); }
  std::string scope() const override { return "device"; }
  double range() const override { return std::numeric_limits<double>::infinity(); }  // 64 bits of about 15 microjoules
  double resolution() const override { return 1e-2; }
  std::string unavailable() const override { return microjoules_() ? "" : fmt::format("{} tells no energy", name()); }
  std::optional<double> read() override {
    const auto value = microjoules_();
    return value ? std::optional(1e-6 * *value) : value;
  }

 private:
  Accumulator microjoules_;
  std::size_t index_;
};

Started start(const AmdLibraries& libraries) {
  Started started{{}, "no libamd_smi.so and no librocm_smi64.so: no AMD GPU driver"};
  if (const Library amd(libraries.amd_smi); amd.loaded()) started = start_amd_smi(amd);
  if (!started.gpus.empty()) return started;
  if (const Library rocm(libraries.rocm_smi); rocm.loaded()) started = start_rocm_smi(rocm);
  return started;
}

}  // namespace

Meters amd_smi_meters(const AmdLibraries& libraries) {
  Meters meters;
  const Started started = start(libraries);
  for (std::size_t i = 0; i < started.gpus.size(); ++i)
    if (started.gpus[i]() != 0.0) meters.push_back(std::make_unique<AmdGpu>(started.gpus[i], i));
  if (meters.empty())
    meters.push_back(
        no_meter("amd_smi", started.problem.empty() ? "AMD SMI sees no GPU that counts energy" : started.problem));
  return meters;
}

}  // namespace tandem
