// Settings that the kernels of this family read alike.
#pragma once

#include <cstddef>

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

inline bool in_bf16(const Settings& settings) { return second_of(settings, "precision", "fp32", "bf16"); }

}  // namespace tandem::kernels
