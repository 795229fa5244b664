// Kernels and their order of one iteration; the scalars that they pass on never leave the device.
#include <cmath>

#include "harness/device/gpu_sums.hpp"
#include "kernels/sparse/device_cg.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr unsigned threads = sum_threads;

GPU_KERNEL void clear(double* x, double* p, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) x[i] = p[i] = 0;
}
GPU_KERNEL void dot(const double* x, const double* y, double* parts, std::size_t n) {
  double sum = 0;
  for (std::size_t i = grid_index(); i < n; i += static_cast<std::size_t>(grid_size()) * block_size())
    sum += x[i] * y[i];
  sum = block_sum(sum);
  if (thread_index() == 0) parts[block_index()] = sum;
}
// p = z + beta p
GPU_KERNEL void turn(const double* z, double* p, const CgScalars* scalars, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) p[i] = z[i] + scalars->beta * p[i];
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
  double sum = 0;
  for (std::size_t i = thread_index(); i < count; i += block_size()) sum += parts[i];
  sum = block_sum(sum);
  if (thread_index() != 0) return;
  if (step == CgStep::start || step == CgStep::turn) {  // r.z
    scalars->beta = step == CgStep::start ? 0 : sum / scalars->rho;
    scalars->rho = sum;
  } else if (step == CgStep::move) {  // p.q
    scalars->alpha = scalars->rho / sum;
  } else {
    norms[iteration] = sqrt(sum);
  }
}

}  // namespace

DeviceCg::DeviceCg(DeviceLevel& matrix, std::size_t most_iterations)
    : matrix_(matrix), scalars_(1), norms_(most_iterations + 1), parts_(most_parts) {
  const Buffer<double> zeros(matrix.slots());
  for (DeviceBuffer<double>* vector : {&right, &x, &r_, &z_, &p_, &q_}) *vector = on_device(zeros);
}

void DeviceCg::start_conclude(CgStep step, std::size_t iteration) {
  launch(conclude, 1, threads, static_cast<const double*>(parts_.data()), sum_blocks_for(matrix_.slots()), step,
         scalars_.data(), norms_.data(), iteration);
}

void DeviceCg::start_dot(const double* a, const double* b) {
  const std::size_t n = matrix_.slots();
  launch(dot, sum_blocks_for(n), threads, a, b, parts_.data(), n);
}

void DeviceCg::start_from_zero() {
  const std::size_t n = matrix_.slots();
  start_copy(r_.data(), right.data(), n * sizeof(double));
  start_dot(r_.data(), r_.data());
  start_conclude(CgStep::norm, 0);
  launch(clear, blocks_for(n, threads), threads, x.data(), p_.data(), n);
}

void DeviceCg::start_iteration(std::size_t iteration, const Precondition& precondition) {
  const std::size_t n = matrix_.slots();
  if (precondition)
    precondition(r_.data(), z_.data());
  else
    start_copy(z_.data(), r_.data(), n * sizeof(double));
  start_dot(r_.data(), z_.data());
  start_conclude(iteration == 0 ? CgStep::start : CgStep::turn, iteration);
  launch(turn, blocks_for(n, threads), threads, static_cast<const double*>(z_.data()), p_.data(),
         static_cast<const CgScalars*>(scalars_.data()), n);
  matrix_.start_multiply(p_.data(), q_.data(), parts_.data());
  start_conclude(CgStep::move, iteration);
  launch(move, sum_blocks_for(n), threads, static_cast<const double*>(p_.data()), static_cast<const double*>(q_.data()),
         x.data(), r_.data(), static_cast<const CgScalars*>(scalars_.data()), parts_.data(), n);
  start_conclude(CgStep::norm, iteration + 1);
}

void DeviceCg::start(std::size_t iterations, const Precondition& precondition) {
  start_from_zero();
  for (std::size_t i = 0; i < iterations; ++i) start_iteration(i, precondition);
}

std::size_t DeviceCg::solve(double target, std::size_t most, const Precondition& precondition) {
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

}  // namespace tandem::GPU_VENDOR
