// What dense/lu is made of: index formulas against golden vectors, row exchanges, the exact system against textbook
// elimination, and what its settings mean or why they are refused.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/launch/config.hpp"
#include "kernels/dense/lu_grid.hpp"
#include "kernels/dense/lu_shape.hpp"
#include "kernels/dense/lu_swap.hpp"
#include "kernels/dense/lu_system.hpp"

namespace tandem::kernels {

KernelEntry dense_lu();

namespace {

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

}  // namespace
}  // namespace tandem::kernels
