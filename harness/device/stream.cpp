#include "harness/device/stream.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tandem {
namespace {

#if defined(__AVX512F__)
constexpr std::size_t width = 8;
void stream_lanes(double* a, const double* b, const double* c, double s) {
  _mm512_stream_pd(a, _mm512_fmadd_pd(_mm512_set1_pd(s), _mm512_load_pd(c), _mm512_load_pd(b)));
}
void stream_lanes(double* a, const double* b) { _mm512_stream_pd(a, _mm512_load_pd(b)); }
#elif defined(__AVX__)
constexpr std::size_t width = 4;
void stream_lanes(double* a, const double* b, const double* c, double s) {
  _mm256_stream_pd(a, _mm256_add_pd(_mm256_load_pd(b), _mm256_mul_pd(_mm256_set1_pd(s), _mm256_load_pd(c))));
}
void stream_lanes(double* a, const double* b) { _mm256_stream_pd(a, _mm256_load_pd(b)); }
#elif defined(__x86_64__)
constexpr std::size_t width = 2;
void stream_lanes(double* a, const double* b, const double* c, double s) {
  _mm_stream_pd(a, _mm_add_pd(_mm_load_pd(b), _mm_mul_pd(_mm_set1_pd(s), _mm_load_pd(c))));
}
void stream_lanes(double* a, const double* b) { _mm_stream_pd(a, _mm_load_pd(b)); }
#endif

void triad_plain(double* __restrict a, const double* __restrict b, const double* __restrict c, double s,
                 std::size_t count) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) a[i] = b[i] + s * c[i];
}

// GCC would call memcpy here, which picks its own stores.
#if defined(__GNUC__) && !defined(__clang__)
__attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif
void copy_plain(double* __restrict a, const double* __restrict b, std::size_t count) {
#pragma omp simd
  for (std::size_t i = 0; i < count; ++i) a[i] = b[i];
}

// 64 bytes of lanes: one register, or several where the machine has shorter ones.
typedef double Lanes __attribute__((vector_size(64)));
constexpr std::size_t lanes = sizeof(Lanes) / sizeof(double);

}  // namespace

#if defined(__x86_64__)
bool has_streaming_stores() { return true; }
#else
bool has_streaming_stores() { return false; }
#endif

void triad(double* a, const double* b, const double* c, double s, std::size_t count, Stores stores) {
#if defined(__x86_64__)
  if (stores == Stores::streaming) {
    const std::size_t whole = count / width * width;
    for (std::size_t i = 0; i < whole; i += width) stream_lanes(a + i, b + i, c + i, s);
    triad_plain(a + whole, b + whole, c + whole, s, count - whole);
    _mm_sfence();
    return;
  }
#else
  (void)stores;
#endif
  triad_plain(a, b, c, s, count);
}

void copy(double* a, const double* b, std::size_t count, Stores stores) {
#if defined(__x86_64__)
  if (stores == Stores::streaming) {
    const std::size_t whole = count / width * width;
    for (std::size_t i = 0; i < whole; i += width) stream_lanes(a + i, b + i);
    copy_plain(a + whole, b + whole, count - whole);
    _mm_sfence();
    return;
  }
#else
  (void)stores;
#endif
  copy_plain(a, b, count);
}

double read_sum(const double* a, std::size_t count, std::size_t ahead) {
  constexpr std::size_t parts = 8;
  Lanes sum[parts] = {};
  std::size_t i = 0;
  for (; i + parts * lanes <= count; i += parts * lanes)
    for (std::size_t p = 0; p < parts; ++p) {
      if (ahead > 0) __builtin_prefetch(a + i + p * lanes + ahead);  // may point past the end: it never faults
      sum[p] += *reinterpret_cast<const Lanes*>(a + i + p * lanes);
    }
  double total = 0;
  for (; i < count; ++i) total += a[i];
  for (const Lanes& part : sum)
    for (std::size_t lane = 0; lane < lanes; ++lane) total += part[lane];
  return total;
}

}  // namespace tandem
