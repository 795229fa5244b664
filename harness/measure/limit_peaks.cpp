// Multiply-add peaks: independent accumulators that stay in registers, enough of them to cover the latency of the
// units. Each loop is compiled for its own instruction set and chosen by what the CPU has, because a library beneath
// a kernel does the same: the limit must not depend on how this program was built.
#include <array>

#include <fmt/format.h>

#include "harness/measure/limit_probe.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
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

#if defined(__x86_64__)
TANDEM_MULTIPLY_ADD(fp64_avx512, __attribute__((target("avx512f"))), double, 64, 24)
TANDEM_MULTIPLY_ADD(fp32_avx512, __attribute__((target("avx512f"))), float, 64, 24)
TANDEM_MULTIPLY_ADD(fp64_avx2, __attribute__((target("avx2,fma"))), double, 32, 12)
TANDEM_MULTIPLY_ADD(fp32_avx2, __attribute__((target("avx2,fma"))), float, 32, 12)
TANDEM_MULTIPLY_ADD(fp64_generic, , double, 16, 12)
TANDEM_MULTIPLY_ADD(fp32_generic, , float, 16, 12)

__attribute__((target("avx512f,avx512bf16"))) double bf16_avx512(long rounds) {
  const __m512 ones = _mm512_set1_ps(static_cast<float>(factor));
  const __m512bh x = _mm512_cvtne2ps_pbh(ones, ones);
  __m512 sum[24];
  for (int i = 0; i < 24; ++i) sum[i] = _mm512_set1_ps(static_cast<float>(i));
  for (long round = 0; round < rounds; ++round) {
    _Pragma("GCC unroll 32") for (int i = 0; i < 24; ++i) sum[i] = _mm512_dpbf16_ps(sum[i], x, x);
  }
  double total = 0;
  for (int i = 0; i < 24; ++i) total += static_cast<double>(_mm512_cvtss_f32(sum[i]));
  return total;
}

__attribute__((target("avx512f,avx512vnni"))) double int8_avx512(long rounds) {
  const __m512i x = _mm512_set1_epi8(static_cast<char>(factor * 3));
  __m512i sum[24];
  for (int i = 0; i < 24; ++i) sum[i] = _mm512_set1_epi32(i);
  for (long round = 0; round < rounds; ++round) {
    _Pragma("GCC unroll 32") for (int i = 0; i < 24; ++i) sum[i] = _mm512_dpbusd_epi32(sum[i], x, x);
  }
  double total = 0;
  for (int i = 0; i < 24; ++i) total += static_cast<double>(_mm512_cvtsi512_si32(sum[i]));
  return total;
}
#else
TANDEM_MULTIPLY_ADD(fp64_generic, , double, 16, 24)
TANDEM_MULTIPLY_ADD(fp32_generic, , float, 16, 24)
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
  if (__builtin_cpu_supports("avx512bf16")) best[2] = {"bf16", 24 * 32 * 2, bf16_avx512, "VDPBF16PS"};
  if (__builtin_cpu_supports("avx512vnni")) best[3] = {"int8", 24 * 64 * 2, int8_avx512, "VPDPBUSD"};
  // A vector loop would be no limit there: libraries use the tiles, which are several times faster.
  if (__builtin_cpu_supports("amx-bf16")) best[2] = {"bf16", 0, nullptr, "no loop for the AMX tiles of this CPU"};
  if (__builtin_cpu_supports("amx-int8")) best[3] = {"int8", 0, nullptr, "no loop for the AMX tiles of this CPU"};
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
