// dense/lu: index formulas against golden vectors, its exact system against textbook elimination, solutions on grids of
// one to six ranks, refusals, and a verifier that sees every fault put into messages and pivots.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>
#include <omp.h>

#include "harness/base/check.hpp"
#include "harness/kernel/part_clock.hpp"
#include "harness/launch/config.hpp"
#include "harness/launch/process.hpp"
#include "harness/result/files.hpp"
#include "kernels/dense/lu_grid.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_solver.hpp"
#include "kernels/dense/lu_swap.hpp"
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

// ---- block-cyclic indices

TEST(Cyclic, GoldenVector) {
  // 10 indices in blocks of 3 over 2 parts: blocks 0 and 2 belong to part 0, blocks 1 and 3 (short) to part 1
  const Cyclic first{10, 3, 2, 0}, second{10, 3, 2, 1};
  const std::vector<std::size_t> owners = {0, 0, 0, 1, 1, 1, 0, 0, 0, 1};
  const std::vector<std::size_t> locals = {0, 1, 2, 0, 1, 2, 3, 4, 5, 3};
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(first.owner(i), owners[i]) << i;
    EXPECT_EQ(first.local(i), locals[i]) << i;
    EXPECT_EQ((owners[i] == 0 ? first : second).global(locals[i]), i);
  }
  EXPECT_EQ(first.size(), 6u);
  EXPECT_EQ(second.size(), 4u);
  EXPECT_EQ(first.before(8), 5u);   // 0 1 2 6 7
  EXPECT_EQ(second.before(8), 3u);  // 3 4 5
  EXPECT_EQ(second.before(4), 1u);
}

TEST(Cyclic, CountsAsABruteForceDoes) {
  for (const std::size_t block : {1u, 2u, 5u, 64u})
    for (const std::size_t parts : {1u, 2u, 3u, 7u})
      for (std::size_t part = 0; part < parts; ++part) {
        const Cyclic cyclic{97, block, parts, part};
        std::size_t count = 0;
        for (std::size_t i = 0; i <= 97; ++i) {
          EXPECT_EQ(cyclic.before(i), count) << block << " " << parts << " " << part << " " << i;
          if (i < 97 && cyclic.mine(i)) {
            EXPECT_EQ(cyclic.local(i), count);
            EXPECT_EQ(cyclic.global(count), i);
            ++count;
          }
        }
      }
}

TEST(RowMoves, IsTheSequenceOfSwaps) {
  const std::size_t first = 8, n = 40;
  const std::vector<double> pivots = {11, 9,     30, 30,
                                      12, 8 + 5, 39, -1};  // inside the block, twice the same, itself, none
  std::vector<std::size_t> rows(n);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (std::size_t i = 0; i < pivots.size(); ++i)
    if (pivots[i] >= 0) std::swap(rows[first + i], rows[static_cast<std::size_t>(pivots[i])]);
  const RowMoves moves(first, pivots);
  std::vector<std::size_t> moved(n);
  std::iota(moved.begin(), moved.end(), std::size_t{0});
  ASSERT_EQ(moves.up.size(), pivots.size());
  for (std::size_t i = 0; i < moves.up.size(); ++i) moved[first + i] = moves.up[i];
  for (const auto& [to, from] : moves.down) {
    EXPECT_LT(from, pivots.size());
    moved[to] = first + from;
  }
  EXPECT_EQ(moved, rows);
}

// ---- the systems

std::vector<double> dense(const LinearSystem& system) {
  const std::size_t n = system.order();
  std::vector<double> a(n * (n + 1));
  for (std::size_t i = 0; i < n; ++i) system.entries(i, 0, {&a[i * (n + 1)], n + 1});
  return a;
}

// Textbook elimination with partial pivoting on [A | b]; says whether a pivot was unique.
struct Eliminated {
  std::vector<double> a;
  std::vector<std::size_t> pivots;
  bool unique = true;
};

