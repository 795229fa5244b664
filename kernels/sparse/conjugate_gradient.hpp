// Preconditioned conjugate gradients (Hestenes and Stiefel 1952) for any operator and preconditioner. Sums run over
// fixed blocks in a fixed order: the same bits with any number of threads. In single precision for the inner solves of
// an iterative refinement. Where the preconditioned residual has fewer bits (Z) than the rest (T), the preconditioner
// is not quite linear and the method is flexible: beta by Polak and Ribiere (Golub and Ye, SIAM J. Sci. Comput. 21,
// 1999).
#pragma once

#include <cmath>
#include <functional>
#include <type_traits>
#include <vector>

#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {

struct CgResult {
  std::size_t iterations = 0;
  double residual = 0;          // 2-norm of the recursive residual
  std::vector<double> history;  // of it: before the first iteration, after each
};

// Vectors of one solve; kept between solves.
template <typename T, typename Z = T>
struct CgVectors {
  Buffer<T> residual, direction, image;
  Buffer<Z> preconditioned;
  explicit CgVectors(std::size_t n) : residual(n), direction(n), image(n), preconditioned(n) {}
};

inline constexpr std::size_t cg_block = 4096;

// Sum over blocks of body(begin, end).
template <typename Body>
double sum_blocks(bool threaded, std::size_t n, const Body& body) {
  const std::size_t blocks = (n + cg_block - 1) / cg_block;
  thread_local std::vector<double> shared;
  std::vector<double>& parts = shared;  // by reference, or each thread would see its own
  parts.assign(blocks, 0.0);
  for_each(threaded, blocks,
           [&](std::size_t b) { parts[b] = body(b * cg_block, b + 1 == blocks ? n : (b + 1) * cg_block); });
  double total = 0;
  for (const double part : parts) total += part;
  return total;
}

// Loops over blocks as functions of their own: g++ 12 gathers where a vector loop reads captured pointers.
template <typename T, typename Z>
double dot_block(std::size_t n, const T* x, const Z* y) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) sum += x[i] * static_cast<T>(y[i]);
  return static_cast<double>(sum);
}

template <typename T, typename Z>  // p = z + beta p
double turn_block(std::size_t n, const Z* z, T beta, T* p) {
#pragma omp simd
  for (std::size_t i = 0; i < n; ++i) p[i] = static_cast<T>(z[i]) + beta * p[i];
  return 0;
}

template <typename T>  // x += alpha p, r -= alpha q; r.r
double move_block(std::size_t n, T alpha, const T* p, const T* q, T* x, T* r) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < n; ++i) {
    x[i] += alpha * p[i];
    r[i] -= alpha * q[i];
    sum += r[i] * r[i];
  }
  return static_cast<double>(sum);
}

template <typename T, typename Z>
double dot(bool threaded, std::size_t n, const T* x, const Z* y) {
  return sum_blocks(threaded, n, [=](std::size_t b, std::size_t e) { return dot_block(e - b, x + b, y + b); });
}

// Solves A x = b from the x whose residual b - A x stands in v.residual, until its 2-norm is <= `target` or `most`
// iterations are done. apply(x, y): y = A x; precondition(r, z): z = M r; sum(part): the sum of all ranks' parts.
template <typename T, typename Z, typename Operator, typename Preconditioner, typename Sum = std::identity>
CgResult conjugate_gradient(bool threaded, std::size_t n, T* x, CgVectors<T, Z>& v, double target, std::size_t most,
                            const Operator& apply_operator, const Preconditioner& precondition, const Sum& sum = {}) {
  T* r = v.residual.data();
  Z* z = v.preconditioned.data();
  T* p = v.direction.data();
  T* q = v.image.data();
  CgResult result{0, std::sqrt(sum(dot(threaded, n, r, r))), {}};
  result.history.push_back(result.residual);
  double rho = 0, alpha = 0;
  while (result.residual > target && result.iterations < most) {
    precondition(r, z);
    const double previous = rho;
    rho = sum(dot(threaded, n, r, z));
    double turned = rho;  // z . (r - the r before it), the same as z . r where M is linear and symmetric
    if constexpr (!std::is_same_v<T, Z>) turned = -alpha * sum(dot(threaded, n, q, z));
    const T beta = result.iterations == 0 ? T(0) : static_cast<T>(turned / previous);
    if (result.iterations == 0) std::memset(p, 0, n * sizeof(T));
    sum_blocks(threaded, n, [=](std::size_t b, std::size_t e) { return turn_block(e - b, z + b, beta, p + b); });
    apply_operator(p, q);
    alpha = rho / sum(dot(threaded, n, p, q));
    const T step = static_cast<T>(alpha);
    result.residual = std::sqrt(sum(sum_blocks(threaded, n, [=](std::size_t b, std::size_t e) {
      return move_block(e - b, step, p + b, q + b, x + b, r + b);
    })));
    result.history.push_back(result.residual);
    ++result.iterations;
  }
  return result;
}

}  // namespace tandem::kernels
