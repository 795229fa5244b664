#include "harness/decide/matching.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace tandem {
namespace {

const Evidence* find(const std::vector<Evidence>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Evidence& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string absent(const Evidence& evidence, const std::string& side) {
  const bool told = evidence.status == "SKIPPED" || evidence.status == "UNSTABLE" || evidence.status == "UNOFFICIAL" ||
                    evidence.status.starts_with("VALID") || evidence.reason.starts_with(evidence.status);
  return fmt::format("{}: {}{}", side, told ? "" : evidence.status + ": ", evidence.reason);
}

std::string refusal_of(const Evidence& a, const Evidence& b, const std::pair<std::string, std::string>& labels) {
  if (a.costs.empty() && b.costs.empty() && absent(a, "") == absent(b, "")) return absent(a, "both");
  if (a.costs.empty()) return absent(a, labels.first);
  if (b.costs.empty()) return absent(b, labels.second);
  const auto differences = identity_differences(a.identity, b.identity);
  return differences.empty() ? "" : fmt::format("not the same: {}", fmt::join(differences, "; "));
}

// Of the same kernel or pipeline and figure, what differs in the fewest settings: a reader may have meant it.
std::string nearest_of(const Evidence& evidence, const std::vector<Evidence>& others, const std::vector<Evidence>& own,
                       bool evidence_first) {
  std::vector<std::string> nearest;
  for (const Evidence& other : others) {
    if (other.figure != evidence.figure || find(own, other.name) != nullptr) continue;
    if (other.identity.at("case") != evidence.identity.at("case")) continue;
    const Evidence &a = evidence_first ? evidence : other, &b = evidence_first ? other : evidence;
    auto differences = identity_differences(a.identity, b.identity);
    std::erase_if(differences, [](const std::string& one) {  // follows from the settings
      return one.starts_with("work: ") || one.starts_with("reference work: ");
    });
    if (nearest.empty() || differences.size() < nearest.size()) nearest = std::move(differences);
  }
  return fmt::format("{}{}", nearest.empty() ? "" : "; not the same: ", fmt::join(nearest, "; "));
}

}  // namespace

std::vector<std::string> identity_differences(const Identity& a, const Identity& b) {
  std::set<std::string> keys;
  for (const Identity* one : {&a, &b})
    for (const auto& [key, value] : *one) keys.insert(key);
  std::vector<std::string> differences;
  const auto value = [](const Identity& of, const std::string& key) {
    const auto found = of.find(key);
    return found == of.end() ? std::string("-") : found->second;
  };
  for (const std::string& key : keys)
    if (value(a, key) != value(b, key))
      differences.push_back(fmt::format("{}: {} | {}", key, value(a, key), value(b, key)));
  return differences;
}

std::vector<Match> matched(const std::vector<Evidence>& a, const std::vector<Evidence>& b,
                           const std::pair<std::string, std::string>& labels) {
  std::vector<Match> all;
  for (const Evidence& one : a)
    if (const Evidence* other = find(b, one.name); other != nullptr)
      all.push_back({&one, other, refusal_of(one, *other, labels)});
    else
      all.push_back({&one, nullptr, "only in " + labels.first + nearest_of(one, b, a, true)});
  for (const Evidence& one : b)
    if (find(a, one.name) == nullptr)
      all.push_back({nullptr, &one, "only in " + labels.second + nearest_of(one, a, b, false)});
  return all;
}

}  // namespace tandem
