#include "harness/decide/acceptance_spec.hpp"
#include "tests/fuzz/readers.hpp"

bool tandem::fuzz::acceptance(const std::string& text) {
  return taken([&] { parse_acceptance(text, "fuzz.toml"); });
}
