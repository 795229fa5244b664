#include "kernels/sparse/distributed.hpp"

#include "harness/base/check.hpp"
#include "kernels/sparse/stencil27.hpp"

namespace tandem::kernels {
namespace {

// Rows of less than this are not worth the threads' barriers.
constexpr std::size_t least_threaded = 20000;

std::vector<Halo::Neighbour> in_slots(std::vector<Halo::Neighbour> neighbours, const Ordering& ordering,
                                      std::size_t rows) {
  const auto behind = static_cast<std::int32_t>(ordering.slots() - rows);
  for (Halo::Neighbour& neighbour : neighbours) {
    for (std::int32_t& row : neighbour.send) row = ordering.slot[static_cast<std::size_t>(row)];
    for (std::int32_t& column : neighbour.receive) column += behind;
  }
  return neighbours;
}

}  // namespace

template <typename T>
DistributedMatrix<T>::DistributedMatrix(const Ranks& ranks, LocalMatrix&& local, const Storage& storage,
                                        const std::vector<char>& first)
    : ordering_(order_rows(local.matrix, storage.order, first, storage.window)),
      format_(storage.format),
      halo_columns_(local.matrix.columns - local.matrix.rows),
      halo_(ranks, in_slots(std::move(local.neighbours), ordering_, local.matrix.rows)),
      local_(smoothing_matrix<T>(storage.format, local.matrix, ordering_, local.matrix.rows >= least_threaded)) {
  if (!local_ && storage.or_sell) {
    format_ = Format::sell;
    local_ = smoothing_matrix<T>(format_, local.matrix, ordering_, local.matrix.rows >= least_threaded);
  }
  if (!local_)
    throw Unsupported(
        fmt::format("format {} cannot hold this matrix in this order: a chunk reaches over 2^16 columns; "
                    "use format=sell",
                    format_names[static_cast<int>(storage.format)]));
  const Csr& a = local.matrix;
  const auto behind = static_cast<std::int32_t>(ordering_.slots() - a.rows);
  for (std::size_t row = 0; row < a.rows; ++row) {
    const std::size_t before = halo_column_.size();
    for (auto k = static_cast<std::size_t>(a.start[row]); k < static_cast<std::size_t>(a.start[row + 1]); ++k)
      if (static_cast<std::size_t>(a.column[k]) >= a.rows) {
        halo_column_.push_back(a.column[k] + behind);
        halo_value_.push_back(static_cast<T>(a.value[k]));
      }
    if (halo_column_.size() == before) continue;
    halo_slot_.push_back(ordering_.slot[row]);
    halo_start_.push_back(static_cast<std::int64_t>(before));
  }
  halo_start_.push_back(static_cast<std::int64_t>(halo_column_.size()));
  kept_.resize(halo_slot_.size());
}

template <typename T>
void DistributedMatrix<T>::add_halo(T factor, const T* x, T* y) const {
  for (std::size_t i = 0; i < halo_slot_.size(); ++i) {
    T sum = 0;
    for (auto k = static_cast<std::size_t>(halo_start_[i]); k < static_cast<std::size_t>(halo_start_[i + 1]); ++k)
      sum += halo_value_[k] * x[halo_column_[k]];
    y[halo_slot_[i]] += factor * sum;
  }
}

template <typename T>
void DistributedMatrix<T>::multiply(T* x, T* y) {
  halo_.begin(x);
  local_->multiply(x, y);
  halo_.finish(x);
  add_halo(1, x, y);
}

template <typename T>
void DistributedMatrix<T>::smooth(T* r, T* x, T* rest) {
  halo_.exchange(x);
  for (std::size_t i = 0; i < halo_slot_.size(); ++i) kept_[i] = r[halo_slot_[i]];
  add_halo(-1, x, r);
  local_->smooth(r, x, rest);
  for (std::size_t i = 0; i < halo_slot_.size(); ++i) r[halo_slot_[i]] = kept_[i];
}

template <typename T>
void DistributedMatrix<T>::residual(std::span<const std::int32_t> chunks, const T* r, T* x, T* rest) {
  halo_.begin(x);
  local_->residual(chunks, r, x, rest);
  halo_.finish(x);
  add_halo(-1, x, rest);
}

template <typename T>
void DistributedMatrix<T>::to_slots(const double* rows, T* slots) const {
  for_each(true, ordering_.slots(),
           [&](std::size_t s) { slots[s] = ordering_.row[s] < 0 ? T(0) : static_cast<T>(rows[ordering_.row[s]]); });
}

template <typename T>
void DistributedMatrix<T>::to_rows(const T* slots, double* rows) const {
  for_each(true, ordering_.slot.size(), [&](std::size_t row) { rows[row] = slots[ordering_.slot[row]]; });
}

template <typename T>
void DistributedMatrix<T>::set_diagonal(const std::function<double(std::size_t)>& of_row) {
  std::vector<T> diagonal(slots(), T(1));
  for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
    diagonal[static_cast<std::size_t>(ordering_.slot[row])] = static_cast<T>(of_row(row));
  local_->set_diagonal(diagonal);
}

template class DistributedMatrix<float>;
template class DistributedMatrix<double>;

}  // namespace tandem::kernels
