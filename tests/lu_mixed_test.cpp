// dense/lu_mixed: elimination by every size and precision, refinement from bad factors, and a verifier that sees wrong
// factors although refinement mends the solution.
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/kernel/kernel.hpp"
#include "kernels/dense/gmres.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "kernels/dense/mixed_solver.hpp"
#include "kernels/dense/mixed_verify.hpp"
#include "kernels/dense/onednn.hpp"
#include "kernels/learning/elementwise.hpp"
#include "tests/each_precision.hpp"

namespace tandem::kernels {

KernelEntry dense_lu_mixed();

namespace {

const Ranks& one_rank() {
  static const Ranks ranks(1);
  return ranks;
}

double residual(MixedSolver& solver, const LinearSystem& system) {
  return scaled_residual(solver.grid(), system, solver.x());
}

std::size_t wrong_x(MixedSolver& solver, const ExactSystem& system) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < system.order(); ++i) wrong += solver.x()[i] == system.x()[i] ? 0 : 1;
  return wrong;
}

TEST(LuMixed, FactorsExactlyAtEverySize) {
  for_each_precision([](Element element) {
    for (const std::size_t n : {1, 2, 31, 32, 33, 64, 97, 129, 200, 301, 520}) {
      SCOPED_TRACE(n);
      const ExactSystem system(n, n, ExactSystem::Rows::in_order);
      MixedSolver solver({n, n}, one_rank(), element, 2);
      solver.load(system);
      EXPECT_GT(wrong_factors(solver.factors(), system), 0);  // of a matrix that was not factored
      solver.solve();
      EXPECT_EQ(wrong_factors(solver.factors(), system), 0);
      EXPECT_EQ(wrong_x(solver, system), 0u);
      EXPECT_EQ(solver.refinement().steps, 0u);  // nothing was rounded
    }
  });
}

TEST(LuMixed, RefinesToTheResidualOfDoublePrecision) {
  for_each_precision([](Element element) {
    for (const auto kind : {DiagonalSystem::Kind::scaled, DiagonalSystem::Kind::dominant})
      for (const std::size_t n : {1, 2, 3, 40, 333, 700}) {
        SCOPED_TRACE(n);
        const DiagonalSystem system(n, 7, kind);
        MixedSolver solver({n, n}, one_rank(), element, 2);
        solver.load(system);
        EXPECT_FALSE(factor_error(solver.factors(), system, element, 1) <= 1);
        solver.solve();
        EXPECT_LE(factor_error(solver.factors(), system, element, 1), 1);
        EXPECT_LE(residual(solver, system), 2);
        EXPECT_NEAR(solver.refinement().after, residual(solver, system), 1);
        if (n < 40) continue;
        EXPECT_GT(solver.refinement().before, 1e4);  // fp32 and less: without refinement it is refused
        EXPECT_GE(solver.refinement().steps, 1u);
        EXPECT_LE(solver.refinement().steps, 15u);
      }
  });
}

// A fault in the factors, as a wrong kernel would leave it.
class Faulty final : public MixedSolver {
 public:
  using Fault = std::function<void(Block)>;
  Faulty(std::size_t n, Element element, Fault fault)
      : MixedSolver({n, n}, one_rank(), element, 1), fault_(std::move(fault)) {}

 private:
  void factored(Block factors) override { fault_(factors); }
  Fault fault_;
};

TEST(LuMixed, RefusesWrongFactorsThatRefinementMends) {
  constexpr std::size_t n = 150;
  const Faulty::Fault one_multiplier = [](Block f) { f.row(100)[20] += 0x1p-12F; };
  const Faulty::Fault one_of_u = [](Block f) { f.row(20)[100] *= 1.0001F; };
  const Faulty::Fault swapped_rows = [](Block f) { std::swap_ranges(f.row(90), f.row(90) + n, f.row(91)); };
  const Faulty::Fault diagonal_only = [](Block f) {
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        if (i != j) f.row(i)[j] = 0;
  };
  for_each_precision([&](Element element) {
    for (const auto& fault : {one_multiplier, one_of_u, swapped_rows, diagonal_only}) {
      const ExactSystem system(n, 3, ExactSystem::Rows::in_order);
      Faulty solver(n, element, fault);
      solver.load(system);
      solver.solve();
      EXPECT_GT(wrong_factors(solver.factors(), system), 0);
    }
    for (const auto& fault : {swapped_rows, diagonal_only}) {
      const DiagonalSystem system(n, 3, DiagonalSystem::Kind::scaled);
      Faulty solver(n, element, fault);
      solver.load(system);
      solver.solve();
      EXPECT_LT(residual(solver, system), 16);  // mended, at the price of more steps
      EXPECT_GT(factor_error(solver.factors(), system, element, 1), 1);
    }
  });
}

