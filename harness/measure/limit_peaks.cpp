// Multiply-add peaks: independent accumulators that stay in registers, enough of them to cover the latency of the
// units. Each loop is compiled for its own instruction set and chosen by what the CPU has, because a library beneath
// a kernel does the same: the limit must not depend on how this program was built.
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "harness/measure/limit_probe.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tandem::limit {
namespace {

// One candidate: `loop(rounds)` does rounds * operations.
struct Peak {
  const char* name;
  double operations = 0;
  double (*loop)(long rounds) = nullptr;
  const char* instructions;
};

volatile double factor = 0.999999, term = 1e-6;  // unknown to the compiler; accumulators tend to 1

// NOLINTBEGIN(bugprone-macro-parentheses): types and attributes take none
#define TANDEM_MULTIPLY_ADD(function, attributes, scalar, bytes, accumulators)                 \
  attributes double function(long rounds) {                                                    \
    typedef scalar Vector __attribute__((vector_size(bytes)));                                 \
    const Vector x = Vector{} + static_cast<scalar>(factor);                                   \
    const Vector y = Vector{} + static_cast<scalar>(term);                                     \
    Vector sum[accumulators];                                                                  \
    for (int i = 0; i < accumulators; ++i) sum[i] = Vector{} + static_cast<scalar>(i + 1);     \
    for (long round = 0; round < rounds; ++round) {                                            \
      _Pragma("GCC unroll 32") for (int i = 0; i < accumulators; ++i) sum[i] = sum[i] * x + y; \
    }                                                                                          \
    double total = 0;                                                                          \
    for (int i = 0; i < accumulators; ++i) total += static_cast<double>(sum[i][0]);            \
    return total;                                                                              \
  }
// NOLINTEND(bugprone-macro-parentheses)

#if defined(__x86_64__)
TANDEM_MULTIPLY_ADD(fp64_avx512, __attribute__((target("avx512f"))), double, 64, 24)
TANDEM_MULTIPLY_ADD(fp32_avx512, __attribute__((target("avx512f"))), float, 64, 24)
TANDEM_MULTIPLY_ADD(fp64_avx2, __attribute__((target("avx2,fma"))), double, 32, 12)
TANDEM_MULTIPLY_ADD(fp32_avx2, __attribute__((target("avx2,fma"))), float, 32, 12)
TANDEM_MULTIPLY_ADD(fp64_generic, , double, 16, 12)
TANDEM_MULTIPLY_ADD(fp32_generic, , float, 16, 12)

// Twelve times `instruction x, x, sum`. Assembler, because around the intrinsics of these two g++ 12 copies the
// accumulators and spills them.
#define TANDEM_DOT(function, isa, instruction, x16)                                                                    \
  __attribute__((target(isa))) double function(long rounds) {                                                          \
    const __m512i x = _mm512_set1_epi16(x16);                                                                          \
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a, i = a, j = a, k = a, l = a;   \
    for (long round = 0; round < rounds; ++round)                                                                      \
      asm(instruction " %12, %12, %0\n" instruction " %12, %12, %1\n" instruction " %12, %12, %2\n" instruction        \
                      " %12, %12, %3\n" instruction " %12, %12, %4\n" instruction " %12, %12, %5\n" instruction        \
                      " %12, %12, %6\n" instruction " %12, %12, %7\n" instruction " %12, %12, %8\n" instruction        \
                      " %12, %12, %9\n" instruction " %12, %12, %10\n" instruction " %12, %12, %11\n"                  \
          : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j), "+v"(k), "+v"(l) \
          : "v"(x));                                                                                                   \
    const __m512i all = a + b + c + d + e + f + g + h + i + j + k + l;                                                 \
    return static_cast<double>(_mm512_cvtsi512_si32(all));                                                             \
  }

TANDEM_DOT(bf16_avx512, "avx512f,avx512bw,avx512bf16", "vdpbf16ps", 0x3f80)  // 1.0 in bf16
TANDEM_DOT(int8_avx512, "avx512f,avx512bw,avx512vnni", "vpdpbusd", 0x0203)
#else
TANDEM_MULTIPLY_ADD(fp64_generic, , double, 16, 24)
TANDEM_MULTIPLY_ADD(fp32_generic, , float, 16, 24)
#endif

#if defined(__x86_64__)
// What LDTILECFG reads (Intel SDM, volume 1, 18.3): palette 1, eight tiles of 16 rows of 64 bytes.
struct TileConfiguration {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfiguration) == 64);