Eliminated eliminate(std::vector<double> a, std::size_t n) {
  Eliminated result{std::move(a), {}, true};
  const auto at = [&](std::size_t i, std::size_t j) -> double& { return result.a[i * (n + 1) + j]; };
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::abs(at(i, k)) > std::abs(at(pivot, k))) pivot = i;
    for (std::size_t i = k; i < n; ++i)
      if (i != pivot && std::abs(at(i, k)) == std::abs(at(pivot, k))) result.unique = false;
    result.pivots.push_back(pivot);
    for (std::size_t j = 0; j <= n; ++j) std::swap(at(k, j), at(pivot, j));
    for (std::size_t i = k + 1; i < n; ++i) {
      const double l = at(i, k) / at(k, k);
      for (std::size_t j = k; j <= n; ++j) at(i, j) -= l * at(k, j);
    }
  }
  return result;
}

TEST(ExactSystem, HasTheFactorsAndTheSolutionItClaims) {
  const std::size_t n = 61;
  const ExactSystem system(n, 5);
  const std::vector<double> a = dense(system);
  for (std::size_t i = 0; i < n; ++i) {
    double b = 0;
    for (std::size_t j = 0; j < n; ++j) b += a[i * (n + 1) + j] * system.x()[j];
    EXPECT_EQ(b, a[i * (n + 1) + n]) << "row " << i;
  }
  const Eliminated known = eliminate(a, n);
  EXPECT_TRUE(known.unique);
  EXPECT_EQ(known.pivots, system.pivots());
  EXPECT_GT(std::count_if(a.begin(), a.end(), [](double value) { return value != 0; }), 9 * a.size() / 10);
}

