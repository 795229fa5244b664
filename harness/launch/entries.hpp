// From a case of a plan back to its entry in a registry and its settings.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"
#include "harness/base/settings.hpp"

namespace tandem {

inline Settings settings_of(const std::vector<Parameter>& parameters, const Json& item) {
  Settings settings(parameters);  // a plan leaves out what is not part of the name
  for (const auto& [key, value] : item.at("settings").items()) settings.set(key, value.get<std::string>());
  return settings;
}

template <typename Entry>
const Entry& entry_of(const std::vector<Entry>& registry, const Json& item) {
  const std::string name = item.at("name");
  const auto found =
      std::find_if(registry.begin(), registry.end(), [&](const Entry& entry) { return entry.name == name; });
  check_usage(found != registry.end(), "this program has no \"{}\"", name);
  return *found;
}

}  // namespace tandem
