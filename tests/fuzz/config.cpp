#include "harness/launch/config.hpp"

#include "tests/fuzz/readers.hpp"

bool tandem::fuzz::config(const std::string& text) {
  return taken([&] { parse_config(text, "fuzz.toml", {}); });
}
