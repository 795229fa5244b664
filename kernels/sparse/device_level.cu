// Kernels of a level, a thread a slot, and the sweeps over its colours.
#include <algorithm>

#include "harness/device/gpu_sums.hpp"
#include "kernels/sparse/device_level.hpp"

namespace tandem::GPU_VENDOR {

using namespace tandem::kernels;

// What device code sees of a matrix.
template <typename T>
struct DeviceRows {
  const T* diagonal;
  const T* value;
  const std::int32_t* column;
  const std::uint8_t* lower;
  const std::uint8_t* entries;
  std::size_t slots;
};

namespace {

constexpr unsigned threads = sum_threads;

// Sum over entries begin ... end - 1 of a row beside the diagonal.
template <typename T>
GPU_FUNCTION T sum_of(const DeviceRows<T>& a, const T* x, std::size_t slot, unsigned begin, unsigned end) {
  T sum = 0;
  for (unsigned k = begin; k < end; ++k) sum += a.value[k * a.slots + slot] * x[a.column[k * a.slots + slot]];
  return sum;
}

// y = A x; the parts of x.y unless null.
template <typename T>
GPU_KERNEL void multiply(DeviceRows<T> a, const T* x, T* y, double* parts) {
  double sum = 0;
  for (std::size_t i = grid_index(); i < a.slots; i += static_cast<std::size_t>(grid_size()) * block_size()) {
    const T value = a.diagonal[i] * x[i] + sum_of(a, x, i, 0, a.entries[i]);
    y[i] = value;
    sum += static_cast<double>(x[i]) * static_cast<double>(value);
  }
  if (parts == nullptr) return;
  sum = block_sum(sum);
  if (thread_index() == 0) parts[block_index()] = sum;
}

// The sweeps, each over the slots first ... last - 1 of one colour. From zero: later colours are zero still.
template <typename T>
GPU_KERNEL void forward_from_zero(DeviceRows<T> a, const T* r, T* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] = (r[i] - sum_of(a, x, i, 0, a.lower[i])) / a.diagonal[i];
}
// On the way back r - L x is what the way forth made of it, d x: only later colours have changed.
template <typename T>
GPU_KERNEL void backward_from_zero(DeviceRows<T> a, T* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] -= sum_of(a, x, i, a.lower[i], a.entries[i]) / a.diagonal[i];
}
// rest = r - L x, for the way back.
template <typename T>
GPU_KERNEL void forward(DeviceRows<T> a, const T* r, T* x, T* rest, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i >= last) return;
  const T left = r[i] - sum_of(a, x, i, 0, a.lower[i]);
  rest[i] = left;
  x[i] = (left - sum_of(a, x, i, a.lower[i], a.entries[i])) / a.diagonal[i];
}
template <typename T>
GPU_KERNEL void backward(DeviceRows<T> a, const T* rest, T* x, std::size_t first, std::size_t last) {
  const std::size_t i = first + grid_index();
  if (i < last) x[i] = (rest[i] - sum_of(a, x, i, a.lower[i], a.entries[i])) / a.diagonal[i];
}

// The residual at the points of the next level; `fine`: their slots here, -1 in padding.
template <typename T>
GPU_KERNEL void inject(DeviceRows<T> a, const T* r, const T* x, const std::int32_t* fine, T* coarse,
                       std::size_t count) {
  const std::size_t i = grid_index();
  if (i >= count || fine[i] < 0) return;
  const auto at = static_cast<std::size_t>(fine[i]);
  coarse[i] = r[at] - a.diagonal[at] * x[at] - sum_of(a, x, at, 0, a.entries[at]);
}
template <typename T>
GPU_KERNEL void correct(T* x, const std::int32_t* fine, const T* coarse, std::size_t count) {
  const std::size_t i = grid_index();
  if (i < count && fine[i] >= 0) x[fine[i]] += coarse[i];
}

template <typename T>
Buffer<T> rounded(const Buffer<double>& values) {
  Buffer<T> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](double value) { return static_cast<T>(value); });
  return result;
}

}  // namespace

DeviceBuffer<std::int32_t> on_device(const std::vector<std::int32_t>& values) {
  Buffer<std::int32_t> host(values.size());
  std::copy(values.begin(), values.end(), host.begin());
  return on_device(host);
}

template <typename T>
DeviceLevel<T>::DeviceLevel(const Block& block, bool coarsest) : block_(block) {
  Ell ell = ell_from(stencil27(block).matrix);
  ordering_ = std::move(ell.ordering);
  for (const std::size_t chunk : ordering_.group) colours_.push_back(chunk * chunk_rows);
  diagonal_ = on_device(rounded<T>(ell.diagonal));
  value_ = on_device(rounded<T>(ell.value));
  column_ = on_device(ell.column);
  lower_ = on_device(ell.lower);
  entries_ = on_device(ell.entries);
  const Buffer<T> zeros(slots());
  for (DeviceBuffer<T>* vector : {&right, &unknown, &rest}) *vector = on_device(zeros);
  if (!coarsest) next_ = block.coarse().points;
}

