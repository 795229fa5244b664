#include "harness/decide/headline.hpp"

#include <algorithm>

#include <fnmatch.h>

#include "harness/base/check.hpp"
#include "harness/result/derive_parts.hpp"

namespace tandem {
namespace {

bool matches(const std::string& glob, const std::string& name) { return fnmatch(glob.c_str(), name.c_str(), 0) == 0; }

}  // namespace

std::vector<std::string> promised_figures(const Json& plan) {
  std::vector<std::string> times, energies, kernels;
  for (const Json& item : plan.at("cases")) {
    if (item.at("kind") == "kernel")
      kernels.push_back(fom_name("kernel", item) + (item.at("figure") == "time" ? ".time" : ".rate"));
    if (item.at("kind") != "pipeline") continue;
    for (const Json& arm : item.at("arms")) {
      const std::string name = fom_name("pipeline", item) + "." + arm.get<std::string>();
      times.push_back(name + ".ttis");
      energies.push_back(name + ".energy_to_solution");
    }
  }
  for (const auto* more : {&energies, &kernels}) times.insert(times.end(), more->begin(), more->end());
  return times;
}

std::vector<std::string> headline_of(const Json& plan) {
  std::vector<std::string> figures = promised_figures(plan);
  if (!plan.contains("headline")) {
    figures.resize(std::min(figures.size(), most_headlines));
    return figures;
  }
  std::erase_if(figures, [&](const std::string& name) {
    const Json& globs = plan.at("headline");
    return std::none_of(globs.begin(), globs.end(), [&](const Json& glob) { return matches(glob, name); });
  });
  check_usage(figures.size() <= most_headlines,
              "headline chooses {} figures; at most {} can be decided on together: choose fewer", figures.size(),
              most_headlines);
  return figures;
}

void check_headline(const Json& plan) {
  const std::vector<std::string> figures = promised_figures(plan);
  for (const Json& glob : plan.value("headline", Json::array()))
    check_usage(std::any_of(figures.begin(), figures.end(), [&](const auto& name) { return matches(glob, name); }),
                "headline {} matches no figure of this plan; they are:\n  {}", glob.dump(), fmt::join(figures, "\n  "));
  headline_of(plan);
}

}  // namespace tandem
