// tandem-bare: a product by the linked BLAS and a STREAM triad with nothing around them, the peers of dense/gemm and
// memory/triad. Nothing is verified: its rates serve only to say what the harness costs (ci/overhead.sh).
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <cblas.h>

namespace {

using Array = std::unique_ptr<double[]>;

// Touched first by the threads that use it, random: constants make a product faster than numbers do.
Array random_array(std::size_t size) {
  Array array(new double[size]);
  const auto count = static_cast<std::ptrdiff_t>(size);
#pragma omp parallel
  {
    std::minstd_rand engine(1);
    std::uniform_real_distribution<double> uniform(-0.5, 0.5);
#pragma omp for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) array[static_cast<std::size_t>(i)] = uniform(engine);
  }
  return array;
}

// Median seconds of calls that fill `seconds`, at least 5, after one that warms up.
template <typename Call>
double median_time(double seconds, Call call) {
  using Clock = std::chrono::steady_clock;
  call();
  std::vector<double> times;
  for (double total = 0; total < seconds || times.size() < 5; total += times.back()) {
    const auto begin = Clock::now();
    call();
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  return times[times.size() / 2];
}

double gemm_rate(std::size_t n, double seconds) {
  const Array a = random_array(n * n), b = random_array(n * n), c = random_array(n * n);
  const auto order = static_cast<int>(n);
  const double time = median_time(seconds, [&] {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, order, order, order, 1.0, a.get(), order, b.get(), order,
                0.0, c.get(), order);
  });
  const auto size = static_cast<double>(n);
  return 2 * size * size * size / time;
}

double triad_rate(std::size_t n, double seconds) {
  const Array a = random_array(n), b = random_array(n), c = random_array(n);
  double *const to = a.get(), *const left = b.get(), *const right = c.get();
  const auto count = static_cast<std::ptrdiff_t>(n);
  const double time = median_time(seconds, [&] {
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = left[i] + 3.0 * right[i];
  });
  return 24 * static_cast<double>(n) / time;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const double size = argc > 2 ? std::atof(argv[2]) : 0, seconds = argc > 3 ? std::atof(argv[3]) : 2;
  if ((what != "gemm" && what != "triad") || !(size >= 1)) {
    std::fprintf(stderr, "usage: tandem-bare gemm ORDER [SECONDS] | triad ELEMENTS [SECONDS]\n");
    return 2;
  }
  const auto n = static_cast<std::size_t>(size);
  std::printf("%.9e\n", what == "gemm" ? gemm_rate(n, seconds) : triad_rate(n, seconds));
}
