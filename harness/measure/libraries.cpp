// Libraries describe themselves, at run time: what was built against is not always what is loaded. Functions that
// only one vendor's library has are looked up by name.
#include <algorithm>
#include <array>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <hwloc.h>
#include <mpi.h>
#include <nlohmann/json.hpp>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>

#include "harness/measure/machine.hpp"

namespace tandem {
namespace {

using Json = nlohmann::ordered_json;

template <typename Function>
Function* loaded(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
}

std::string file_of(const char* symbol) {
  Dl_info info{};
  void* address = dlsym(RTLD_DEFAULT, symbol);
  if (address == nullptr || dladdr(address, &info) == 0 || info.dli_fname == nullptr) return "";
  return std::filesystem::weakly_canonical(info.dli_fname).filename().string();
}

const char* name_of(BlasThreading threading) {
  switch (threading) {
    case BlasThreading::sequential:
      return "sequential";
    case BlasThreading::pthreads:
      return "pthreads";
    case BlasThreading::openmp:
      return "openmp";
    case BlasThreading::unknown:
      break;
  }
  return "unknown";
}

std::string onednn_isa() {
  static constexpr std::array names = {
      std::pair{dnnl_cpu_isa_sse41, "sse41"},
      std::pair{dnnl_cpu_isa_avx, "avx"},
      std::pair{dnnl_cpu_isa_avx2, "avx2"},
      std::pair{dnnl_cpu_isa_avx2_vnni, "avx2_vnni"},
      std::pair{dnnl_cpu_isa_avx512_core, "avx512_core"},
      std::pair{dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"},
      std::pair{dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
      std::pair{dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},
  };
  const dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  for (const auto& [value, name] : names)
    if (value == isa) return name;
  return fmt::format("{:#x}", static_cast<unsigned>(isa));
}

Json describe_mpi() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0, version = 0, subversion = 0;
  MPI_Get_library_version(text.data(), &length);  // allowed before MPI_Init
  MPI_Get_version(&version, &subversion);
  std::string library(text.data());
  library.resize(std::min(library.find_first_of(",\n"), library.size()));  // what follows names the build's host
  return {{"version", library}, {"standard", fmt::format("{}.{}", version, subversion)}};
}

}  // namespace

Blas loaded_blas() {
  Blas blas{file_of("cblas_dgemm"), "", "", BlasThreading::unknown};
  if (const auto config = loaded<char*()>("openblas_get_config")) {
    blas.name = "OpenBLAS";
    blas.version = config();
    if (const auto core = loaded<char*()>("openblas_get_corename")) blas.core = core();
    if (const auto parallel = loaded<int()>("openblas_get_parallel")) {
      constexpr std::array kinds = {BlasThreading::sequential, BlasThreading::pthreads, BlasThreading::openmp};
      const int kind = parallel();
      if (kind >= 0 && kind < 3) blas.threading = kinds[static_cast<std::size_t>(kind)];
    }
  } else if (const auto mkl = loaded<void(char*, int)>("MKL_Get_Version_String")) {
    std::array<char, 256> text{};
    mkl(text.data(), static_cast<int>(text.size()));
    blas.name = "MKL";
    blas.version = text.data();
  } else if (const auto blis = loaded<const char*()>("bli_info_get_version_str")) {
    blas.name = "BLIS";
    blas.version = blis();
    const auto id = loaded<int()>("bli_arch_query_id");
    const auto text = loaded<const char*(int)>("bli_arch_string");
    if (id != nullptr && text != nullptr) blas.core = text(id());
  }
  return blas;
}

Json describe_libraries() {
  const Blas blas = loaded_blas();
  Json result;
  result["blas"] = {{"name", blas.name},
                    {"version", blas.version},
                    {"core", blas.core},
                    {"threading", name_of(blas.threading)},
                    {"file", file_of("cblas_dgemm")}};
  const dnnl_version_t* onednn = dnnl_version();
  result["onednn"] = {{"version", fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch)},
                      {"isa", onednn_isa()}};
  result["mpi"] = describe_mpi();
  if (const auto version = loaded<int(unsigned*, unsigned*, unsigned*)>("H5get_libversion")) {
    unsigned major = 0, minor = 0, release = 0;
    version(&major, &minor, &release);
    result["hdf5"] = {{"version", fmt::format("{}.{}.{}", major, minor, release)}};
  }
  const unsigned hwloc = hwloc_get_api_version();
  result["hwloc"] = {{"version", fmt::format("API {}.{}.{}", hwloc >> 16, hwloc >> 8 & 0xff, hwloc & 0xff)}};
  result["openmp"] = {{"version", std::to_string(_OPENMP)}, {"file", file_of("omp_get_max_threads")}};
  result["libc"] = {{"version", gnu_get_libc_version()}};
  return result;
}

}  // namespace tandem