// Six times `instruction` on accumulators of their own: a result takes the time of some three instructions. The empty
// statement has all that is read below in memory: g++ does not see what these intrinsics read.
#define TANDEM_TILES(function, isa, instruction, value)                   \
  __attribute__((target("amx-tile," isa))) double function(long rounds) { \
    const TileConfiguration configuration;                                \
    std::array<std::uint32_t, 256> entries;                               \
    entries.fill(value);                                                  \
    asm volatile("" : : "r"(&configuration), "r"(&entries) : "memory");   \
    _tile_loadconfig(&configuration);                                     \
    _tile_zero(0);                                                        \
    _tile_zero(1);                                                        \
    _tile_zero(2);                                                        \
    _tile_zero(3);                                                        \
    _tile_zero(4);                                                        \
    _tile_zero(5);                                                        \
    _tile_loadd(6, entries.data(), 64);                                   \
    _tile_loadd(7, entries.data(), 64);                                   \
    for (long round = 0; round < rounds; ++round) {                       \
      instruction(0, 6, 7);                                               \
      instruction(1, 6, 7);                                               \
      instruction(2, 6, 7);                                               \
      instruction(3, 6, 7);                                               \
      instruction(4, 6, 7);                                               \
      instruction(5, 6, 7);                                               \
    }                                                                     \
    _tile_stored(0, entries.data(), 64);                                  \
    _tile_release();                                                      \
    return static_cast<double>(entries[0]);                               \
  }

TANDEM_TILES(bf16_tiles, "amx-bf16", _tile_dpbf16ps, 0x3f803f80)  // 1.0 in bf16
TANDEM_TILES(int8_tiles, "amx-int8", _tile_dpbssd, 0x01020301)

// By CPUID leaf 7: not every compiler's __builtin_cpu_supports knows the tiles.
bool has_tiles(unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> bit & 1U) != 0;
}

// Linux gives a process their 8 KiB of state on demand only.
bool tiles_are_granted() {
  constexpr long request = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request, tile_data) == 0;
}

// Where a CPU has tiles a vector loop would be no limit: libraries use them, and they are several times faster.
void take_tiles(Peak& peak, double operations, double (*loop)(long rounds), const char* instructions) {
  if (tiles_are_granted())
    peak = {peak.name, operations, loop, instructions};
  else
    peak = {peak.name, 0, nullptr, "the system does not grant the AMX tiles of this CPU (arch_prctl)"};
}
#endif

std::array<Peak, 4> peaks() {
#if defined(__x86_64__)
  std::array<Peak, 4> best{{{"fp64", 12 * 2 * 2, fp64_generic, "SSE2"},
                            {"fp32", 12 * 4 * 2, fp32_generic, "SSE2"},
                            {"bf16", 0, nullptr, "this CPU has no AVX512-BF16"},
                            {"int8", 0, nullptr, "this CPU has no AVX512-VNNI"}}};
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    best[0] = {"fp64", 12 * 4 * 2, fp64_avx2, "AVX2 FMA"};
    best[1] = {"fp32", 12 * 8 * 2, fp32_avx2, "AVX2 FMA"};
  }
  if (__builtin_cpu_supports("avx512f")) {
    best[0] = {"fp64", 24 * 8 * 2, fp64_avx512, "AVX-512 FMA"};
    best[1] = {"fp32", 24 * 16 * 2, fp32_avx512, "AVX-512 FMA"};
  }
  if (__builtin_cpu_supports("avx512bf16")) best[2] = {"bf16", 12 * 32 * 2, bf16_avx512, "VDPBF16PS"};
  if (__builtin_cpu_supports("avx512vnni")) best[3] = {"int8", 12 * 64 * 2, int8_avx512, "VPDPBUSD"};
  if (has_tiles(22)) take_tiles(best[2], 6 * 16 * 16 * 32 * 2, bf16_tiles, "TDPBF16PS, AMX");
  if (has_tiles(25)) take_tiles(best[3], 6 * 16 * 16 * 64 * 2, int8_tiles, "TDPBSSD, AMX");
  return best;
#else
  return {{{"fp64", 24 * 2 * 2, fp64_generic, "16-byte vectors of this build"},
           {"fp32", 24 * 4 * 2, fp32_generic, "16-byte vectors of this build"},
           {"bf16", 0, nullptr, "no loop for the bf16 instructions of this architecture"},
           {"int8", 0, nullptr, "no loop for the int8 instructions of this architecture"}}};
#endif
}

}  // namespace

void append_peaks(const Probe& probe, std::vector<Limit>& limits) {
  constexpr long rounds = 40'000;
  for (const Peak& peak : peaks()) {
    if (peak.loop == nullptr) {
      limits.push_back({peak.name, std::nullopt, "flop/s", "", peak.instructions});
      continue;
    }
    const double work = peak.operations * static_cast<double>(rounds) * probe.threads;
    const double rate = best_rate(probe, work, [&](int times) {
#pragma omp parallel num_threads(probe.threads)
      consume(peak.loop(rounds * times));
    });
    limits.push_back({peak.name, rate, "flop/s", peak.instructions, ""});
  }
}

}  // namespace tandem::limit
