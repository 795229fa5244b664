#include "kernels/sparse/batched_cg.hpp"

namespace tandem::GPU_VENDOR {
namespace {

constexpr unsigned threads = 128;

enum class Sum { start, turn, move, norm };  // what becomes of it: rho and beta, alpha, the end

GPU_KERNEL void clear(float* x, float* p, float* q, std::size_t n) {
  const std::size_t i = grid_index();
  if (i < n) x[i] = p[i] = q[i] = 0;
}
GPU_KERNEL void clear_scalars(BatchedScalars scalars, std::size_t cases) {
  const std::size_t c = grid_index();
  if (c < cases) scalars.open[c] = scalars.iterations[c] = 0;
}

GPU_KERNEL void dot(BatchedView level, BatchedSums sums, double* parts) {
  sum_parts(sums, level.open, parts, [&](std::size_t node, std::size_t c) {
    const std::size_t i = level.grid.at(node) * level.grid.cases + c;
    return static_cast<double>(level.right[i]) * static_cast<double>(level.unknown[i]);
  });
}

// p = z + beta p
GPU_KERNEL void turn(BatchedView level, BatchedScalars scalars, float* p) {
  const std::size_t cases = level.grid.cases, c = grid_index() % cases, node = grid_index() / cases;
  if (node >= level.grid.nodes() || scalars.open[c] == 0) return;
  const std::size_t i = level.grid.at(node) * cases + c;
  p[i] = level.unknown[i] + static_cast<float>(scalars.beta[c]) * p[i];
}

// q = A p; the parts of p.q
GPU_KERNEL void multiply(BatchedView level, BatchedSums sums, const float* p, float* q, double* parts) {
  sum_parts(sums, level.open, parts, [&](std::size_t node, std::size_t c) {
    const std::size_t at = level.grid.at(node), i = at * level.grid.cases + c;
    q[i] = product_at(level, p, node, at, c);
    return static_cast<double>(p[i]) * static_cast<double>(q[i]);
  });
}

// x += alpha p, r -= alpha q; the parts of r.r
GPU_KERNEL void move(BatchedView level, BatchedSums sums, BatchedScalars scalars, const float* p, const float* q,
                     float* x, double* parts) {
  sum_parts(sums, level.open, parts, [&](std::size_t node, std::size_t c) {
    const std::size_t i = level.grid.at(node) * level.grid.cases + c;
    const auto alpha = static_cast<float>(scalars.alpha[c]);
    x[i] += alpha * p[i];
    const float r = level.right[i] - alpha * q[i];
    level.right[i] = r;
    return static_cast<double>(r) * static_cast<double>(r);
  });
}

GPU_KERNEL void conclude(BatchedSums sums, const double* parts, BatchedScalars scalars, Sum what) {
  std::size_t c = 0;
  const double sum = sum_of_parts(sums, parts, c);
  if (thread_index() >= tile || c >= sums.cases || scalars.open[c] == 0) return;
  if (what == Sum::move) {
    scalars.alpha[c] = scalars.rho[c] / sum;
  } else if (what == Sum::norm) {
    ++scalars.iterations[c];
    if (!(sqrt(sum) > scalars.target[c])) scalars.open[c] = 0;
  } else {
    scalars.beta[c] = what == Sum::start ? 0 : sum / scalars.rho[c];
    scalars.rho[c] = sum;
  }
}

}  // namespace

BatchedCg::BatchedCg(const BatchedGrid& grid, std::size_t most_cases)
    : multigrid_(grid, most_cases),
      x_(grid.padded() * most_cases),
      p_(grid.padded() * most_cases),
      q_(grid.padded() * most_cases),
      rho_(most_cases),
      alpha_(most_cases),
      beta_(most_cases),
      target_(most_cases),
      parts_(BatchedSums(grid.nodes()).chunks * most_cases),
      open_(most_cases),
      iterations_(most_cases) {}

BatchedScalars BatchedCg::scalars() {
  return {rho_.data(), alpha_.data(), beta_.data(), target_.data(), open_.data(), iterations_.data()};
}

void BatchedCg::start_batch(unsigned cases) {
  multigrid_.start_batch(cases);
  const std::size_t n = multigrid_.grid().padded() * cases;
  launch(clear, blocks_for(n, threads), threads, x_.data(), p_.data(), q_.data(), n);
  launch(clear_scalars, blocks_for(cases, threads), threads, scalars(), static_cast<std::size_t>(cases));
}

void BatchedCg::start(unsigned most) {
  for (unsigned i = 0; i < most; ++i) start_iteration(i == 0);
}

void BatchedCg::start_iteration(bool first) {
  const BatchedView level = multigrid_.finest(open_.data());
  const BatchedSums all = sums();
  const double* parts = parts_.data();
  const float *p = p_.data(), *q = q_.data();
  multigrid_.start(open_.data());
  launch(dot, all.blocks(), tile_threads, level, all, parts_.data());
  launch(conclude, all.tiles(), tile_threads, all, parts, scalars(), first ? Sum::start : Sum::turn);
  launch(turn, blocks_for(level.grid.nodes() * level.grid.cases, threads), threads, level, scalars(), p_.data());
  launch(multiply, all.blocks(), tile_threads, level, all, p, q_.data(), parts_.data());
  launch(conclude, all.tiles(), tile_threads, all, parts, scalars(), Sum::move);
  launch(move, all.blocks(), tile_threads, level, all, scalars(), p, q, x_.data(), parts_.data());
  launch(conclude, all.tiles(), tile_threads, all, parts, scalars(), Sum::norm);
}

}  // namespace tandem::GPU_VENDOR
