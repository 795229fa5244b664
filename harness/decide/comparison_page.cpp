#include "harness/decide/comparison_page.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/decide/comparison_text.hpp"
#include "harness/result/page.hpp"

namespace tandem {

std::string comparison_page(const Json& comparison, const std::vector<std::string>& records) {
  std::vector<std::string> folders;
  for (const Json& result : comparison.at("results")) folders.push_back(result.at("folder"));
  return page({.title = fmt::format("Tandem: {}", fmt::join(folders, " | ")),
               .scripts = {"phases.js", "ratios.js", "overlay.js", "comparison.js"},
               .document = comparison,
               .text = comparison_text(comparison, false, 110),
               .records = records});
}

}  // namespace tandem
