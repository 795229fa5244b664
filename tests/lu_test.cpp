// dense/lu: solutions with odd sizes, threads and grids of one to six ranks, and a verifier that sees every fault put
// into results, pivots and messages.
#include <algorithm>
#include <limits>
#include <sstream>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/kernel/kernel.hpp"
#include "harness/kernel/part_clock.hpp"
#include "harness/launch/process.hpp"
#include "harness/result/files.hpp"
#include "kernels/dense/lu_solver.hpp"
#include "kernels/dense/lu_system.hpp"
#include "kernels/dense/lu_verify.hpp"
#include "tests/cli/workplace.hpp"

namespace tandem::kernels {

KernelEntry dense_lu();

namespace {

const Ranks& one_rank() {
  static const Ranks ranks(1);
  return ranks;
}

// ---- solving on one rank

std::unique_ptr<Kernel> make(const std::string& n, const std::string& nb, int threads = 1, std::uint64_t seed = 42) {
  const KernelEntry entry = dense_lu();
  Settings settings(entry.parameters);
  settings.set("n", n);
  settings.set("nb", nb);
  omp_set_num_threads(threads);
  return entry.make(settings, KernelContext{one_rank(), threads, seed});
}

void expect_accepted(Kernel& kernel) {
  for (const Verdict& verdict : kernel.verify())
    EXPECT_TRUE(verdict.pass()) << verdict.check << ": " << verdict.value << ", limit " << verdict.limit;
}

TEST(Lu, SolvesOddSizes) {
  for (const auto& [n, nb] :
       {std::pair{"1", "1"}, {"2", "1"}, {"33", "33"}, {"100", "7"}, {"257", "64"}, {"401", "100"}}) {
    SCOPED_TRACE(std::string(n) + " in blocks of " + nb);
    const auto kernel = make(n, nb);
    for (const Data data : {Data::exact, Data::random}) {
      kernel->prepare(data);
      kernel->run();
      expect_accepted(*kernel);
    }
  }
}

TEST(Lu, SolvesWithThreadsThatShareThePanel) {
  const auto kernel = make("2600", "96", 2);
  for (const Data data : {Data::exact, Data::random}) {
    kernel->prepare(data);
    kernel->run();
    expect_accepted(*kernel);
  }
}

TEST(Lu, SolvesAgainAfterRestore) {
  const auto kernel = make("150", "32");
  kernel->prepare(Data::random);
  kernel->run();
  const auto* x = static_cast<double*>(kernel->output().data);
  const std::vector<double> first(x, x + 150);
  kernel->run();  // of a matrix that is destroyed
  EXPECT_FALSE(all_pass(kernel->verify()));
  kernel->restore();
  kernel->run();
  EXPECT_EQ(std::vector<double>(x, x + 150), first);
}

TEST(Lu, RefusesASmallErrorInOneEntry) {
  const auto kernel = make("300", "64");
  kernel->prepare(Data::random);
  kernel->run();
  expect_accepted(*kernel);
  auto* x = static_cast<double*>(kernel->output().data);
  const double right = x[123];
  x[123] *= 1 + 1e-8;
  EXPECT_FALSE(all_pass(kernel->verify()));
  x[123] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(all_pass(kernel->verify()));
  x[123] = right;
  expect_accepted(*kernel);
}

TEST(Lu, RefusesTheSolutionOfAnotherSystem) {
  const auto kernel = make("100", "32");
  kernel->prepare(Data::exact);
  kernel->run();
  kernel->prepare(Data::random);
  EXPECT_FALSE(all_pass(kernel->verify()));
}

// Swaps the first two pivots of the second panel after it was factored.
class SwappedPivots final : public LuSolver {
 public:
  using LuSolver::LuSolver;

 private:
  void factor_panel(Panel& panel) override {
    LuSolver::factor_panel(panel);
    if (++panels_ == 2) std::swap(panel.pivots()[0], panel.pivots()[1]);
  }
  int panels_ = 0;
};

// One multiplier that is off by the least that its data can hide.
class WrongMultiplier final : public LuSolver {
 public:
  using LuSolver::LuSolver;

