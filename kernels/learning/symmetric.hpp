// Dense symmetric fp64 problems by LAPACK: eigenvectors, and systems with a positive definite matrix.
#pragma once

#include <cstddef>
#include <vector>

namespace tandem::kernels {

// Eigenvalues rising; `matrix` (size x size) becomes the eigenvectors, one in each row.
std::vector<double> symmetric_eigen(std::vector<double>& matrix, std::size_t size);

// A = L L^T of a positive definite matrix; valid() tells whether it was one.
class Cholesky {
 public:
  Cholesky(std::vector<double> matrix, std::size_t size);
  bool valid() const { return valid_; }
  // Solves for `count` right-hand sides in place, stored one after another.
  void solve(std::vector<double>& right, std::size_t count) const;
  std::vector<double> inverse_diagonal() const;

 private:
  std::vector<double> factor_;
  std::size_t size_;
  bool valid_ = false;
};

}  // namespace tandem::kernels
