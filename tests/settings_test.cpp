#include "harness/base/settings.hpp"

#include <gtest/gtest.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

// The message of the usage error that `act` must throw.
template <typename Act>
std::string usage_error(Act act) {
  try {
    act();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Exit::usage);
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Settings, keep_the_order_of_the_registry) {
  Settings settings({{"n", "1024", "order"}, {"precision", "fp64", ""}});
  EXPECT_EQ(settings.path(), "n=1024/precision=fp64");
  settings.set("precision", "bf16");
  settings.set("n", "64");
  EXPECT_EQ(settings.path(), "n=64/precision=bf16");
  settings.set("layout", "packed");
  EXPECT_EQ(settings.path(), "n=64/precision=bf16/layout=packed");
  EXPECT_TRUE(settings.has("layout"));
  EXPECT_FALSE(settings.has("n="));
  Settings grown({{"n", "1024", ""}, {"algorithm", "library", "", false}});
  EXPECT_EQ(grown.path(), "n=1024");  // as it was before there was a choice
  grown.set("algorithm", "window");
  EXPECT_EQ(grown.path(), "n=1024/algorithm=window");
  EXPECT_EQ(Settings().path(), "");
}

TEST(Settings, whole_numbers_with_suffixes) {
  Settings settings;
  const auto integer = [&](const char* text) {
    settings.set("n", text);
    return settings.integer("n");
  };
  EXPECT_EQ(integer("0"), 0);
  EXPECT_EQ(integer("-7"), -7);
  EXPECT_EQ(integer("4096"), 4096);
  EXPECT_EQ(integer("64k"), 65536);
  EXPECT_EQ(integer("64K"), 65536);
  EXPECT_EQ(integer("16M"), 16777216);
  EXPECT_EQ(integer("2G"), std::int64_t{1} << 31);
  EXPECT_EQ(integer("4294967295G"), ((std::int64_t{1} << 32) - 1) << 30);
  for (const char* bad :
       {"", "k", "4x", "4 k", " 4", "4.5", "1e3", "4kk", "0x10", "4294967296", "99999999999999999999"})
    EXPECT_THROW(integer(bad), Error) << '"' << bad << '"';
}

TEST(Settings, numbers) {
  Settings settings;
  const auto number = [&](const char* text) {
    settings.set("tolerance", text);
    return settings.number("tolerance");
  };
  EXPECT_EQ(number("0.25"), 0.25);
  EXPECT_EQ(number("-1e-8"), -1e-8);
  for (const char* bad : {"", "fast", "1,5", "1e", "1 "}) EXPECT_THROW(number(bad), Error) << '"' << bad << '"';
}

TEST(Settings, errors_name_key_and_value) {
  Settings settings;
  settings.set("n", "many");
  EXPECT_EQ(usage_error([&] { settings.integer("n"); }),
            "n = \"many\" is not a whole number (examples: 4096, 64k, 16M)");
  EXPECT_EQ(usage_error([&] { settings.number("n"); }), "n = \"many\" is not a number");
  for (const char* large :
       {"4294967296", "-4294967296", "4294967296k", "99999999999999999999", "-9223372036854775808"}) {
    settings.set("n", large);
    EXPECT_EQ(
        usage_error([&] { settings.integer("n"); }),
        "n = \"" + std::string(large) + "\" is out of range: the number before k, M or G may be at most 4294967295");
  }
  EXPECT_EQ(usage_error([&] { settings.text("m"); }), "setting \"m\" is missing");
}

}  // namespace
}  // namespace tandem
