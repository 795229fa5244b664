// Settings that the kernels of this family read alike.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/settings.hpp"

namespace tandem::kernels {

// A whole number from 1 to `most`.
inline std::size_t count_of(const Settings& settings, const char* key, std::int64_t most) {
  const auto value = settings.integer(key);
  check_usage(value >= 1 && value <= most, "{}={}: expected 1 to {}", key, value, most);
  return static_cast<std::size_t>(value);
}

// Which of two words: true for the second.
inline bool second_of(const Settings& settings, const char* key, const char* first, const char* second) {
  const auto& text = settings.text(key);
  check_usage(text == first || text == second, "{}={}: expected {} or {}", key, text, first, second);
  return text == second;
}

// "8-256-1024": whole numbers from 1 to 999999; none of them where the text holds anything else.
inline std::vector<std::size_t> counts_in(const std::string& text, char between) {
  std::vector<std::size_t> counts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(between, at), text.size());
    const auto word = text.substr(at, end - at);
    const bool number = !word.empty() && word.size() <= 6 && word.find_first_not_of("0123456789") == std::string::npos;
    if (!number || std::stoul(word) == 0) return {};
    counts.push_back(std::stoul(word));
    at = end + 1;
  }
  return counts;
}

inline bool in_bf16(const Settings& settings) { return second_of(settings, "precision", "fp32", "bf16"); }

}  // namespace tandem::kernels
