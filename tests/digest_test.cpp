// SHA-256 against the examples of FIPS 180-4 (NIST CSRC), and the random numbers that seeds feed: golden values fix
// their bits for all machines and times, moments show that they are what they claim.
#include "harness/base/digest.hpp"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "harness/base/check.hpp"
#include "harness/base/random.hpp"

namespace tandem {
namespace {

constexpr const char* abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, examples_of_fips_180_4) {
  EXPECT_EQ(sha256("abc"), abc);
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1000000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, bytes_text_and_file_agree) {
  const std::string text(200001, 'x');  // longer than a block of the file reader
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(sha256(bytes), sha256(text));
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "tandem_digest_test";
  std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(sha256_file(path), sha256(text));
  std::filesystem::remove(path);
  EXPECT_THROW(sha256_file(path), Error);
}

TEST(Digest, leading_bits) {
  EXPECT_EQ(leading_bits(abc), 0xba7816bf8f01cfeaULL);
  EXPECT_THROW(leading_bits("ba7816bf"), Error);
  EXPECT_THROW(leading_bits("not a digest, but long enough"), Error);
}

TEST(Random, golden_values) {
  // SplitMix64 seeded with 0: the published first outputs of the generator's reference code.
  EXPECT_EQ(mix(0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(mix(0x9e3779b97f4a7c15ULL), 0x6e789e6aa1b965f4ULL);
  EXPECT_EQ(mix(2 * 0x9e3779b97f4a7c15ULL), 0x06c45d188009454fULL);
  // An independent implementation (Python integers) of random.hpp.
  EXPECT_EQ(random_bits(1, 2, 3), 0xd0734750fde362b3ULL);
  EXPECT_EQ(random_uniform(1, 2, 3), 0x1.a0e68ea1fbc6cp-1);
  EXPECT_DOUBLE_EQ(random_normal(1, 2, 3), 1.1931383653235457);  // libm may round log and cos differently
}

TEST(Random, seed_stream_and_index_all_count) {
  const std::uint64_t base = random_bits(1, 1, 1);
  EXPECT_NE(base, random_bits(2, 1, 1));
  EXPECT_NE(base, random_bits(1, 2, 1));
  EXPECT_NE(base, random_bits(1, 1, 2));
  EXPECT_NE(random_bits(1, 2, 3), random_bits(1, 3, 2));
  EXPECT_NE(random_bits(1, 2, 3), random_bits(2, 1, 3));
}

struct Moments {
  double mean = 0, second = 0, third = 0, fourth = 0, lag = 0;
};

constexpr std::uint64_t count = 1 << 20;

template <typename Draw>
Moments moments(Draw draw) {
  Moments m;
  double before = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const double x = draw(i);
    m.mean += x / count;
    m.second += x * x / count;
    m.third += x * x * x / count;
    m.fourth += x * x * x * x / count;
    m.lag += x * before / count;
    before = x;
  }
  return m;
}

// Five standard errors of each mean of `count` draws: 5 sqrt(Var / count).
double margin(double variance) { return 5 * std::sqrt(variance / count); }

TEST(Random, uniform_moments) {
  const Moments m = moments([](std::uint64_t i) { return random_uniform(7, 1, i) - 0.5; });
  EXPECT_NEAR(m.mean, 0, margin(1.0 / 12));
  EXPECT_NEAR(m.second, 1.0 / 12, margin(1.0 / 180));
  EXPECT_NEAR(m.third, 0, margin(1.0 / 448));
  EXPECT_NEAR(m.fourth, 1.0 / 80, margin(1.0 / 2304 - 1.0 / 6400));
  EXPECT_NEAR(m.lag, 0, margin(1.0 / 144));
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const double x = random_uniform(7, 1, i);
    ASSERT_TRUE(x >= 0 && x < 1);
  }
}

TEST(Random, normal_moments) {
  const Moments m = moments([](std::uint64_t i) { return random_normal(7, 1, i); });
  EXPECT_NEAR(m.mean, 0, margin(1));
  EXPECT_NEAR(m.second, 1, margin(2));
  EXPECT_NEAR(m.third, 0, margin(15));
  EXPECT_NEAR(m.fourth, 3, margin(96));
  EXPECT_NEAR(m.lag, 0, margin(1));
}

}  // namespace
}  // namespace tandem