template <typename T>
DeviceRows<T> DeviceLevel<T>::rows() const {
  return {diagonal_.data(), value_.data(), column_.data(), lower_.data(), entries_.data(), slots()};
}

template <typename T>
double DeviceLevel<T>::bytes() const {
  return (sizeof(T) + 4.0) * static_cast<double>(value_.size()) + (sizeof(T) + 2.0) * static_cast<double>(slots());
}

template <typename T>
void DeviceLevel<T>::connect(const DeviceLevel& coarse) {
  std::vector<std::int32_t> fine(coarse.slots(), -1);
  const auto [nx, ny, nz] = next_;
  for (std::int64_t z = 0, row = 0; z < nz; ++z)
    for (std::int64_t y = 0; y < ny; ++y)
      for (std::int64_t x = 0; x < nx; ++x, ++row) {
        const std::int64_t here = (2 * z * block_.points[1] + 2 * y) * block_.points[0] + 2 * x;
        const auto slot = static_cast<std::size_t>(coarse.ordering_.slot[static_cast<std::size_t>(row)]);
        fine[slot] = ordering_.slot[static_cast<std::size_t>(here)];
      }
  fine_ = on_device(fine);
}

template <typename T>
void DeviceLevel<T>::set_diagonal(const std::function<double(std::size_t)>& of_row) {
  Buffer<T> diagonal(slots());
  std::fill(diagonal.begin(), diagonal.end(), T(1));
  for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
    diagonal[static_cast<std::size_t>(ordering_.slot[row])] = static_cast<T>(of_row(row));
  diagonal_.upload(diagonal);
}

template <typename T>
template <typename... Parameters, typename... Arguments>
void DeviceLevel<T>::sweep(std::size_t colour, void (*kernel)(Parameters...), Arguments... arguments) {
  const std::size_t first = colours_[colour], last = colours_[colour + 1];
  launch(kernel, blocks_for(last - first, threads), threads, arguments..., first, last);
}

template <typename T>
void DeviceLevel<T>::start_multiply(const T* x, T* y, double* parts) {
  launch(multiply<T>, sum_blocks_for(slots()), threads, rows(), x, y, parts);
}

template <typename T>
void DeviceLevel<T>::start_smooth_from_zero(const T* r, T* x) {
  for (std::size_t c = 0; c + 1 < colours_.size(); ++c) sweep(c, forward_from_zero<T>, rows(), r, x);
  for (std::size_t c = colours_.size() - 1; c-- > 0;) sweep(c, backward_from_zero<T>, rows(), x);
}

template <typename T>
void DeviceLevel<T>::start_smooth(const T* r, T* x) {
  for (std::size_t c = 0; c + 1 < colours_.size(); ++c) sweep(c, forward<T>, rows(), r, x, rest.data());
  for (std::size_t c = colours_.size() - 1; c-- > 0;)
    sweep(c, backward<T>, rows(), static_cast<const T*>(rest.data()), x);
}

template <typename T>
void DeviceLevel<T>::start_inject(const T* r, const T* x, DeviceLevel& coarse) {
  launch(inject<T>, blocks_for(coarse.slots(), threads), threads, rows(), r, x,
         static_cast<const std::int32_t*>(fine_.data()), coarse.right.data(), coarse.slots());
}

template <typename T>
void DeviceLevel<T>::start_correct(T* x, const DeviceLevel& coarse) {
  launch(correct<T>, blocks_for(coarse.slots(), threads), threads, x, static_cast<const std::int32_t*>(fine_.data()),
         coarse.unknown.data(), coarse.slots());
}

template <typename T>
void DeviceLevel<T>::put_rows(const double* rows_of_host, DeviceBuffer<T>& to) const {
  Buffer<T> slots_of_host(slots());
  for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
    slots_of_host[static_cast<std::size_t>(ordering_.slot[row])] = static_cast<T>(rows_of_host[row]);
  to.upload(slots_of_host);
}

template <typename T>
void DeviceLevel<T>::get_rows(const DeviceBuffer<T>& from, double* rows_of_host) const {
  Buffer<T> slots_of_host(slots());
  from.download(slots_of_host);
  for (std::size_t row = 0; row < ordering_.slot.size(); ++row)
    rows_of_host[row] = static_cast<double>(slots_of_host[static_cast<std::size_t>(ordering_.slot[row])]);
}

template class DeviceLevel<float>;
template class DeviceLevel<double>;

}  // namespace tandem::GPU_VENDOR