 private:
  void factor_panel(Panel& panel) override {
    LuSolver::factor_panel(panel);
    if (++panels_ == 2) panel.below()[panel.dead()] += 0x1p-20;
  }
  int panels_ = 0;
};

template <typename Solver>
void expect_refused() {
  const LuShape shape{90, 16, 1, 1};
  const ExactSystem exact(90, 9);
  Solver solver(shape, one_rank(), 1);
  solver.load(exact);
  solver.solve();
  EXPECT_FALSE(std::equal(exact.x().begin(), exact.x().end(), solver.x().begin()));
  const RandomSystem random(90, 9);
  Solver again(shape, one_rank(), 1);
  again.load(random);
  again.solve();
  EXPECT_GT(scaled_residual(again.grid(), random, again.x()), 16);
}

TEST(Lu, ASwappedPivotIsRefused) { expect_refused<SwappedPivots>(); }
TEST(Lu, AWrongMultiplierIsRefused) { expect_refused<WrongMultiplier>(); }

// Column 30 is twice column 10.
class Singular final : public LinearSystem {
 public:
  std::size_t order() const override { return 50; }
  void entries(std::size_t row, std::size_t column, std::span<double> values) const override {
    std::vector<double> all(51);
    exact_.entries(row, 0, all);
    all[30] = 2 * all[10];
    for (std::size_t j = 0; j < values.size(); ++j) values[j] = all[column + j];
  }

 private:
  ExactSystem exact_{50, 1};
};

TEST(Lu, ASingularMatrixIsReported) {
  LuSolver solver({50, 8, 1, 1}, one_rank(), 1);
  EXPECT_EQ(columns_without_pivot(solver), 50);  // nothing was eliminated yet
  const Singular singular;
  solver.load(singular);
  solver.solve();
  EXPECT_GE(columns_without_pivot(solver), 1);
  EXPECT_EQ(solver.pivots()[30], -1);
  EXPECT_FALSE(scaled_residual(solver.grid(), singular, solver.x()) < 16);
  const ExactSystem regular(50, 1);
  solver.load(regular);
  solver.solve();
  EXPECT_EQ(columns_without_pivot(solver), 0);
}

TEST(Lu, MarksAddUpToTheRun) {
  PartClock clock;
  LuSolver solver({400, 64, 1, 1}, one_rank(), 1, clock);
  solver.load(RandomSystem(400, 1));
  EXPECT_TRUE(clock.shares(one_rank()).empty());
  solver.solve();
  clock.leave();
  const auto shares = clock.shares(one_rank());
  EXPECT_EQ(shares.size(), 5u);
  double sum = 0;
  for (const auto& [name, share] : shares) {
    EXPECT_EQ(name.rfind("time in ", 0), 0u) << name;
    sum += std::stod(share);
  }
  EXPECT_NEAR(sum, 100, 0.5);
  clock.reset();
  EXPECT_TRUE(clock.shares(one_rank()).empty());
}

// ---- several ranks

// What lu_ranks printed.
std::string outcome(int ranks, const std::string& settings, const std::vector<std::string>& faults = {}) {
  const Workplace place;
  std::vector<std::string> command = worker_command("", {ranks, 1}, "");
  command.erase(command.end() - 3, command.end());  // program, "worker", job file
  command.insert(command.end(), {LU_RANKS, std::to_string(ranks), settings});
  command.insert(command.end(), faults.begin(), faults.end());
  const auto log = place.folder() / "log";
  const Ended ended = run_process(command, log, 100, [] {});
  std::string result = ended.ok ? "" : ended.why + "\n";
  std::istringstream lines(read_file(log));
  for (std::string line; std::getline(lines, line);)  // MPI libraries talk of their network beside it
    if (line.find(": exact ") != std::string::npos) result += line + "\n";
  return result;
}

const std::string kAccepted = "no fault: exact accepted, random accepted\n";

TEST(LuRanks, SolvesOnEveryGrid) {
  EXPECT_EQ(outcome(2, "n=150/nb=16"), kAccepted);
  EXPECT_EQ(outcome(3, "n=130/nb=13"), kAccepted);
  EXPECT_EQ(outcome(6, "n=100/nb=7"), kAccepted);
  EXPECT_EQ(outcome(6, "n=40/nb=40/p=3/q=2"), kAccepted);  // fewer blocks than processes
}

void expect_every_refused(int ranks, const std::string& settings, const std::vector<std::string>& faults) {
  std::string expected = kAccepted;
  for (const std::string& fault : faults) expected += fault + ": exact refused, random refused\n";
  EXPECT_EQ(outcome(ranks, settings, faults), expected);
}

TEST(LuRanks, RefusesEveryFault) {
  expect_every_refused(4, "n=200/nb=16", {"lost panel", "swapped pivots", "wrong entry", "lost part of x"});
  expect_every_refused(2, "n=97/nb=10/p=2/q=1", {"lost rows up", "lost rows down", "wrong pivot row"});
}

}  // namespace
}  // namespace tandem::kernels
