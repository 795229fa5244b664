// The 27-point routines against plain dense definitions, and the sparse/cg case with corrupted outputs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/random.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/sparse/conjugate_gradient.hpp"
#include "kernels/sparse/galerkin.hpp"
#include "kernels/sparse/multigrid.hpp"

namespace tandem::kernels {
KernelEntry sparse_cg();
namespace {

// A symmetric, diagonally dominant operator with random coefficients.
Stencil27<double> random_operator(const Grid27& g) {
  Stencil27<double> a(g);
  const auto node = [&](std::size_t i, std::size_t j, std::size_t k) { return (k * g.ny + j) * g.nx + i; };
  for (std::size_t k = 0; k < g.nz; ++k)
    for (std::size_t j = 0; j < g.ny; ++j)
      for (std::size_t i = 0; i < g.nx; ++i) {
        double sum = 0.01;
        for (std::size_t d = 0; d < 27; ++d) {
          const std::size_t x = i + d % 3, y = j + d / 3 % 3, z = k + d / 9;
          if (d == 13 || x < 1 || x > g.nx || y < 1 || y > g.ny || z < 1 || z > g.nz) continue;
          const std::size_t other = node(x - 1, y - 1, z - 1), own = node(i, j, k);
          const double value = random_uniform(7, std::min(own, other), std::max(own, other));
          a.at(i, j, k, d) = -value;
          sum += value;
        }
        a.at(i, j, k, 13) = sum;
      }
  return a;
}

std::size_t place(const Grid27& g, std::size_t i, std::size_t j, std::size_t k) {
  return g.at(i, static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
}

Buffer<double> random_vector(const Grid27& g, std::uint64_t seed) {
  Buffer<double> v(g.size());
  for (std::size_t k = 0; k < g.nz; ++k)
    for (std::size_t j = 0; j < g.ny; ++j)
      for (std::size_t i = 0; i < g.nx; ++i)
        v[place(g, i, j, k)] = random_uniform(seed, 0, (k * g.ny + j) * g.nx + i) - 0.5;
  return v;
}

const Grid27 grids[] = {{1, 1, 3}, {2, 3, 2}, {5, 4, 3}, {17, 16, 5}, {33, 33, 9}, {20, 7, 4}};

TEST(Stencil27, AppliesEveryCoefficient) {
  for (const Grid27& g : grids) {
    const Stencil27<double> a = random_operator(g);
    const Buffer<double> x = random_vector(g, 3);
    Buffer<double> y(g.size());
    apply(a, x.data(), y.data(), false);
    for (std::size_t k = 0; k < g.nz; ++k)
      for (std::size_t j = 0; j < g.ny; ++j)
        for (std::size_t i = 0; i < g.nx; ++i) {
          double sum = 0;
          for (std::size_t d = 0; d < 27; ++d) {
            const std::size_t p = i + d % 3, q = j + d / 3 % 3, r = k + d / 9;
            if (p < 1 || p > g.nx || q < 1 || q > g.ny || r < 1 || r > g.nz) continue;
            sum += a.at(i, j, k, d) * x[place(g, p - 1, q - 1, r - 1)];
          }
          ASSERT_NEAR(y[place(g, i, j, k)], sum, 1e-12);
        }
  }
}

// P of one direction as galerkin.hpp defines it.
double weight(std::size_t fine, std::size_t coarse, std::size_t n, double end) {
  if (fine % 2 == 0) return fine == 2 * coarse ? 1 : 0;
  if (fine + 1 == n) return fine / 2 == coarse ? end : 0;
  return fine / 2 == coarse || fine / 2 + 1 == coarse ? 0.5 : 0;
}

TEST(Galerkin, IsThePlainTripleProduct) {
  for (const double end : {0.5, 1.0}) {
    const Grid27 f{6, 5, 3}, g{3, 3, 3};
    const Stencil27<double> fine = random_operator(f);
    Stencil27<double> coarse(g);
    galerkin(fine, end, false, coarse);
    for (std::size_t row = 0; row < g.nodes(); ++row)
      for (std::size_t d = 0; d < 27; ++d) {
        const std::size_t i = row % 3, j = row / 3 % 3, k = row / 9;
        const std::size_t p = i + d % 3, q = j + d / 3 % 3, r = k + d / 9;
        if (p < 1 || p > 3 || q < 1 || q > 3 || r < 1 || r > 3) continue;
        double sum = 0;
        for (std::size_t y = 0; y < f.ny; ++y)
          for (std::size_t x = 0; x < f.nx; ++x)
            for (std::size_t e = d / 9 * 9; e < d / 9 * 9 + 9; ++e) {
              const std::size_t u = x + e % 3, v = y + e / 3 % 3;
              if (u < 1 || u > f.nx || v < 1 || v > f.ny) continue;
              sum += weight(x, i, f.nx, end) * weight(y, j, f.ny, end) * fine.at(x, y, k, e) *
                     weight(u - 1, p - 1, f.nx, end) * weight(v - 1, q - 1, f.ny, end);
            }
        ASSERT_NEAR(coarse.at(i, j, k, d), sum, 1e-12) << row << ' ' << d;
      }
  }
}

TEST(Multigrid, IsSymmetricAndDefinite) {
  for (const Grid27& g : grids)
    for (const Edge edge : {Edge::natural, Edge::zero}) {
      Multigrid<double> multigrid(g, edge, false);
      multigrid.set_up(random_operator(g));
      const Buffer<double> x = random_vector(g, 3), y = random_vector(g, 4);
      Buffer<double> mx(g.size()), my(g.size());
      multigrid.apply(x.data(), mx.data());
      multigrid.apply(y.data(), my.data());
      const double a = dot(false, g.size(), x.data(), my.data()), b = dot(false, g.size(), y.data(), mx.data());
      EXPECT_NEAR(a, b, 1e-12 * std::sqrt(dot(false, g.size(), mx.data(), mx.data()) * static_cast<double>(g.nodes())));
      EXPECT_GT(dot(false, g.size(), x.data(), mx.data()), 0);
    }
}

template <typename T>
std::vector<double> solved(const Grid27& g, bool threaded, std::size_t& iterations) {
  const Stencil27<double> a = random_operator(g);
  Multigrid<T> multigrid(g, Edge::natural, threaded);
  multigrid.set_up(a);
  CgVectors<double> vectors(g.size());
  vectors.residual = random_vector(g, 5);
  Buffer<double> x(g.size());
  const CgResult result = conjugate_gradient(
      threaded, g.size(), x.data(), vectors, 1e-10, 60,
      [&](const double* from, double* to) { apply(a, from, to, threaded); },
      [&](const double* from, double* to) { multigrid.apply(from, to); });
  iterations = result.iterations;
  return {x.begin(), x.end()};
}

TEST(ConjugateGradient, SolvesAndThreadsChangeNoBit) {
  const Grid27 g{40, 33, 9};
  std::size_t fp64, fp32, threaded;
  const auto x = solved<double>(g, false, fp64);
  const auto single = solved<float>(g, false, fp32);
  EXPECT_LT(fp64, 25u);
  EXPECT_LE(fp32, fp64 + 2);
  double difference = 0;
  for (std::size_t i = 0; i < x.size(); ++i) difference = std::max(difference, std::abs(x[i] - single[i]));
  EXPECT_LT(difference, 1e-6);
  const int before = omp_get_max_threads();
  for (const int threads : {1, 3}) {
    omp_set_num_threads(threads);
    EXPECT_EQ(solved<double>(g, true, threaded), x);
  }
  omp_set_num_threads(before);
}

TEST(SparseCg, PassesAndEveryCorruptionFails) {
  const Ranks ranks(1);
  for (const char* n : {"21", "64"})
    for (const char* precision : {"fp64", "fp32"})
      for (const Data data : {Data::exact, Data::random}) {
        if (data == Data::exact && std::string(n) == "64") continue;
        Settings settings(sparse_cg().parameters);
        settings.set("n", n);
        settings.set("preconditioner", precision);
        const auto kernel = sparse_cg().make(settings, {ranks, 2, 1});
        kernel->prepare(data);
        kernel->run();
        for (const Verdict& v : kernel->verify()) EXPECT_TRUE(v.pass()) << v.check << ' ' << v.value;
        EXPECT_GT(kernel->facts().flops, 0);
        const Output output = kernel->output();
        auto* x = static_cast<double*>(output.data);
        const std::size_t middle = output.count / 2;
        x[middle] += 1;
        EXPECT_FALSE(all_pass(kernel->verify()));
        x[middle] = std::numeric_limits<double>::quiet_NaN();
        EXPECT_FALSE(all_pass(kernel->verify()));
        std::fill_n(x, output.count, 0.0);
        EXPECT_FALSE(all_pass(kernel->verify()));
        kernel->run();
        EXPECT_TRUE(all_pass(kernel->verify()));
      }
}

}  // namespace
}  // namespace tandem::kernels
