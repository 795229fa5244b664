#include "harness/base/arm_id.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <string_view>
#include <utility>

#include "harness/base/check.hpp"

namespace tandem {

namespace {

// A whole number of at least 1, without sign and spaces; else 0.
int number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::max(value, 0) : 0;
}

// What is before and after `sign`; without it the second is empty.
std::pair<std::string_view, std::string_view> parted(std::string_view text, char sign) {
  const std::size_t at = text.find(sign);
  return {text.substr(0, at), at == std::string_view::npos ? std::string_view() : text.substr(at + 1)};
}

}  // namespace

int Split::cores() const {
  return shares_threads() ? simulating * simulating_threads + training * training_threads : ranks();
}

double Split::share() const {
  return static_cast<double>(shares_threads() ? simulating * simulating_threads : simulating) / cores();
}

std::string Split::text() const {
  if (!shares_threads()) return fmt::format("{}+{}", simulating, training);
  return fmt::format("{}x{}+{}x{}", simulating, simulating_threads, training, training_threads);
}

Split Split::of(const std::string& text) {
  const auto [simulate, train] = parted(text, '+');
  const auto [simulate_ranks, simulate_threads] = parted(simulate, 'x');
  const auto [train_ranks, train_threads] = parted(train, 'x');
  const bool shares = text.find('x') != std::string::npos;
  const Split split{number(simulate_ranks), number(train_ranks), number(simulate_threads), number(train_threads)};
  const bool threads = !shares || (split.simulating_threads >= 1 && split.training_threads >= 1);
  check_usage(split.simulating >= 1 && split.training >= 1 && threads,
              "split \"{}\" is not known; write the ranks that simulate and those that train, \"1+1\", or with the "
              "threads of each such rank, \"1x2+1x6\"",
              text);
  return split;
}

std::string ArmId::text() const {
  std::string text = arm;
  if (!coupling.empty()) text += ".coupling=" + coupling;
  if (is_split()) text += ".split=" + split.text();
  if (cache != "warm") text += ".cache=" + cache;
  if (handover != "fp32") text += ".handover=" + handover;
  if (design != "fixed") text += ".design=" + design;
  return text;
}

ArmId ArmId::of(const std::string& text) {
  ArmId id;
  std::istringstream parts(text);
  std::getline(parts, id.arm, '.');
  for (std::string part; std::getline(parts, part, '.');) {
    const std::size_t equal = part.find('=');
    const std::string key = part.substr(0, equal), value = equal == std::string::npos ? "" : part.substr(equal + 1);
    if (key == "coupling")
      id.coupling = value;
    else if (key == "split")
      id.split = Split::of(value);
    else if (key == "cache")
      id.cache = value;
    else if (key == "handover")
      id.handover = value;
    else if (key == "design")
      id.design = value;
    else
      check(false, "\"{}\" is no arm: what is \"{}\"?", text, part);
  }
  if (id.arm == "integrated" && id.coupling.empty()) id.coupling = "in_memory";
  return id;
}

Geometry geometry_of(const ArmId& id, int ranks, int threads) {
  if (!id.is_split()) return {ranks, threads};
  const Split& split = id.split;
  if (!split.shares_threads()) return {split.ranks(), std::max(1, ranks * threads / split.ranks())};
  Geometry geometry(split.ranks(), std::max(split.simulating_threads, split.training_threads));
  geometry.cores = split.cores();
  return geometry;
}

}  // namespace tandem
