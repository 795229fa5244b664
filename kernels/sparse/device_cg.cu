// Kernels and their order of one iteration; the scalars that they pass on never leave the device.
#include <cmath>
#include <type_traits>

#include "harness/device/gpu_sums.hpp"
#include "kernels/sparse/device_cg.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr unsigned threads = sum_threads;

GPU_KERNEL void clear(double* x, double* p, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) x[i] = p[i] = 0;
}
// The parts of r.z, and of q.z behind them unless q is null.
template <typename Z>
GPU_KERNEL void dot(const double* r, const double* q, const Z* z, double* parts, std::size_t n) {
  double with_r = 0, with_q = 0;
  for (std::size_t i = grid_index(); i < n; i += static_cast<std::size_t>(grid_size()) * block_size()) {
    const auto value = static_cast<double>(z[i]);
    with_r += r[i] * value;
    if (q != nullptr) with_q += q[i] * value;
  }
  with_r = block_sum(with_r);
  if (thread_index() == 0) parts[block_index()] = with_r;
  if (q == nullptr) return;
  with_q = block_sum(with_q);
  if (thread_index() == 0) parts[most_parts + block_index()] = with_q;
}
// p = z + beta p
template <typename Z>
GPU_KERNEL void turn(const Z* z, double* p, const CgScalars* scalars, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) p[i] = static_cast<double>(z[i]) + scalars->beta * p[i];
}
// x += alpha p, r -= alpha q; the parts of r.r
GPU_KERNEL void move(const double* p, const double* q, double* x, double* r, const CgScalars* scalars, double* parts,
                     std::size_t n) {
  const double alpha = scalars->alpha;
  double sum = 0;
  for (std::size_t i = grid_index(); i < n; i += static_cast<std::size_t>(grid_size()) * block_size()) {
    x[i] += alpha * p[i];
    const double value = r[i] - alpha * q[i];
    r[i] = value;
    sum += value * value;
  }
  sum = block_sum(sum);
  if (thread_index() == 0) parts[block_index()] = sum;
}

// One block adds the parts up; what becomes of the sum is the step's own.
GPU_KERNEL void conclude(const double* parts, std::size_t count, CgStep step, CgScalars* scalars, double* norms,
                         std::size_t iteration) {
  double sum = 0, with_q = 0;
  for (std::size_t i = thread_index(); i < count; i += block_size()) {
    sum += parts[i];
    if (step == CgStep::turn_flexibly) with_q += parts[most_parts + i];
  }
  sum = block_sum(sum);
  if (step == CgStep::turn_flexibly) with_q = block_sum(with_q);
  if (thread_index() != 0) return;
  if (step == CgStep::move) {  // p.q
    scalars->alpha = scalars->rho / sum;
  } else if (step == CgStep::norm) {
    norms[iteration] = sqrt(sum);
  } else {  // r.z; turn_flexibly: z.(r - the r before it) = -alpha q.z
    const double turned = step == CgStep::turn ? sum : -scalars->alpha * with_q;
    scalars->beta = step == CgStep::start ? 0 : turned / scalars->rho;
    scalars->rho = sum;
  }
}

}  // namespace

DeviceCg::DeviceCg(DeviceLevel<double>& matrix, std::size_t most_iterations)
    : matrix_(matrix), scalars_(1), norms_(most_iterations + 1), parts_(2 * most_parts) {
  const Buffer<double> zeros(matrix.slots());
  for (DeviceBuffer<double>* vector : {&right, &x, &r_, &z_, &p_, &q_}) *vector = on_device(zeros);
}

void DeviceCg::start_conclude(CgStep step, std::size_t iteration) {
  launch(conclude, 1, threads, static_cast<const double*>(parts_.data()), sum_blocks_for(matrix_.slots()), step,
         scalars_.data(), norms_.data(), iteration);
}

void DeviceCg::start_from_zero() {
  const std::size_t n = matrix_.slots();
  start_copy(r_.data(), right.data(), n * sizeof(double));
  const double *r = r_.data(), *none = nullptr;
  launch(dot<double>, sum_blocks_for(n), threads, r, none, r, parts_.data(), n);
  start_conclude(CgStep::norm, 0);
  launch(clear, blocks_for(n, threads), threads, x.data(), p_.data(), n);
}

template <typename Z>
void DeviceCg::start_iteration(std::size_t iteration, const Precondition<Z>& precondition) {
  constexpr bool flexible = !std::is_same_v<Z, double>;
  const std::size_t n = matrix_.slots();
  Z* const own = reinterpret_cast<Z*>(z_.data());
  if (precondition)
    precondition(r_.data(), own);
  else if constexpr (!flexible)
    start_copy(own, r_.data(), n * sizeof(double));
  const double *r = r_.data(), *q = flexible ? q_.data() : nullptr;
  const Z* const z = own;
  launch(dot<Z>, sum_blocks_for(n), threads, r, q, z, parts_.data(), n);
  start_conclude(iteration == 0 ? CgStep::start : flexible ? CgStep::turn_flexibly : CgStep::turn, iteration);
  launch(turn<Z>, blocks_for(n, threads), threads, z, p_.data(), static_cast<const CgScalars*>(scalars_.data()), n);
  matrix_.start_multiply(p_.data(), q_.data(), parts_.data());
  start_conclude(CgStep::move, iteration);
  launch(move, sum_blocks_for(n), threads, static_cast<const double*>(p_.data()), static_cast<const double*>(q_.data()),
         x.data(), r_.data(), static_cast<const CgScalars*>(scalars_.data()), parts_.data(), n);
  start_conclude(CgStep::norm, iteration + 1);
}

template <typename Z>
void DeviceCg::start(std::size_t iterations, const Precondition<Z>& precondition) {
  start_from_zero();
  for (std::size_t i = 0; i < iterations; ++i) start_iteration(i, precondition);
}

template <typename Z>
std::size_t DeviceCg::solve(double target, std::size_t most, const Precondition<Z>& precondition) {
  start_from_zero();
  Buffer<double> norms(norms_.size());
  for (std::size_t i = 0; i < most; ++i) {
    norms_.download(norms);
    if (norms[i] <= target) return i;
    start_iteration(i, precondition);
  }
  GPU_VENDOR::finish();
  return most;
}

template void DeviceCg::start(std::size_t, const Precondition<double>&);
template void DeviceCg::start(std::size_t, const Precondition<float>&);
template std::size_t DeviceCg::solve(double, std::size_t, const Precondition<double>&);
template std::size_t DeviceCg::solve(double, std::size_t, const Precondition<float>&);

}  // namespace tandem::GPU_VENDOR
