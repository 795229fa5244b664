// Precision balance (K9): a pipeline's settings of these names say in which format its phases compute. Each is
// published only where it is not the default ("full precision"); the hand-over's own precision belongs to the arm.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace tandem {

inline constexpr std::array<std::string_view, 3> precision_settings = {"simulate", "train", "infer"};

inline bool is_precision(std::string_view key) {
  return std::find(precision_settings.begin(), precision_settings.end(), key) != precision_settings.end();
}

}  // namespace tandem
