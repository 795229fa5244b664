#include "harness/measure/environment.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

namespace tandem {
namespace {

constexpr std::array prefixes = {"OPENBLAS_", "GOTO_",   "MKL_",  "BLIS_",   "OMP_",       "GOMP_",
                                 "KMP_",      "ONEDNN_", "DNNL_", "OMPI_",   "MPICH_",     "MPIR_",
                                 "I_MPI_",    "UCX_",    "FI_",   "MALLOC_", "LD_PRELOAD", "GLIBC_TUNABLES"};

// Set by Open MPI's launcher for each process.
constexpr std::array launcher_prefixes = {
    "OMPI_COMM_WORLD_", "OMPI_UNIVERSE_",        "OMPI_MCA_orte_", "OMPI_MCA_ess_",   "OMPI_MCA_pmix",
    "OMPI_FILE_",       "OMPI_COMMAND",          "OMPI_ARGV",      "OMPI_APP_CTX_",   "OMPI_FIRST_",
    "OMPI_NUM_",        "OMPI_MCA_initial_wdir", "OMPI_MCA_ras_",  "OMPI_MCA_shmem_", "OMPI_ALLOW_RUN_AS_"};

template <typename Prefixes>
bool starts_with_any(std::string_view name, const Prefixes& list) {
  return std::any_of(list.begin(), list.end(), [&](const char* prefix) { return name.starts_with(prefix); });
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return result;
}

// An instruction set by the name that a variable uses, and the /proc/cpuinfo flag that a CPU of it has.
struct Level {
  const char* name;
  const char* flag;
};

// Ascending. https://uxlfoundation.github.io/oneDNN/dev_guide_cpu_dispatcher_control.html
constexpr std::array onednn_levels = {Level{"SSE41", "sse4_1"},
                                      Level{"AVX", "avx"},
                                      Level{"AVX2", "avx2"},
                                      Level{"AVX2_VNNI", "avx_vnni"},
                                      Level{"AVX512_CORE", "avx512bw"},
                                      Level{"AVX512_CORE_VNNI", "avx512_vnni"},
                                      Level{"AVX512_CORE_BF16", "avx512_bf16"},
                                      Level{"AVX512_CORE_FP16", "avx512_fp16"},
                                      Level{"AVX512_CORE_AMX", "amx_tile"}};

// Width of the kernels of an OpenBLAS core (its dynamic.c): 0 SSE, 1 AVX, 2 AVX2, 3 AVX-512; unknown elsewhere.
std::optional<int> width_of_core(const std::string& core) {
  static const std::map<std::string, int> widths = {
      {"skylakex", 3},  {"cooperlake", 3},  {"sapphirerapids", 3}, {"haswell", 2},      {"zen", 2},
      {"excavator", 2}, {"sandybridge", 1}, {"bulldozer", 1},      {"piledriver", 1},   {"steamroller", 1},
      {"nehalem", 0},   {"penryn", 0},      {"dunnington", 0},     {"prescott", 0},     {"core2", 0},
      {"atom", 0},      {"nano", 0},        {"katmai", 0},         {"coppermine", 0},   {"northwood", 0},
      {"banias", 0},    {"athlon", 0},      {"opteron", 0},        {"opteron_sse3", 0}, {"barcelona", 0},
      {"bobcat", 0}};
  const auto found = widths.find(lower(core));
  return found == widths.end() ? std::nullopt : std::optional(found->second);
}

class Warnings {
 public:
  Warnings(const Environment& environment, const RunFacts& facts) : environment_(environment), facts_(facts) {}

  std::vector<std::string> all() {
    openblas();
    onednn();
    threads();
    openmp();
    others();
    return std::move(list_);
  }

 private:
  bool has(const char* flag) const { return std::find(facts_.isa.begin(), facts_.isa.end(), flag) != facts_.isa.end(); }
  const std::string* value(const std::string& name) const {
    const auto found = environment_.find(name);
    return found == environment_.end() ? nullptr : &found->second;
  }
  template <typename... Args>
  void warn(fmt::format_string<Args...> message, Args&&... args) {
    list_.push_back(fmt::format(message, std::forward<Args>(args)...));
  }

