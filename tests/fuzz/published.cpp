#include "harness/decide/published.hpp"

#include "tests/fuzz/readers.hpp"

bool tandem::fuzz::published(const std::string& text) {
  return taken([&] {
    Published::parse(text,
                     "[[metric]]\nid = \"m\"\nname = \"M\"\nunit = \"flop/s\"\nwhat = \"w\"\nmatch = \"none\"\n"
                     "reason = \"r\"\n");
  });
}
