// GMRES (Saad and Schultz 1986), preconditioned from the right, in its flexible form (Saad 1993): the preconditioned
// vectors are kept, so that the correction costs no further preconditioning. One cycle, modified Gram-Schmidt, fp64.
#pragma once

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace tandem::kernels {

using Vector = std::vector<double>;

struct GmresResult {
  std::size_t steps = 0;
  double residual = 0;  // 2-norm by the recurrence
};

// Vectors of n entries that `most` steps keep.
constexpr std::size_t gmres_vectors(std::size_t most) { return 2 * most + 1; }

// The product of two vectors that lie in this process alone.
struct Dot {
  double operator()(const Vector& a, const Vector& b) const {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  }
};

// Adds to x the correction that solves A d = r until the 2-norm of r - A d is <= `target` or after `most` steps.
// apply(z, y): y = A z; precondition(v, z): z = M v. r is overwritten. Vectors may be spread over processes where
// `dot` sums over them to the same bits everywhere.
template <typename Operator, typename Preconditioner, typename Product = Dot>
GmresResult gmres(Vector& x, Vector& r, double target, std::size_t most, const Operator& apply,
                  const Preconditioner& precondition, const Product& dot = {}) {
  const std::size_t n = x.size();
  const auto add = [n](double factor, const Vector& from, Vector& to) {
    for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
  };
  const auto divide = [](Vector& v, double by) {
    for (double& value : v) value /= by;
  };
  std::vector<Vector> basis, preconditioned, columns;  // columns: of R, the rotated Hessenberg matrix
  Vector cosines, sines, right = {std::sqrt(dot(r, r))};
  GmresResult result{0, right[0]};
  basis.push_back(std::move(r));
  divide(basis[0], right[0]);
  while (result.residual > target && result.steps < most) {
    const std::size_t step = result.steps++;
    Vector z(n), w(n), column(step + 2);
    precondition(basis[step], z);
    apply(z, w);
    for (std::size_t i = 0; i <= step; ++i) {
      column[i] = dot(basis[i], w);
      add(-column[i], basis[i], w);
    }
    const double length = std::sqrt(dot(w, w));
    column[step + 1] = length;
    for (std::size_t i = 0; i < step; ++i) {
      const double above = column[i], below = column[i + 1];
      column[i] = cosines[i] * above + sines[i] * below;
      column[i + 1] = cosines[i] * below - sines[i] * above;
    }
    const double size = std::hypot(column[step], length);
    cosines.push_back(column[step] / size);
    sines.push_back(length / size);
    column[step] = size;
    right.push_back(-sines[step] * right[step]);
    right[step] *= cosines[step];
    result.residual = std::abs(right[step + 1]);
    columns.push_back(std::move(column));
    preconditioned.push_back(std::move(z));
    if (!(length > 0)) break;  // the solution lies in what was searched, or a number is not finite
    divide(w, length);
    basis.push_back(std::move(w));
  }
  for (std::size_t i = result.steps; i-- > 0;) {  // R y = right, y in its place
    for (std::size_t j = i + 1; j < result.steps; ++j) right[i] -= columns[j][i] * right[j];
    right[i] /= columns[i][i];
    add(right[i], preconditioned[i], x);
  }
  r = std::move(basis[0]);
  return result;
}

}  // namespace tandem::kernels
