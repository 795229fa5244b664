// gpu_runtime.hpp for CUDA and HIP; guarded.cpp has it for the guarded device.
#include <array>
#include <map>

#include "harness/base/check.hpp"
#include "harness/device/gpu_code.hpp"
#include "harness/device/gpu_rank.hpp"
#include "harness/device/gpu_runtime.hpp"

namespace tandem::GPU_VENDOR {
namespace {

void demand(gpuError_t code, const char* call) {
  check(code == gpuSuccess, "the GPU refused to {}: {}", call, gpuGetErrorString(code));
}

GPU_KERNEL void nothing() {}

// The runtime tells at the first launch whether this build holds code for the device that is set.
bool has_code() {
  const auto code = gpuLaunchKernel(reinterpret_cast<const void*>(nothing), dim3(1), dim3(1), nullptr, 0, nullptr);
  const bool ran = code == gpuSuccess && gpuDeviceSynchronize() == gpuSuccess;
  (void)gpuGetLastError();
  return ran;
}

std::string version(int number) {
#if defined(TANDEM_HIP)
  return fmt::format("{}.{}", number / 10000000, number / 100000 % 100);
#else
  return fmt::format("{}.{}", number / 1000, number / 10 % 100);
#endif
}

std::string architecture(const gpuDeviceProp& properties) {
#if defined(TANDEM_HIP)
  const std::string name = properties.gcnArchName;
  return name.substr(0, name.find(':'));
#else
  return fmt::format("sm_{}{}", properties.major, properties.minor);
#endif
}

GpuDevice describe(int index) {
  GpuDevice device;
  gpuDeviceProp properties{};
  if (const auto code = gpuGetDeviceProperties(&properties, index); code != gpuSuccess) {
    device.unusable = gpuGetErrorString(code);
    return device;
  }
  device.name = properties.name;
  device.architecture = architecture(properties);
  device.memory_bytes = static_cast<double>(properties.totalGlobalMem);
  device.units = properties.multiProcessorCount;
  device.cache_bytes = properties.l2CacheSize;
  if (const auto code = gpuSetDevice(index); code != gpuSuccess) {
    device.unusable = gpuGetErrorString(code);
    return device;
  }
  device.free_bytes = free_bytes();
  if (!has_code()) device.unusable = fmt::format("this module has no code for {}", device.architecture);
  (void)gpuDeviceReset();  // looking takes memory of a device, also of one that another rank will choose
  return device;
}

std::string runtime_text() {
  int runtime = 0, driver = 0;
  (void)gpuRuntimeGetVersion(&runtime);
  (void)gpuDriverGetVersion(&driver);
#if defined(TANDEM_HIP)
  return fmt::format("HIP {}", version(runtime));
#else
  return fmt::format("CUDA {}, driver for {}", version(runtime), driver == 0 ? "none" : version(driver));
#endif
}

GpuSurvey look() {
  GpuSurvey found;
  found.runtime = runtime_text();
  int count = 0;
  // Without a driver the codes differ (35, 100, 3, 999, ...): all of them mean that there is no device.
  const auto code = gpuGetDeviceCount(&count);
  (void)gpuGetLastError();
  if (code != gpuSuccess || count == 0) {
    found.reason = fmt::format("no GPU ({})", code == gpuSuccess ? "the driver sees none" : gpuGetErrorString(code));
    return found;
  }
  for (int i = 0; i < count; ++i) found.devices.push_back(describe(i));
  bool usable = false;
  for (const GpuDevice& device : found.devices) usable = usable || device.unusable.empty();
  if (!usable) found.reason = fmt::format("{}: {}", found.devices.front().name, found.devices.front().unusable);
  return found;
}

// Made when the device is first chosen and left to the end of the process. It waits for the default stream and that for
// it, so that a library that uses the default one is in order.
gpuStream_t& stream_of(int device) {
  static std::map<int, gpuStream_t> streams;
  gpuStream_t& stream = streams[device];
  if (stream == nullptr) demand(gpuStreamCreate(&stream), "make a stream");
  return stream;
}

gpuStream_t& current_stream() {
  static gpuStream_t stream = nullptr;
  return stream;
}

}  // namespace

gpuStream_t stream() { return current_stream(); }

GpuSurvey survey() {
  static const GpuSurvey found = look();
  return found;
}

const GpuDevice& choose_device(const Ranks& ranks) {
  static const GpuSurvey found = survey();
  std::array<char, 64> first{};  // where it lies on the host's bus
  if (!found.devices.empty()) (void)gpuDeviceGetPCIBusId(first.data(), static_cast<int>(first.size()), 0);
  const int index = device_of_rank(ranks, found.reason, static_cast<int>(found.devices.size()), first.data());
  const GpuDevice& device = found.devices[static_cast<std::size_t>(index)];
  if (ranks.max(device.unusable.empty() ? 0 : 1) != 0)
    throw Unsupported(device.unusable.empty() ? "the GPU of another rank cannot be used"
                                              : fmt::format("GPU {}, {}: {}", index, device.name, device.unusable));
  demand(gpuSetDevice(index), "select the device");
  current_stream() = stream_of(index);
  return device;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  if (bytes == 0) return memory;
  const auto code = gpuMalloc(&memory, bytes);
  if (code == gpuErrorMemoryAllocation) {
    (void)gpuGetLastError();
    throw Error(Exit::usage, fmt::format("the GPU's memory is full: {:.3g} GiB were asked for, {:.3g} GiB are free; "
                                         "choose a smaller size",
                                         static_cast<double>(bytes) / 0x1p30, free_bytes() / 0x1p30));
  }
  demand(code, "allocate memory");
  demand(gpuMemsetAsync(memory, 0xff, bytes, stream()), "fill memory");  // NaN, or -1: what is never written shows
  return memory;
}

void release(void* memory) noexcept { (void)gpuFree(memory); }

void* allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  if (bytes > 0) demand(gpuHostAlloc(&memory, bytes, 0), "allocate pinned memory of the host");
  return memory;
}

void release_pinned(void* memory) noexcept {
  if (memory != nullptr) (void)gpuFreeHost(memory);
}

double free_bytes() {
  std::size_t free = 0, all = 0;
  demand(gpuMemGetInfo(&free, &all), "tell its free memory");
  return static_cast<double>(free);
}

double free_bytes(const Ranks& ranks) {
  choose_device(ranks);
  return free_bytes();
}

void copy_in(void* device, const void* host, std::size_t bytes) {
  if (bytes == 0) return;
  start_copy_in(device, host, bytes);
  demand(gpuStreamSynchronize(stream()), "copy from the host");
}

void copy_out(void* host, const void* device, std::size_t bytes) {
  if (bytes == 0) return;
  start_copy_out(host, device, bytes);
  demand(gpuStreamSynchronize(stream()), "copy to the host");
}

void start_copy_in(void* device, const void* host, std::size_t bytes) {
  demand(gpuMemcpyAsync(device, host, bytes, gpuMemcpyHostToDevice, stream()), "copy from the host");
}

void start_copy_out(void* host, const void* device, std::size_t bytes) {
  demand(gpuMemcpyAsync(host, device, bytes, gpuMemcpyDeviceToHost, stream()), "copy to the host");
}

void start_copy(void* to, const void* from, std::size_t bytes) {
  demand(gpuMemcpyAsync(to, from, bytes, gpuMemcpyDeviceToDevice, stream()), "copy on the device");
}

void finish() { demand(gpuDeviceSynchronize(), "finish its work"); }

}  // namespace tandem::GPU_VENDOR
