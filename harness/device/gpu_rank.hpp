// Which device of its host is a rank's: the one with its number among the ranks there, or, where every rank there sees
// one device and each another, as a batch system may arrange it, the one that it sees.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// What a rank tells the others: its host, how many devices it sees, the first of them. Names as numbers, exact in fp64.
struct SeenDevices {
  double host = 0, devices = 0, first = 0;
};

struct OwnDevice {
  int index = 0;
  std::string reason = {};  // why there is none
};

inline OwnDevice device_of_rank(std::span<const SeenDevices> all, int rank) {
  const SeenDevices& own = all[static_cast<std::size_t>(rank)];
  int before = 0;
  std::vector<double> firsts;  // of the ranks of this host
  bool one_each = true;
  for (std::size_t other = 0; other < all.size(); ++other) {
    if (all[other].host != own.host) continue;
    one_each = one_each && all[other].devices == 1;
    firsts.push_back(all[other].first);
    if (static_cast<int>(other) < rank) ++before;
  }
  std::sort(firsts.begin(), firsts.end());
  if (one_each && std::adjacent_find(firsts.begin(), firsts.end()) == firsts.end()) return {};
  if (static_cast<double>(firsts.size()) <= own.devices) return {before};
  return {0, fmt::format("{} ranks on a host with {:.0f} GPU{}: start at most one rank for each", firsts.size(),
                         own.devices, own.devices == 1 ? "" : "s")};
}

inline double number_of_name(std::string_view name) {
  return static_cast<double>(std::hash<std::string_view>()(name) >> 12);
}

// Collective. `why`: why this rank sees no device, "" where it does; `first`: the name of its first. Where one rank has
// none all of them throw Unsupported, for they would wait for it.
inline int device_of_rank(const Ranks& ranks, const std::string& why, int devices, std::string_view first) {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const std::array<double, 3> own = {number_of_name(name.data()), static_cast<double>(devices), number_of_name(first)};
  const std::vector<double> told =
      ranks.size() == 1 ? std::vector<double>(own.begin(), own.end()) : ranks.gather(std::span<const double>(own));
  std::vector<SeenDevices> all;
  for (std::size_t i = 0; i < told.size(); i += own.size()) all.push_back({told[i], told[i + 1], told[i + 2]});
  const OwnDevice found = device_of_rank(all, ranks.rank());
  const std::string reason = why.empty() ? found.reason : why;
  if (ranks.max(reason.empty() ? 0 : 1) != 0)
    throw Unsupported(reason.empty() ? "another rank has no GPU of its own" : reason);
  return found.index;
}

}  // namespace tandem
