// Preconditioned conjugate gradients in fp32 for many cases in lockstep on a device (conjugate_gradient.hpp has the
// method). Each case has its own scalars, in fp64, and its own end: what has reached its target stays as it is. No sum
// depends on the device, nor on the other cases.
#pragma once

#include "kernels/sparse/batched_multigrid.hpp"

namespace tandem::GPU_VENDOR {

// Sums over the nodes: a block of threads makes, for a tile of cases, the parts of a chunk of nodes.
constexpr unsigned tile = 32, groups = 8, tile_threads = tile * groups;

struct BatchedSums {
  std::size_t nodes = 0, cases = 0, chunks = 1;
  explicit BatchedSums(std::size_t n = 0, std::size_t c = 0)
      : nodes(n), cases(c), chunks(std::clamp<std::size_t>((n + 127) / 128, 1, 256)) {}
  constexpr std::size_t tiles() const { return (cases + tile - 1) / tile; }
  constexpr std::size_t blocks() const { return tiles() * chunks; }
};

// Of the threads of a block that have the same case, their sum in the first of them.
GPU_FUNCTION double tile_sum(double value) {
  GPU_SHARED double part[tile_threads];
  const unsigned own = thread_index();
  part[own] = value;
  block_barrier();
  double sum = 0;
  for (unsigned group = 0; own < tile && group < groups; ++group) sum += part[group * tile + own];
  return sum;
}

// parts[chunk][case] of the sum of value(node, case) over the nodes, of the cases that are open.
template <typename Value>
GPU_FUNCTION void sum_parts(const BatchedSums& sums, const unsigned* open, double* parts, const Value& value) {
  const std::size_t c = block_index() % sums.tiles() * tile + thread_index() % tile;
  const std::size_t chunk = block_index() / sums.tiles(), each = (sums.nodes + sums.chunks - 1) / sums.chunks;
  const std::size_t begin = chunk * each, end = begin + each < sums.nodes ? begin + each : sums.nodes;
  double sum = 0;
  if (c < sums.cases && open[c] != 0)
    for (std::size_t node = begin + thread_index() / tile; node < end; node += groups) sum += value(node, c);
  sum = tile_sum(sum);
  if (thread_index() < tile && c < sums.cases) parts[chunk * sums.cases + c] = sum;
}

// A case's parts added up by a block for each tile; in the first threads of the block. `c`: the thread's case.
GPU_FUNCTION double sum_of_parts(const BatchedSums& sums, const double* parts, std::size_t& c) {
  c = static_cast<std::size_t>(block_index()) * tile + thread_index() % tile;
  double sum = 0;
  if (c < sums.cases)
    for (std::size_t chunk = thread_index() / tile; chunk < sums.chunks; chunk += groups)
      sum += parts[chunk * sums.cases + c];
  return tile_sum(sum);
}

// [case]
struct BatchedScalars {
  double *rho, *alpha, *beta;
  double* target;        // of the residual's 2-norm
  unsigned* open;        // whether it iterates
  unsigned* iterations;  // so far
};

class BatchedCg {
 public:
  BatchedCg(const BatchedGrid& grid, std::size_t most_cases);

  BatchedMultigrid& multigrid() { return multigrid_; }
  BatchedScalars scalars();
  float* x() { return x_.data(); }
  double* parts() { return parts_.data(); }
  BatchedSums sums() const { return BatchedSums(multigrid_.grid().nodes(), multigrid_.grid().cases); }

  void start_batch(unsigned cases);
  // Up to `most` iterations of the open cases from x, whose residual stands in multigrid().finest().right and stays the
  // residual.
  void start(unsigned most);

 private:
  void start_iteration(bool first);

  BatchedMultigrid multigrid_;
  DeviceBuffer<float> x_, p_, q_;  // vectors
  DeviceBuffer<double> rho_, alpha_, beta_, target_, parts_;
  DeviceBuffer<unsigned> open_, iterations_;
};

}  // namespace tandem::GPU_VENDOR
