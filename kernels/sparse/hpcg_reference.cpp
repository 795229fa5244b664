#include "kernels/sparse/hpcg_reference.hpp"

#include <algorithm>
#include <cmath>

namespace tandem::kernels {
namespace {

// Sum over the box of 27 points around one.
double around(const Block& block, const double* x, std::int64_t at) {
  const std::int64_t row = block.points[0] + 2, plane = row * (block.points[1] + 2);
  double sum = 0;
  for (std::int64_t k = -1; k <= 1; ++k)
    for (std::int64_t j = -1; j <= 1; ++j) {
      const double* middle = x + at + k * plane + j * row;
      sum += middle[-1] + middle[0] + middle[1];
    }
  return sum;
}

// body(point of the box) in natural order, or in the opposite one.
template <typename Body>
void each_point(const Block& block, bool ascending, const Body& body) {
  const auto [nx, ny, nz] = block.points;
  for (std::int64_t k = 0; k < nz; ++k)
    for (std::int64_t j = 0; j < ny; ++j)
      for (std::int64_t i = 0; i < nx; ++i)
        body(ascending ? block.box(i, j, k) : block.box(nx - 1 - i, ny - 1 - j, nz - 1 - k));
}

}  // namespace

HpcgReference::HpcgReference(const Ranks& ranks, const Block& block) : ranks_(ranks) {
  Block next = block;
  for (std::size_t l = 0; l < 4; ++l, next = next.coarse()) {
    const auto size = static_cast<std::size_t>(next.box_size());
    levels_.push_back({next, Halo(ranks, next.neighbours()), Buffer<double>(size), Buffer<double>(size)});
  }
}

void HpcgReference::fill(std::size_t level, const std::function<double(std::int64_t)>& value, double* x) const {
  const Block& block = levels_[level].block;
  for (std::int64_t k = -1; k <= block.points[2]; ++k)
    for (std::int64_t j = -1; j <= block.points[1]; ++j)
      for (std::int64_t i = -1; i <= block.points[0]; ++i) {
        const std::int64_t point = block.global(i, j, k);
        x[block.box(i, j, k)] = point < 0 ? 0 : value(point);
      }
}

void HpcgReference::product(std::size_t level, const double* x, double* y) const {
  const Block& block = levels_[level].block;
  each_point(block, true, [&](std::int64_t at) { y[at] = 27 * x[at] - around(block, x, at); });
}

void HpcgReference::multiply(double* x, double* y) {
  levels_[0].halo.exchange(x);
  product(0, x, y);
}

void HpcgReference::smooth(Level& level, const double* r, double* x) {
  level.halo.exchange(x);
  for (const bool ascending : {true, false})
    each_point(level.block, ascending,
               [&](std::int64_t at) { x[at] = (r[at] + around(level.block, x, at) - x[at]) / 26; });
}

void HpcgReference::cycle(std::size_t l, const double* r, double* z) {
  Level& level = levels_[l];
  const Block& block = level.block;
  std::fill_n(z, block.box_size(), 0.0);
  smooth(level, r, z);
  if (l + 1 == levels_.size()) return;
  Level& coarse = levels_[l + 1];
  const auto [nx, ny, nz] = coarse.block.points;
  const auto each_coarse = [&, nx = nx, ny = ny, nz = nz](const auto& body) {
    for (std::int64_t k = 0; k < nz; ++k)
      for (std::int64_t j = 0; j < ny; ++j)
        for (std::int64_t i = 0; i < nx; ++i) body(coarse.block.box(i, j, k), block.box(2 * i, 2 * j, 2 * k));
  };
  level.halo.exchange(z);
  each_coarse([&](std::int64_t to, std::int64_t from) {
    coarse.right.data()[to] = r[from] - (27 * z[from] - around(block, z, from));
  });
  cycle(l + 1, coarse.right.data(), coarse.unknown.data());
  each_coarse([&](std::int64_t from, std::int64_t to) { z[to] += coarse.unknown.data()[from]; });
  smooth(level, r, z);
}

void HpcgReference::precondition(const double* r, double* z) { cycle(0, r, z); }

CgResult HpcgReference::solve(const double* right, double* x, std::size_t iterations) {
  CgVectors<double> vectors(size());
  std::copy_n(right, size(), vectors.residual.data());
  std::fill_n(x, size(), 0.0);
  // z's points of other ranks are no part of the sums: r is 0 there.
  return conjugate_gradient(
      false, size(), x, vectors, 0.0, iterations, [&](double* p, double* q) { multiply(p, q); },
      [&](const double* r, double* z) { precondition(r, z); }, [&](double sum) { return ranks_.sum(sum); });
}

}  // namespace tandem::kernels
