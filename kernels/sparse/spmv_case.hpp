// The matrices of sparse/spmv, on any device: HPCG's 27-point stencil or a Matrix Market file, their inputs, and how y
// = A x is judged: in coordinate order from where the matrix came, not from the format under test.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/csr.hpp"
#include "kernels/sparse/matrix_market.hpp"

namespace tandem::kernels {

enum class SpmvFormat { automatic, csr, strips };

SpmvFormat spmv_format(const Settings& settings);  // of the setting "format"

// Whether strips run, where they store `fill` values a nonzero: as asked, or where padding takes at most a tenth.
// Throws Unsupported where they are asked for and pad more.
bool runs_strips(SpmvFormat format, double fill);

// Bytes of the matrix in CSR and, unless CSR is asked for, in strips of `strip_bytes` a value; vectors and reference.
double spmv_memory(const Settings& settings, double strip_bytes);

// `matrix_bytes`: of the format that runs, whose name is `format`. Without a limit.
Facts spmv_facts(const Csr& matrix, double matrix_bytes, const std::string& format);

struct SpmvShape {
  double rows = 0, columns = 0, nonzeros = 0;
  double reading = 0;  // bytes an entry of a file takes while it is read
};

// Of the setting "matrix": stencil27:n or a path.
SpmvShape spmv_shape(const Settings& settings);

class SpmvCase {
 public:
  SpmvCase(const Settings& settings, std::uint64_t seed);

  void prepare(Data data);  // fills values and x
  const Csr& matrix() const { return csr_; }
  const Buffer<double>& x() const { return x_; }

  std::vector<Verdict> judge(const Ranks& ranks, const Buffer<double>& y) const;

 private:
  struct Reference;
  double small_integer(std::uint64_t stream, std::uint64_t index) const;  // -8..8 without 0
  double value(std::int64_t row, std::int64_t column, double real) const;
  std::vector<Reference> file_reference() const;
  std::vector<Reference> stencil_reference() const;

  std::uint64_t seed_;
  std::int32_t n_;  // of the stencil's grid; 0: a file
  MatrixMarket file_;
  Csr csr_;
  Buffer<double> x_;
  Data data_ = Data::random;
};

}  // namespace tandem::kernels