  void openblas() {
    constexpr std::array names = {"SSE", "AVX", "AVX2", "AVX-512"};
    constexpr std::array cores = {"Nehalem", "Sandybridge", "Haswell", "SkylakeX"};
    const int offered = has("avx512f") ? 3 : has("avx2") ? 2 : has("avx") ? 1 : 0;
    const std::string* forced = value("OPENBLAS_CORETYPE");
    const auto width = width_of_core(forced != nullptr ? *forced : facts_.blas_core);
    if (width && *width < offered) {
      const char *used = names[static_cast<std::size_t>(*width)], *best = names[static_cast<std::size_t>(offered)];
      const char* core = cores[static_cast<std::size_t>(offered)];
      if (forced != nullptr)
        warn("OPENBLAS_CORETYPE={} keeps OpenBLAS at {} on a CPU with {}, which can halve DGEMM: set it to {}", *forced,
             used, best, core);
      else
        warn("OpenBLAS picked its {} core ({}) on a CPU with {}: set OPENBLAS_CORETYPE={}, or use a newer OpenBLAS",
             facts_.blas_core, used, best, core);
    }
    if (const auto* size = value("OPENBLAS_L2_SIZE"))
      warn("OPENBLAS_L2_SIZE={} changes OpenBLAS's blocking: unset it unless it was tuned for this CPU", *size);
    if (facts_.blas_threading == BlasThreading::pthreads && facts_.threads > 1)
      warn(
          "this OpenBLAS starts its own threads beside OpenMP's, which oversubscribes the cores: use its OpenMP build "
          "(Debian: libopenblas0-openmp)");
    if (facts_.blas_threading == BlasThreading::sequential && facts_.threads > 1)
      warn("this BLAS is sequential, the run uses {} threads: use a threaded build", facts_.threads);
    if (const auto* arch = value("BLIS_ARCH_TYPE"); arch != nullptr && lower(*arch) == "generic" && offered > 0)
      warn("BLIS_ARCH_TYPE={} keeps BLIS at portable code: unset it", *arch);
  }

  void onednn() {
    int offered = -1;
    for (std::size_t i = 0; i < onednn_levels.size(); ++i)
      if (has(onednn_levels[i].flag)) offered = static_cast<int>(i);
    for (const char* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
      const std::string* set = value(name);
      if (set == nullptr) continue;
      for (int i = 0; i < offered; ++i)
        if (lower(*set) == lower(onednn_levels[static_cast<std::size_t>(i)].name))
          warn("{}={} keeps oneDNN below the CPU's {}: unset it", name, *set,
               onednn_levels[static_cast<std::size_t>(offered)].name);
    }
    for (const char* name : {"ONEDNN_VERBOSE", "DNNL_VERBOSE", "MKL_VERBOSE"})
      if (const auto* set = value(name); set != nullptr && *set != "0" && lower(*set) != "none" && !set->empty())
        warn("{}={} prints inside of timed calls: unset it", name, *set);
  }

  void threads() {
    for (const char* name :
         {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"})
      if (const auto* set = value(name); set != nullptr && std::atoi(set->c_str()) != facts_.threads)
        warn("{}={}, but the run uses {} threads a rank: unset it and choose the threads of the run", name, *set,
             facts_.threads);
    if (const auto* set = value("OMP_THREAD_LIMIT"); set != nullptr && std::atoi(set->c_str()) < facts_.threads)
      warn("OMP_THREAD_LIMIT={} is below the {} threads of the run: unset it", *set, facts_.threads);
  }

  void openmp() {
    if (const auto* set = value("OMP_PROC_BIND"); set != nullptr && lower(*set) == "false")
      warn("OMP_PROC_BIND={} lets threads wander between cores and away from their memory: set it to close", *set);
    if (const auto* set = value("OMP_WAIT_POLICY"); set != nullptr && lower(*set) == "passive")
      warn("OMP_WAIT_POLICY={} puts threads to sleep between parallel regions: unset it", *set);
    if (const auto* set = value("OMP_DYNAMIC"); set != nullptr && lower(*set) == "true")
      warn("OMP_DYNAMIC={} may run fewer threads than the result says: unset it", *set);
  }

  void others() {
    for (const char* name : {"MALLOC_PERTURB_", "MALLOC_CHECK_"})
      if (const auto* set = value(name); set != nullptr && *set != "0")
        warn("{}={} slows every allocation: unset it", name, *set);
    if (const auto* set = value("LD_PRELOAD"); set != nullptr && !set->empty())
      warn("LD_PRELOAD={} replaces functions of the libraries that are measured: unset it unless this is meant", *set);
    if (const auto* set = value("OMPI_MCA_mpi_yield_when_idle"); set != nullptr && *set != "0")
      warn("OMPI_MCA_mpi_yield_when_idle={} gives the core away while waiting for a message: unset it", *set);
    if (const auto* set = value("OMPI_MCA_btl"); set != nullptr && !set->starts_with('^') &&
                                                 set->find("vader") == std::string::npos &&
                                                 set->find("sm") == std::string::npos)
      warn("OMPI_MCA_btl={} leaves out shared memory between ranks of a host: unset it", *set);
  }

  const Environment& environment_;
  const RunFacts& facts_;
  std::vector<std::string> list_;
};

}  // namespace

Environment read_environment(std::span<const char* const> block) {
  Environment result;
  for (const char* const line : block) {
    const std::string_view text(line);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    if (starts_with_any(name, prefixes) && !starts_with_any(name, launcher_prefixes))
      result.emplace(name, text.substr(equals + 1));
  }
  return result;
}

Environment read_environment() {
  std::size_t count = 0;
  while (environ != nullptr && environ[count] != nullptr) ++count;
  return read_environment(std::span<const char* const>(environ, count));
}

std::vector<std::string> environment_warnings(const Environment& environment, const RunFacts& facts) {
  return Warnings(environment, facts).all();
}

}  // namespace tandem
