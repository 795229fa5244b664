// The GPU modules beside the program: libtandem_cuda.so and libtandem_hip.so. They are loaded when a case asks for a
// GPU and not before, so that one program starts on every node, whatever libraries it has.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tandem {

// A module that was looked for.
struct GpuLibrary {
  std::string vendor;  // "cuda", "hip"
  std::filesystem::path file;
  std::string reason;     // why it cannot be loaded, "" it is
  void* entry = nullptr;  // its export, called by harness/kernel/gpu_kernels.cpp
};

// Loads what lies in the folder; what is loaded stays until the process ends.
std::vector<GpuLibrary> load_gpu_libraries(const std::filesystem::path& folder, const char* entry_name);

std::filesystem::path program_folder();

}  // namespace tandem