TEST(LuMixed, FewerBitsAreVisibleInTheFactors) {
  const DiagonalSystem system(400, 3, DiagonalSystem::Kind::scaled);
  double of_fp32 = 0;
  for_each_precision([&](Element element) {
    MixedSolver solver({400, 400}, one_rank(), element, 2);
    solver.load(system);
    solver.solve();
    const double error = factor_error(solver.factors(), system, Element::fp32, 1);
    if (element == Element::fp32)
      of_fp32 = error;
    else
      EXPECT_GT(error, 20 * of_fp32);
  });
}

TEST(LuMixed, TheMatrixOfTheRulesIsNotDiagonallyDominant) {
  constexpr std::size_t n = 500;
  const DiagonalSystem scaled(n, 1, DiagonalSystem::Kind::scaled), test(n, 1, DiagonalSystem::Kind::dominant);
  std::vector<double> row(n + 1), part(1);
  for (const std::size_t i : {0, 123, 499}) {
    scaled.entries(i, 0, row);
    double others = -std::abs(row[i]);
    for (std::size_t j = 0; j < n; ++j) others += std::abs(row[j]);
    EXPECT_DOUBLE_EQ(row[i], std::sqrt(500.0));
    EXPECT_GT(others, 4 * row[i]);
    scaled.entries(i, i, part);
    EXPECT_EQ(part[0], row[i]);
    test.entries(i, i, part);
    EXPECT_NEAR(part[0], others, 1e-10);
  }
}

// Into a part of a wider matrix, as the updates at its edge: what lies beyond stays.
TEST(Matmul, ThinProductsStayInTheirPlace) {
  constexpr std::size_t lead = 40, k = 32;
  for (const auto& [m, n] : {std::pair<std::size_t, std::size_t>{1, 1}, {1, 7}, {7, 1}, {33, 1}, {5, 2}}) {
    SCOPED_TRACE(std::to_string(m) + " x " + std::to_string(n));
    std::vector<Bf16> a(m * k), b(k * n);
    for (std::size_t i = 0; i < a.size(); ++i) store(a[i], static_cast<float>(i * 7 % 5) - 2);
    for (std::size_t i = 0; i < b.size(); ++i) store(b[i], static_cast<float>(i * 3 % 7) - 3);
    std::vector<float> c(m * lead, 3), other(c);
    try {
      Matmul product({m, n, k}, {.data = a.data(), .type = Element::bf16}, {.data = b.data(), .type = Element::bf16},
                     {.data = c.data(), .lead = lead, .add = true});
      product.run();
      product.run_into(other.data());
    } catch (const Unsupported& reason) {
      GTEST_SKIP() << reason.what();
    }
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < lead; ++j) {
        float right = 3;
        for (std::size_t l = 0; j < n && l < k; ++l) right += load(a[i * k + l]) * load(b[l * n + j]);
        EXPECT_EQ(c[i * lead + j], right) << i << ", " << j;
        EXPECT_EQ(other[i * lead + j], right) << i << ", " << j;
      }
  }
}

TEST(Gmres, SolvesInAsManyStepsAsThereAreUnknowns) {
  const std::vector<Vector> a = {{2, 1, 0}, {0, 3, 1}, {1, 0, 4}};
  const auto apply = [&](const Vector& from, Vector& to) {
    for (std::size_t i = 0; i < 3; ++i) to[i] = a[i][0] * from[0] + a[i][1] * from[1] + a[i][2] * from[2];
  };
  Vector x = {0, 0, 0}, r = {4, 9, 13};  // b for x = 1, 2, 3
  const GmresResult result = gmres(x, r, 1e-13, 10, apply, [](const Vector& from, Vector& to) { to = from; });
  EXPECT_EQ(result.steps, 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(x[i], static_cast<double>(i + 1), 1e-12);
}

TEST(LuMixed, SettingsAndMemory) {
  const KernelEntry entry = dense_lu_mixed();
  Settings settings(entry.parameters);
  settings.set("n", "8000");
  const double bytes = entry.memory(settings, {});
  EXPECT_GT(bytes, 13.0 * 8000 * 8000);
  EXPECT_LT(bytes, 14.0 * 8000 * 8000);
  EXPECT_LT(entry.memory(settings, {4, 4}), bytes / 3.5);
  EXPECT_EQ(settings.path(), "n=8000/precision=auto/matrix=scaled");  // as before there was a grid
  for (const auto& [key, value, ranks] : {std::tuple{"precision", "fp8", 1},
                                          {"matrix", "any", 1},
                                          {"n", "2M", 1},
                                          {"nb", "9000", 1},
                                          {"p", "3", 2},
                                          {"q", "auto", 7}}) {
    Settings wrong = settings;
    wrong.set(key, value);
    EXPECT_THROW(entry.memory(wrong, {ranks, ranks}), Error) << key;
  }
}

}  // namespace
}  // namespace tandem::kernels