TEST(Systems, EntriesDoNotDependOnTheBlockTheyAreAskedFor) {
  const RandomSystem random(20, 3);
  const ExactSystem exact(20, 3);
  for (const LinearSystem* system :
       {static_cast<const LinearSystem*>(&random), static_cast<const LinearSystem*>(&exact)}) {
    const std::vector<double> whole = dense(*system);
    std::array<double, 4> some{};
    system->entries(7, 17, some);
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(some[j], whole[7 * 21 + 17 + j]);
  }
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
  EXPECT_GT(scaled_residual(again, random, again.x()), 16);
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
  EXPECT_FALSE(scaled_residual(solver, singular, solver.x()) < 16);
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

// ---- shapes

Settings settings_of(std::initializer_list<std::pair<const char*, const char*>> values) {
  Settings settings(dense_lu().parameters);
  for (const auto& [key, value] : values) settings.set(key, value);
  return settings;
}

std::string refusal(const Settings& settings, int ranks, double available = 0x1p40) {
  try {
    lu_shape(settings, ranks, available);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
  return "";
}

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST(LuShapeTest, ChoosesGridsAndBlocks) {
  for (const auto& [ranks, p, q] :
       {std::tuple{1, 1u, 1u}, {2, 1u, 2u}, {3, 1u, 3u}, {4, 2u, 2u}, {6, 2u, 3u}, {12, 3u, 4u}}) {
    const LuShape shape = lu_shape(settings_of({{"n", "1000"}}), ranks, 0x1p40);
    EXPECT_EQ(shape.p, p) << ranks;
    EXPECT_EQ(shape.q, q) << ranks;
    EXPECT_LE(shape.nb, shape.n);
  }
  EXPECT_EQ(lu_shape(settings_of({{"p", "2"}}), 6, 0x1p40).q, 3u);
  EXPECT_EQ(lu_shape(settings_of({{"p", "7"}, {"q", "1"}}), 7, 0x1p40).p, 7u);
  EXPECT_EQ(lu_shape(settings_of({{"n", "5"}}), 1, 0x1p40).nb, 5u);
}

TEST(LuShapeTest, RefusesWhatMakesNoSense) {
  EXPECT_SAYS(refusal(settings_of({{"n", "100"}, {"nb", "101"}}), 1), "nb = 101 is more than n = 100; choose nb <= n");
  EXPECT_SAYS(refusal(settings_of({{"p", "2"}, {"q", "2"}}), 3), "2 x 2 does not have 3 processes; set ranks");
  EXPECT_SAYS(refusal(settings_of({{"q", "4"}}), 6), "does not have 6 processes");
  EXPECT_SAYS(refusal(settings_of({{"p", "0"}}), 1), "no grid of processes");
  EXPECT_SAYS(refusal(settings_of({}), 7), "7 ranks make no better grid than 1 x 7, which is slow; use 6 or 8 ranks");
  EXPECT_SAYS(refusal(settings_of({{"n", "0"}}), 1), "not a matrix order");
  EXPECT_SAYS(refusal(settings_of({{"nb", "0"}}), 1), "no block size");
  EXPECT_SAYS(refusal(settings_of({{"n", "memory:1.5"}}), 1), "no fraction of the memory");
  EXPECT_SAYS(refusal(settings_of({{"n", "memory:much"}}), 1), "not a number");
  EXPECT_SAYS(refusal(settings_of({{"n", "memory:0.5"}}), 1, 1000), "no matrix fits");
}

TEST(LuShapeTest, SaysWhatFits) {
  const std::string text = refusal(settings_of({{"n", "20000"}}), 2, 1e9);
  EXPECT_SAYS(text, "n = 20000 needs 1.");
  EXPECT_SAYS(text, "GiB a rank");
  const std::string fits = " fits, or";
  const std::size_t end = text.find(fits), begin = text.rfind(' ', end - 1) + 1;
  ASSERT_NE(end, std::string::npos) << text;
  const std::string n = text.substr(begin, end - begin);
  EXPECT_EQ(refusal(settings_of({{"n", n.c_str()}}), 2, 1e9), "");
  EXPECT_NE(refusal(settings_of({{"n", std::to_string(std::stoi(n) + 64).c_str()}}), 2, 1e9), "");
}

TEST(LuShapeTest, FillsAFractionOfTheMemory) {
  for (const int ranks : {1, 2, 6}) {
    const LuShape shape = lu_shape(settings_of({{"n", "memory:0.5"}}), ranks, 1e9);
    EXPECT_LE(lu_bytes(shape), 0.5e9);
    LuShape more = shape;
    more.n += 128;
    EXPECT_GT(lu_bytes(more), 0.5e9);
  }
}

TEST(LuShapeTest, ARefusalNamesFileAndLineAndIsAUsageError) {
  const std::string table = "[[kernel]]\nname = \"dense/lu\"\n";
  for (const auto& [text, why] : {std::pair{"n = 100\nnb = 200\n", "choose nb <= n"},
                                  {"ranks = 2\np = 2\nq = 2\n", "does not have 2 processes"},
                                  {"ranks = 5\n", "no better grid than 1 x 5"},
                                  {"n = 2000000\n", "GiB is available; n = "}}) {
    try {
      parse_config(table + text, "my.toml", {});
      ADD_FAILURE() << "accepted: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Exit::usage);
      EXPECT_EQ(std::string(error.what()).rfind("my.toml:1: dense/lu: ", 0), 0u) << error.what();
      EXPECT_SAYS(std::string(error.what()), why);
    }
  }
}

// ---- several ranks

// What lu_ranks printed.
std::string outcome(int ranks, const std::string& settings, const std::vector<std::string>& faults = {}) {
  const Workplace place;
  std::vector<std::string> command = worker_command("", ranks, 1, "");
  command.erase(command.end() - 3, command.end());  // program, "worker", job file
  command.insert(command.end(), {LU_RANKS, std::to_string(ranks), settings});
  command.insert(command.end(), faults.begin(), faults.end());
  const auto log = place.folder() / "log";
  const Ended ended = run_process(command, log, 100, [] {});
  return (ended.ok ? "" : ended.why + "\n") + read_file(log);
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
