/* LAPACK's dsgesv (fp32 LU with partial pivoting, refinement to fp64) on a system of the kind of dense/lu_mixed: uniform in
   [-1/2, 1/2), diagonal sqrt(n). dsgesv <n> <runs>: prints the seconds of each run, refinement steps and HPL's residual. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void dsgesv_(const int* n, const int* nrhs, double* a, const int* lda, int* pivots, const double* b, const int* ldb, double* x,
             const int* ldx, double* work, float* swork, int* steps, int* info);

static double uniform(unsigned long long* state) {
  *state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (double)(*state >> 11) * 0x1p-53 - 0.5;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int n = atoi(argv[1]), runs = atoi(argv[2]), one = 1;
  const size_t m = (size_t)n;
  double *a = malloc(8 * m * m), *b = malloc(8 * m), *x = malloc(8 * m), *work = malloc(8 * m);
  float* swork = malloc(4 * m * (m + 1));
  int* pivots = malloc(4 * m);
  for (int run = 0; run < runs + 1; ++run) { /* the first warms up */
    unsigned long long state = 42;
    for (size_t i = 0; i < m * m; ++i) a[i] = uniform(&state);
    for (size_t i = 0; i < m; ++i) a[i * (m + 1)] = sqrt((double)n), b[i] = uniform(&state);
    int steps = 0, info = 0;
    const double start = now();
    dsgesv_(&n, &one, a, &n, pivots, b, &n, x, &n, work, swork, &steps, &info);
    const double seconds = now() - start;
    if (info != 0 || steps < 0) { /* negative: it fell back to fp64 */
      fprintf(stderr, "dsgesv: info %d, steps %d\n", info, steps);
      return 1;
    }
    double *sum = calloc(m, 8), *size = calloc(m, 8), residual = 0, norm_a = 0, norm_x = 0, norm_b = 0;
    for (size_t j = 0; j < m; ++j)
      for (size_t i = 0; i < m; ++i) sum[i] += a[j * m + i] * x[j], size[i] += fabs(a[j * m + i]);
    for (size_t i = 0; i < m; ++i) {
      residual = fmax(residual, fabs(sum[i] - b[i]));
      norm_a = fmax(norm_a, size[i]), norm_x = fmax(norm_x, fabs(x[i])), norm_b = fmax(norm_b, fabs(b[i]));
    }
    free(sum), free(size);
    residual /= 0x1p-53 * (norm_a * norm_x + norm_b) * n;
    if (!(residual < 16)) return 1;
    if (run > 0) printf("dsgesv %d %.6f %d %.3g\n", n, seconds, steps, residual), fflush(stdout);
  }
  return 0;
}
