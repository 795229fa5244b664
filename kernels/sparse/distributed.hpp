// A matrix whose rows are shared out to ranks: the local part in a smoothing order and format, the entries that reach
// the halo, and the halo's exchange. Vectors hold a value a slot, then those of the halo; padding slots stay 0.
#pragma once

#include <functional>

#include "kernels/sparse/block.hpp"
#include "kernels/sparse/smoothing.hpp"

namespace tandem::kernels {

struct Storage {
  Format format = Format::packed;
  Order order = Order::levels;
  std::size_t window = 4096;  // the sigma of SELL-C-sigma
  bool or_sell = false;       // sell where the format cannot hold the matrix, instead of an error
};

template <typename T>  // of values and vectors: float or double
class DistributedMatrix {
 public:
  // `first`: rows to stand first in their groups, one flag a row. `rows` columns are local, the others the halo's.
  DistributedMatrix(const Ranks& ranks, LocalMatrix&& local, const Storage& storage, const std::vector<char>& first);

  std::size_t slots() const { return ordering_.slots(); }
  std::size_t size() const { return ordering_.slots() + halo_columns_; }  // of a vector
  const Ordering& ordering() const { return ordering_; }
  Format format() const { return format_; }
  Halo& halo() { return halo_; }
  SmoothingMatrix<T>& local() { return *local_; }
  void set_diagonal(const std::function<double(std::size_t)>& of_row);

  // y = A x; fetches x's halo while it computes the local part.
  void multiply(T* x, T* y);
  // x of one symmetric Gauss-Seidel sweep for A x = r, from x = 0 or the x given (whose halo is fetched). `rest` is
  // work space; r is changed on the way and restored.
  void smooth_from_zero(const T* r, T* x) { local_->smooth_from_zero(r, x); }
  void smooth(T* r, T* x, T* rest);
  // rest = r - A x in these chunks; fetches x's halo.
  void residual(std::span<const std::int32_t> chunks, const T* r, T* x, T* rest);

  // Between vectors of rows, in fp64, and of slots.
  void to_slots(const double* rows, T* slots) const;
  void to_rows(const T* slots, double* rows) const;

  double lower_bytes() const { return local_->lower_bytes(); }
  double upper_bytes() const { return local_->upper_bytes(); }

 private:
  // y += factor H x.
  void add_halo(T factor, const T* x, T* y) const;

  Ordering ordering_;
  Format format_;
  std::size_t halo_columns_ = 0;
  Halo halo_;
  std::unique_ptr<SmoothingMatrix<T>> local_;
  std::vector<std::int32_t> halo_slot_;   // slots with entries in the halo
  std::vector<std::int64_t> halo_start_;  // where their entries begin
  std::vector<std::int32_t> halo_column_;
  std::vector<T> halo_value_, kept_;
};

extern template class DistributedMatrix<float>;
extern template class DistributedMatrix<double>;

}  // namespace tandem::kernels
