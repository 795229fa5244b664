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
  for (std::size_t begin = 0; begin < values; begin += panel)
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = begin; j < std::min(values, begin + panel); ++j)
        mean[j] += static_cast<double>(rows[i * values + j]);
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
    if (mine.data() == theirs.data()) {
      cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, static_cast<int>(m), width, 1, a.data(), width, 1,
                  gram.data(), static_cast<int>(n));
      continue;
    }
    convert(theirs, mean, begin, end, b);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(m), static_cast<int>(n), width, 1, a.data(),
                width, b.data(), width, 1, gram.data(), static_cast<int>(n));
  }
  if (mine.data() != theirs.data()) return;
  for (std::size_t i = 0; i < m; ++i)
    for (std::size_t j = 0; j < i; ++j) gram[i * n + j] = gram[j * n + i];
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

// Basis vectors: the snapshots' deviations weighted by eigenvectors [modes, total], normalised, signs fixed.
std::vector<float> basis_of(std::span<const float> rows, std::span<const std::size_t> order,
                            std::span<const double> mean, std::span<const double> eigenvectors, std::size_t total,
                            const Ranks& ranks) {
  const std::size_t values = mean.size(), count = order.size(), modes = eigenvectors.size() / total;
  std::vector<double> own(modes * count), sums(modes * values), deviations;
  for (std::size_t k = 0; k < modes; ++k)
    for (std::size_t i = 0; i < count; ++i) own[k * count + i] = eigenvectors[k * total + order[i]];
  for (std::size_t begin = 0; begin < values && count > 0; begin += panel) {
    const std::size_t end = std::min(values, begin + panel);
    const int width = static_cast<int>(end - begin), inner = static_cast<int>(count);
    convert(rows, mean, begin, end, deviations);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(modes), width, inner, 1, own.data(), inner,
                deviations.data(), width, 0, sums.data() + begin, static_cast<int>(values));
  }
  ranks.sum(std::span<double>(sums));
  std::vector<float> basis(modes * values);
#pragma omp parallel for schedule(static)
  for (std::size_t k = 0; k < modes; ++k) {
    const std::span<const double> sum(sums.data() + k * values, values);
    double square = 0, largest = 0;
    for (const double value : sum) {
      square += value * value;
      if (std::abs(value) > std::abs(largest)) largest = value;
    }
    const double factor = (largest < 0 ? -1 : 1) / std::sqrt(square);
    for (std::size_t j = 0; j < values; ++j) basis[k * values + j] = static_cast<float>(factor * sum[j]);
  }
  return basis;
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
  std::vector<double> eigenvectors;  // by falling energy
  for (std::size_t k = 0; k < result.modes; ++k) {
    const auto row = gram.begin() + static_cast<std::ptrdiff_t>((total - 1 - k) * total);
    eigenvectors.insert(eigenvectors.end(), row, row + static_cast<std::ptrdiff_t>(total));
    result.energies.push_back(eigenvalues[total - 1 - k] / static_cast<double>(total));
  }
  result.basis = basis_of(snapshots, order, mean, eigenvectors, total, ranks);
  return result;
}

std::vector<double> pod_coefficients(const Pod& pod, std::span<const float> snapshots) {
  const std::size_t count = snapshots.size() / pod.values;
  check(snapshots.size() == count * pod.values, "pod: {} numbers are no snapshots of {}", snapshots.size(), pod.values);
  const std::vector<double> mean(pod.mean.begin(), pod.mean.end()), zero(pod.values);
  std::vector<double> coefficients(count * pod.modes), deviations, basis;
  for (std::size_t begin = 0; begin < pod.values && count > 0; begin += panel) {
    const std::size_t end = std::min(pod.values, begin + panel);
    const int width = static_cast<int>(end - begin), modes = static_cast<int>(pod.modes);
    convert(snapshots, mean, begin, end, deviations);
    convert(pod.basis, zero, begin, end, basis);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(count), modes, width, 1, deviations.data(),
                width, basis.data(), width, 1, coefficients.data(), modes);
  }
  return coefficients;
}

}  // namespace tandem::kernels
