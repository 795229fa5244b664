// Gram matrix by panels converted to fp64 (dgemm), eigenvectors by LAPACK.
#include "kernels/learning/pod.hpp"

#include <algorithm>
#include <cmath>

#include <cblas.h>

#include "harness/base/check.hpp"
#include "kernels/learning/symmetric.hpp"

namespace tandem::kernels {

namespace {

constexpr std::size_t panel = 2048;  // values converted at a time

struct Block {
  std::vector<float> rows;
  std::vector<std::size_t> order;
};

// Columns begin..end of the rows, less the mean, in fp64.
void convert(std::span<const float> rows, std::span<const double> mean, std::size_t begin, std::size_t end,
             std::vector<double>& to) {
  const std::size_t values = mean.size(), count = rows.size() / values, width = end - begin;
  to.resize(count * width);
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < width; ++j)
      to[i * width + j] = static_cast<double>(rows[i * values + begin + j]) - mean[begin + j];
}

std::vector<double> mean_of(std::span<const float> rows, std::size_t values, std::size_t total, const Ranks& ranks) {
  std::vector<double> mean(values);
  const std::size_t count = rows.size() / values;
#pragma omp parallel for schedule(static)
  for (std::size_t j = 0; j < values; ++j)
    for (std::size_t i = 0; i < count; ++i) mean[j] += static_cast<double>(rows[i * values + j]);
  ranks.sum(std::span<double>(mean));
  for (double& value : mean) value /= static_cast<double>(total);
  return mean;
}

// gram[mine, theirs] of one pair of blocks.
void products(std::span<const float> mine, std::span<const float> theirs, std::span<const double> mean,
              std::vector<double>& gram) {
  const std::size_t values = mean.size(), m = mine.size() / values, n = theirs.size() / values;
  gram.assign(m * n, 0.0);
  if (gram.empty()) return;
  std::vector<double> a, b;
  for (std::size_t begin = 0; begin < values; begin += panel) {
    const std::size_t end = std::min(values, begin + panel);
    const int width = static_cast<int>(end - begin);
    convert(mine, mean, begin, end, a);
    convert(theirs, mean, begin, end, b);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(m), static_cast<int>(n), width, 1, a.data(),
                width, b.data(), width, 1, gram.data(), static_cast<int>(n));
  }
}

// Every rank in turn shows its block to all; each fills the rows of its own snapshots.
std::vector<double> gram_of(std::span<const float> rows, std::span<const std::size_t> order,
                            std::span<const double> mean, std::size_t total, const Ranks& ranks) {
  std::vector<double> gram(total * total), part;
  for (int from = 0; from < ranks.size(); ++from) {
    const bool own = from == ranks.rank();
    std::size_t count = own ? order.size() : 0;
    ranks.broadcast(std::as_writable_bytes(std::span(&count, 1)), from);
    Block shown;
    if (ranks.size() > 1) {
      if (own) shown = {{rows.begin(), rows.end()}, {order.begin(), order.end()}};
      shown.rows.resize(count * mean.size());
      shown.order.resize(count);
      ranks.broadcast(std::as_writable_bytes(std::span(shown.rows)), from);
      ranks.broadcast(std::as_writable_bytes(std::span(shown.order)), from);
    }
    const std::span<const float> theirs = ranks.size() > 1 ? std::span<const float>(shown.rows) : rows;
    const std::span<const std::size_t> places = ranks.size() > 1 ? std::span<const std::size_t>(shown.order) : order;
    products(rows, theirs, mean, part);
    for (std::size_t i = 0; i < order.size(); ++i)
      for (std::size_t j = 0; j < count; ++j) gram[order[i] * total + places[j]] = part[i * count + j];
  }
  ranks.sum(std::span<double>(gram));  // others' rows are zero: exact
  return gram;
}

// One basis vector: the snapshots' deviations weighted by an eigenvector, normalised, sign fixed.
void mode(std::span<const float> rows, std::span<const std::size_t> order, std::span<const double> mean,
          const double* eigenvector, std::span<float> to, const Ranks& ranks) {
  const std::size_t values = mean.size();
  std::vector<double> sum(values);
#pragma omp parallel for schedule(static)
  for (std::size_t block = 0; block < values; block += panel)
    for (std::size_t i = 0; i < order.size(); ++i)
      for (std::size_t j = block; j < std::min(values, block + panel); ++j)
        sum[j] += eigenvector[order[i]] * (static_cast<double>(rows[i * values + j]) - mean[j]);
  ranks.sum(std::span<double>(sum));
  double square = 0, largest = 0;
  for (const double value : sum) {
    square += value * value;
    if (std::abs(value) > std::abs(largest)) largest = value;
  }
  const double factor = (largest < 0 ? -1 : 1) / std::sqrt(square);
  for (std::size_t j = 0; j < values; ++j) to[j] = static_cast<float>(factor * sum[j]);
}

}  // namespace

Pod pod(std::span<const float> snapshots, std::span<const std::size_t> order, std::size_t values, std::size_t modes,
        const Ranks& ranks) {
  const auto total = static_cast<std::size_t>(ranks.sum(static_cast<double>(order.size())));
  check(total > 0 && snapshots.size() == order.size() * values, "pod: {} snapshots", total);
  const auto mean = mean_of(snapshots, values, total, ranks);
  auto gram = gram_of(snapshots, order, mean, total, ranks);
  const auto eigenvalues = symmetric_eigen(gram, total);
  Pod result;
  result.values = values;
  for (const double value : mean) result.mean.push_back(static_cast<float>(value));
  // Directions below the rounding of fp32 snapshots are noise.
  const double floor = 1e-12 * std::max(eigenvalues.back(), 0.0);
  while (result.modes < std::min(modes, total) && eigenvalues[total - 1 - result.modes] > floor) ++result.modes;
  check(result.modes > 0, "pod: {} equal snapshots have no basis", total);
  result.basis.resize(result.modes * values);
  for (std::size_t k = 0; k < result.modes; ++k) {
    const std::size_t at = total - 1 - k;
    mode(snapshots, order, mean, &gram[at * total], std::span(result.basis).subspan(k * values, values), ranks);
    result.energies.push_back(eigenvalues[at] / static_cast<double>(total));
  }
  return result;
}

}  // namespace tandem::kernels
