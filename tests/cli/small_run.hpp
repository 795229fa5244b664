// The built program, and the small run that several tests look at.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/cli/workplace.hpp"

namespace tandem {

inline const std::string kTandem = std::string("'") + TANDEM_TEST_PROGRAM + "'";
inline const std::string kConfigs = TEST_CONFIGS;

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// One clear line on stderr, which names the program; no stack trace.
inline void expect_refused(const Outcome& outcome, int code, const std::string& text) {
  EXPECT_EQ(outcome.code, code) << outcome.out << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("tandem: ")) << outcome.err;
  EXPECT_NE(outcome.err.find(text), std::string::npos) << outcome.err << "expected: " << text;
  EXPECT_EQ(outcome.err.find("terminate called"), std::string::npos) << outcome.err;
}

// The small run, made once; tests that change it work on copies.
struct Small {
  Small() {
    outcome = place.run(kTandem + " run " + kConfigs + "/small.toml --out out");
    result = place.folder() / "out";
  }
  Workplace place;
  Outcome outcome;
  std::filesystem::path result;
};

inline const Small& small() {
  static const Small made;
  return made;
}

}  // namespace tandem
