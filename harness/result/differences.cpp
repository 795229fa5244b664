#include "harness/result/differences.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

namespace tandem {
namespace {

constexpr double kAgreement = 1e-9;

bool agree(double a, double b) { return a == b || std::abs(a - b) <= kAgreement * std::max(std::abs(a), std::abs(b)); }

// The items of a list by their name or case; empty where some have none or two have the same.
std::map<std::string, const Json*> by_name(const Json& list) {
  std::map<std::string, const Json*> named;
  for (const Json& item : list) {
    if (!item.is_object()) return {};
    const char* key = item.contains("case") ? "case" : "name";
    if (!item.contains(key) || !item.at(key).is_string()) return {};
    if (!named.emplace(item.at(key), &item).second) return {};
  }
  return named;
}

class Comparison {
 public:
  Differences found;

  void compare(const Json& written, const Json& derived, const std::string& path) {
    if (written.is_number() && derived.is_number()) {
      if (!agree(written, derived)) changed(path, written, derived);
    } else if (written.is_object() && derived.is_object()) {
      objects(written, derived, path);
    } else if (written.is_array() && derived.is_array()) {
      lists(written, derived, path);
    } else if (written != derived) {
      changed(path, written, derived);
    }
  }

 private:
  void changed(const std::string& path, const Json& written, const Json& derived) {
    found.changed.push_back(fmt::format("{}: {} is written, the records give {}", path, written.dump().substr(0, 80),
                                        derived.dump().substr(0, 80)));
  }
  void objects(const Json& written, const Json& derived, const std::string& path) {
    for (const auto& [key, value] : written.items())
      if (derived.contains(key))
        compare(value, derived.at(key), path + "/" + key);
      else
        found.changed.push_back(path + "/" + key + ": the records do not give it");
    for (const auto& [key, value] : derived.items())
      if (!written.contains(key)) found.added.push_back(path + "/" + key + ": is missing");
  }
  void lists(const Json& written, const Json& derived, const std::string& path) {
    if (written.size() == derived.size()) {
      for (std::size_t i = 0; i < written.size(); ++i) compare(written[i], derived[i], fmt::format("{}/{}", path, i));
      return;
    }
    const auto before = by_name(written), now = by_name(derived);
    if (before.size() != written.size() || now.size() != derived.size()) {
      found.changed.push_back(
          fmt::format("{}: {} entries are written, the records give {}", path, written.size(), derived.size()));
      return;
    }
    for (const auto& [name, item] : before)
      if (const auto same = now.find(name); same != now.end())
        compare(*item, *same->second, path + "/" + name);
      else
        found.changed.push_back(path + "/" + name + ": the records do not give it");
    for (const auto& [name, item] : now)
      if (!before.contains(name)) found.added.push_back(path + "/" + name + ": is missing");
  }
};

}  // namespace

std::vector<std::string> Differences::all() const {
  std::vector<std::string> both = changed;
  both.insert(both.end(), added.begin(), added.end());
  return both;
}

Differences differences(const Json& written, const Json& derived) {
  Comparison comparison;
  comparison.compare(written, derived, "");
  return std::move(comparison.found);
}

}  // namespace tandem
