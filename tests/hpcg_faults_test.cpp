// sparse/hpcg and sparse/hpg_mixed under mpirun, as hpcg_test: what a fault breaks, the verifiers must see.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/kernel/time_kernel.hpp"
#include "kernels/sparse/hpg_mixed.hpp"
#include "tests/mpi_main.hpp"

namespace tandem::kernels {
KernelEntry sparse_hpcg();
KernelEntry sparse_hpg_mixed();
namespace {

template <typename Case>
std::unique_ptr<Case> make() {
  const Block block{near_cubic(all_ranks().size()), all_ranks().rank(), {16, 16, 16}};
  const KernelContext context{all_ranks(), 1, 1};
  if constexpr (std::is_same_v<Case, Hpcg>)
    return std::make_unique<Hpcg>(block, Storage{}, context);
  else
    return std::make_unique<HpgMixed>(block, Storage{}, Storage{}, context);
}

// visit(matrix, the least relative error of an entry that must be seen) for every matrix that a case holds.
template <typename T, typename Visit>
void each_matrix(HpcgSolver<T>& solver, const Visit& visit) {
  for (std::size_t level = 0; level < hpcg_levels; ++level) {
    SCOPED_TRACE(fmt::format("level {}, {} bytes", level, sizeof(T)));
    visit(solver.matrix(level), std::is_same_v<T, double> ? T(1e-9) : T(1e-4));
  }
}
template <typename Case, typename Visit>
void each_matrix_of(Case& kernel, const Visit& visit) {
  each_matrix(kernel.solver(), visit);
  if constexpr (std::is_same_v<Case, HpgMixed>) each_matrix(kernel.single(), visit);
}

template <typename Case>
class Corrupted : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    omp_set_num_threads(1);
    kernel_ = make<Case>();
    kernel_->prepare(Data::random);
    EXPECT_GE(kernel_->iterations(), Hpcg::reference_iterations);
    EXPECT_FALSE(passes()) << "nothing was run";
    kernel_->run();
    EXPECT_TRUE(passes());
  }
  static void TearDownTestSuite() { kernel_.reset(); }
  static bool passes() {
    bool all = true;
    for (const Verdict& verdict : kernel_->verify()) all = all && verdict.pass();
    return all_ranks().max(all ? 0 : 1) == 0;
  }
  static inline std::unique_ptr<Case> kernel_;
};
using Cases = testing::Types<Hpcg, HpgMixed>;
TYPED_TEST_SUITE(Corrupted, Cases, );

TYPED_TEST(Corrupted, one_wrong_entry_of_the_matrix_on_any_level) {
  each_matrix_of(*this->kernel_, [](auto& matrix, auto wrong) {
    const auto values = matrix.local().values();
    std::size_t at = values.size() / 2;
    while (values[at] == 0) ++at;
    const auto right = values[at];
    if (all_ranks().root()) values[at] = right * (1 + wrong);
    EXPECT_FALSE(TestFixture::passes());
    values[at] = right;
    EXPECT_TRUE(TestFixture::passes());
  });
}

TYPED_TEST(Corrupted, one_wrong_entry_of_the_result_on_one_rank) {
  const Output output = this->kernel_->output();
  auto* x = static_cast<double*>(output.data);
  const bool mine = all_ranks().rank() == all_ranks().size() - 1;
  for (const std::size_t at : {std::size_t{0}, output.count / 2, output.count - 1})
    for (const double wrong : {x[at] + 1e-3, std::numeric_limits<double>::quiet_NaN()}) {
      const double right = x[at];
      if (mine) x[at] = wrong;
      EXPECT_FALSE(this->passes()) << wrong;
      x[at] = right;
    }
  EXPECT_TRUE(this->passes());
}

TYPED_TEST(Corrupted, a_run_that_computes_nothing) {
  const Output output = this->kernel_->output();
  auto* x = static_cast<double*>(output.data);
  const std::vector<double> right(x, x + output.count);
  poison(output);
  EXPECT_FALSE(this->passes());
  std::fill_n(x, output.count, 0.0);
  EXPECT_FALSE(this->passes());
  std::copy(right.begin(), right.end(), x);
  EXPECT_TRUE(this->passes());
}

TYPED_TEST(Corrupted, a_dropped_halo_message) {
  if (all_ranks().size() == 1) GTEST_SKIP() << "one rank has no neighbours";
  each_matrix_of(*this->kernel_, [](auto& matrix, auto) {
    auto& receive = matrix.halo().neighbours().front().receive;
    const std::vector<std::int32_t> whole = receive;
    if (all_ranks().root()) receive.assign(receive.size(), receive.front());  // it arrives and is not stored
    EXPECT_FALSE(TestFixture::passes());
    receive = whole;
  });
}

