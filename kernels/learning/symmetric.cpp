// Matrices are symmetric, so that LAPACK's column order is ours.
#include "kernels/learning/symmetric.hpp"

#include <utility>

#include "harness/base/check.hpp"

extern "C" {
void dsyev_(const char* job, const char* uplo, const int* n, double* a, const int* lda, double* w, double* work,
            const int* lwork, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dpotrs_(const char* uplo, const int* n, const int* nrhs, const double* a, const int* lda, double* b,
             const int* ldb, int* info);
void dpotri_(const char* uplo, const int* n, double* a, const int* lda, int* info);
}

namespace tandem::kernels {

std::vector<double> symmetric_eigen(std::vector<double>& matrix, std::size_t size) {
  const int n = static_cast<int>(size);
  std::vector<double> eigenvalues(size), work(1);
  int info = 0, length = -1;
  dsyev_("V", "L", &n, matrix.data(), &n, eigenvalues.data(), work.data(), &length, &info);
  length = static_cast<int>(work[0]);
  work.resize(static_cast<std::size_t>(length));
  dsyev_("V", "L", &n, matrix.data(), &n, eigenvalues.data(), work.data(), &length, &info);
  check(info == 0, "eigenvalues of a {} x {} matrix: dsyev returned {}", size, size, info);
  return eigenvalues;
}

Cholesky::Cholesky(std::vector<double> matrix, std::size_t size) : factor_(std::move(matrix)), size_(size) {
  const int n = static_cast<int>(size);
  int info = 0;
  dpotrf_("L", &n, factor_.data(), &n, &info);
  valid_ = info == 0;
}

void Cholesky::solve(std::vector<double>& right, std::size_t count) const {
  const int n = static_cast<int>(size_), columns = static_cast<int>(count);
  int info = 0;
  dpotrs_("L", &n, &columns, factor_.data(), &n, right.data(), &n, &info);
  check(valid_ && info == 0, "a {} x {} system is not positive definite", size_, size_);
}

std::vector<double> Cholesky::inverse_diagonal() const {
  std::vector<double> inverse = factor_, diagonal(size_);
  const int n = static_cast<int>(size_);
  int info = 0;
  dpotri_("L", &n, inverse.data(), &n, &info);
  check(valid_ && info == 0, "a {} x {} matrix is not positive definite", size_, size_);
  for (std::size_t i = 0; i < size_; ++i) diagonal[i] = inverse[i * (size_ + 1)];
  return diagonal;
}

}  // namespace tandem::kernels
