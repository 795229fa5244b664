// Numbers for people: golden texts.
#include "harness/result/format.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace tandem {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

TEST(Format, QuantitiesHaveThreeDigitsAndAPrefix) {
  EXPECT_EQ(format_quantity(2.16e11, "flop/s"), "216 GFLOP/s");
  EXPECT_EQ(format_quantity(1.07e12, "flop/s"), "1.07 TFLOP/s");
  EXPECT_EQ(format_quantity(1.06e10, "B/s"), "10.6 GB/s");
  EXPECT_EQ(format_quantity(9.8e-5, "s"), "98 us");
  EXPECT_EQ(format_quantity(4.1e-8, "s"), "41 ns");
  EXPECT_EQ(format_quantity(224.3, "s"), "224 s");
  EXPECT_EQ(format_quantity(12345.0, "s"), "12,345 s");  // never ks
  EXPECT_EQ(format_quantity(2443182.0, "B"), "2.33 MiB");
  EXPECT_EQ(format_quantity(512.0, "B"), "512 B");
  EXPECT_EQ(format_quantity(2340.0, "J"), "2.34 kJ");
  EXPECT_EQ(format_quantity(0.5, "1/kWh"), "0.5 1/kWh");
  EXPECT_EQ(format_quantity(1.0934, "1"), "1.09");
}

TEST(Format, RoundingCarriesIntoTheNextPrefix) {
  EXPECT_EQ(format_quantity(999.7e9, "flop/s"), "1 TFLOP/s");
  EXPECT_EQ(format_quantity(0.9996e-3, "s"), "1 ms");
  EXPECT_EQ(format_quantity(1e-3, "s"), "1 ms");
  EXPECT_EQ(format_quantity(1e9, "B/s"), "1 GB/s");
  EXPECT_EQ(format_quantity(1024.0, "B"), "1 KiB");
}

TEST(Format, ZeroSignsAndExtremes) {
  EXPECT_EQ(format_quantity(0.0, "s"), "0 s");
  EXPECT_EQ(format_quantity(-2.16e11, "flop/s"), "-216 GFLOP/s");
  EXPECT_EQ(format_quantity(3e21, "flop/s"), "3,000 EFLOP/s");
  EXPECT_EQ(format_quantity(inf, "s"), "inf");
  EXPECT_EQ(format_quantity(std::nan(""), "s"), "-");
  EXPECT_EQ(format_number(-6100.0), "-6,100");
  EXPECT_EQ(format_number(1234567.0), "1,234,567");
  EXPECT_EQ(format_number(2.1e-9), "2.10e-09");
}

TEST(Format, Percent) {
  EXPECT_EQ(format_percent(0.83), "83 %");
  EXPECT_EQ(format_percent(0.0064), "0.64 %");
  EXPECT_EQ(format_percent(0.006), "0.6 %");
  EXPECT_EQ(format_percent(1.05), "105 %");
  EXPECT_EQ(format_percent(0.1284, 3), "12.8 %");
  EXPECT_EQ(format_percent(12.5), "1,250 %");
  EXPECT_EQ(format_percent(std::nan("")), "-");
}

TEST(Format, ValuesOfADocument) {
  EXPECT_EQ(format_quantity(Json(2.16e11), "flop/s"), "216 GFLOP/s");
  EXPECT_EQ(format_quantity(Json(nullptr), "flop/s"), "-");
  EXPECT_EQ(format_quantity(Json("inf"), "1"), "inf");
  EXPECT_EQ(format_measured(Json{{"value", 19.8}, {"reason", nullptr}}, "s"), "19.8 s");
  EXPECT_EQ(format_measured(Json{{"value", nullptr}, {"reason", "unmetered"}}, "J"), "unmetered");
  EXPECT_EQ(format_measured(Json(), "J"), "-");
  EXPECT_EQ(number_or(Json{{"a", "text"}}, "a", 7), 7);
  EXPECT_EQ(text_or_empty(Json::array(), "a"), "");
}

}  // namespace
}  // namespace tandem
