#include "harness/device/gpu.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

namespace fs = std::filesystem;

namespace tandem {
namespace {

std::string linker_words() {
  const char* words = dlerror();
  return words == nullptr ? "it cannot be loaded" : words;
}

GpuLibrary load(const fs::path& folder, const std::string& vendor, const char* entry_name) {
  GpuLibrary library{vendor, folder / fmt::format("libtandem_{}.so", vendor), "", nullptr};
  if (!fs::exists(library.file)) {
    library.reason =
        fmt::format("no {} beside the program (build it with the preset {})", library.file.filename().string(), vendor);
    return library;
  }
  void* handle = dlopen(library.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    library.reason = linker_words();
    return library;
  }
  library.entry = dlsym(handle, entry_name);
  if (library.entry == nullptr)
    library.reason =
        fmt::format("{} is no module of Tandem: it has no {}", library.file.filename().string(), entry_name);
  return library;
}

}  // namespace

fs::path program_folder() { return fs::read_symlink("/proc/self/exe").parent_path(); }

std::vector<GpuLibrary> load_gpu_libraries(const fs::path& folder, const char* entry_name) {
  std::vector<GpuLibrary> libraries;
  for (const char* vendor : {"cuda", "hip"}) libraries.push_back(load(folder, vendor, entry_name));
  return libraries;
}

}  // namespace tandem
