// What a device offers to pipelines besides the kernels that are timed: by its name, a function that makes an object
// that works there. Its type, and the methods' Faults, are told by the header that names it (device_training.hpp).
#pragma once

#include <cstddef>
#include <string>

namespace tandem {

// Bytes over the link between host and device, as they were copied.
struct LinkBytes {
  std::size_t to_device = 0, to_host = 0;
};

using AnyMake = void (*)();

struct Routine {
  std::string name;  // "learning/training"
  AnyMake make = nullptr;
};

// Throws Unsupported where there is no such device.
void demand_device(const std::string& device);

// On "gpu" or "guarded". Throws Unsupported, with the reasons of all modules, where there is no GPU, or where its
// module has no such routine.
AnyMake routine_on(const std::string& device, const std::string& name);

template <typename Make>
Make* routine_on(const std::string& device, const std::string& name) {
  return reinterpret_cast<Make*>(routine_on(device, name));
}
template <typename Make>
Routine routine(const std::string& name, Make* make) {
  return {name, reinterpret_cast<AnyMake>(make)};
}

}  // namespace tandem