// Of the fp64 matrix, by which both cases solve.
TYPED_TEST(Corrupted, a_halo_message_dropped_during_the_run_only) {
  if (all_ranks().size() == 1) GTEST_SKIP() << "one rank has no neighbours";
  auto& receive = this->kernel_->solver().matrix().halo().neighbours().front().receive;
  const std::vector<std::int32_t> whole = receive;
  if (all_ranks().root()) receive.assign(receive.size(), receive.front());
  this->kernel_->run();
  receive = whole;
  EXPECT_FALSE(this->passes());
  this->kernel_->prepare(Data::random);
  this->kernel_->run();
  EXPECT_TRUE(this->passes());
}

// So many iterations with a wrong preconditioner leave a true residual that may pass for rounding errors where the
// target is as low as here; the recurrence's residual tells.
TEST(HpgMixed, a_wrong_multigrid_misses_the_target) {
  omp_set_num_threads(1);
  const auto kernel = make<HpgMixed>();
  kernel->prepare(Data::random);
  const auto passes = [&] { return all_ranks().max(all_pass(kernel->verify()) ? 0 : 1) == 0; };
  const auto coarse = kernel->single().matrix(1).local().values();
  std::vector<float> right(coarse.begin(), coarse.end());
  for (float& value : coarse) value = -value;
  kernel->run();
  std::copy(right.begin(), right.end(), coarse.begin());
  EXPECT_FALSE(passes());
  kernel->prepare(Data::random);
  kernel->run();
  EXPECT_TRUE(passes());
}

TEST(HpgMixed, counts_the_same_work_as_hpcg_and_its_rival_reaches_the_same_target) {
  omp_set_num_threads(1);
  const auto kernel = make<HpgMixed>();
  kernel->prepare(Data::exact);
  const Output output = kernel->output();
  poison(output);
  sparse_hpg_mixed().rival.run(*kernel);
  for (const Verdict& v : kernel->verify()) {
    const bool of_sets = v.check.find("sets") != std::string::npos;  // none was run
    EXPECT_TRUE(v.pass() || of_sets) << v.check << ' ' << v.value;
  }
  const auto plain = make<Hpcg>();
  plain->prepare(Data::exact);
  // HPCG's sums have one product more than iterations, by which the shares of 50 iterations in more of them differ.
  EXPECT_NEAR(kernel->facts().flops / plain->facts().flops, 1, 1e-3);
  EXPECT_LT(kernel->facts().bytes / static_cast<double>(kernel->iterations()),
            plain->facts().bytes / static_cast<double>(plain->iterations()));
}

std::string refusal(const KernelEntry& entry, const std::string& key, const std::string& value) {
  Settings settings(entry.parameters);
  settings.set("local", "16");
  settings.set(key, value);
  try {
    entry.memory(settings, {all_ranks().size(), 1});
    entry.make(settings, {all_ranks(), 1, 1});
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  return "accepted";
}

TEST(Hpcg, refuses_what_it_cannot_run_and_says_what_it_can) {
  for (const KernelEntry& entry : {sparse_hpcg(), sparse_hpg_mixed()}) {
    SCOPED_TRACE(entry.name);
    EXPECT_NE(refusal(entry, "local", "100x104x27").find("the nearest is 104x104x24"), std::string::npos);
    EXPECT_NE(refusal(entry, "local", "8").find("the nearest is 16x16x16"), std::string::npos);
    for (const char* nonsense : {"", "x", "16x16", "16x16x16x16", "-16", "16x", "1e2", "16x16x16 "})
      EXPECT_NE(refusal(entry, "local", nonsense).find("expected points a rank"), std::string::npos) << nonsense;
    EXPECT_NE(refusal(entry, "grid", "5x5x5").find("is a grid of 125 ranks and the case runs on"), std::string::npos);
    EXPECT_NE(refusal(entry, "grid", "5").find("expected auto or ranks"), std::string::npos);
    EXPECT_NE(refusal(entry, "format", "dia").find("expected csr, sell, packed, auto"), std::string::npos);
    EXPECT_NE(refusal(entry, "order", "random").find("expected levels, colours, auto"), std::string::npos);
    EXPECT_EQ(entry.fits(entry.memory(Settings(entry.parameters), {1, 1}) + 1), "local=104");
  }
}

}  // namespace
}  // namespace tandem::kernels
