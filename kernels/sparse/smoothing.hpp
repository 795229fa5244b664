// A matrix in an order of independent groups, split as A = L + D + U by the order, and what multigrid does with it:
// product, Gauss-Seidel sweeps, residual in chosen rows. The seam between solver and storage format:
//   csr     32-bit columns, 12 bytes a nonzero (in fp32: 8)
//   sell    SELL-C-sigma (Kreutzer et al., SIAM J. Sci. Comput. 36, 2014), C = 8, 32-bit columns
//   packed  the same with one 32-bit column a chunk and 16-bit distances from it: 10 bytes a nonzero (6)
// Every entry keeps its own value and its own index. Vectors have a value a slot, then those of the halo, which
// these routines leave to the caller.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "kernels/sparse/ordering.hpp"

namespace tandem::kernels {

enum class Format { csr, sell, packed };
inline constexpr const char* format_names[] = {"csr", "sell", "packed"};

template <typename T>  // of values and vectors: float or double
class SmoothingMatrix {
 public:
  virtual ~SmoothingMatrix() = default;
  // y = A x.
  virtual void multiply(const T* x, T* y) const = 0;
  // The symmetric Gauss-Seidel sweep from x = 0, x = (D + U)^-1 D (D + L)^-1 r: what multiplies a zero is not read.
  virtual void smooth_from_zero(const T* r, T* x) const = 0;
  // The sweep from the x given. L x of the forward half is kept in `rest` for the backward one. r is b - H x for the
  // halo's part H of the matrix.
  virtual void smooth(const T* r, T* x, T* rest) const = 0;
  // rest = r - A x in these chunks only.
  virtual void residual(std::span<const std::int32_t> chunks, const T* r, const T* x, T* rest) const = 0;

  virtual void set_diagonal(std::span<const T> diagonal) = 0;  // one a slot, 1 for padding
  virtual std::span<T> values() = 0;                           // of the entries below the diagonal, for tests
  virtual double lower_bytes() const = 0;                      // L, values and indices
  virtual double upper_bytes() const = 0;
};

// The columns of `a` below a.rows, ordered; null where the format cannot hold them (packed: a chunk spans 2^16
// columns).
template <typename T>
std::unique_ptr<SmoothingMatrix<T>> smoothing_matrix(Format format, const Csr& a, const Ordering& ordering,
                                                     bool threaded);

}  // namespace tandem::kernels
