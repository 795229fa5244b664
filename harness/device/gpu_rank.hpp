// Which device of its host is a rank's: the one with its number among the ranks there.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "harness/base/check.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// Collective. `hosts`: a number for the host of each rank. Unsupported where a host has more ranks than devices.
inline int device_of_rank(const std::vector<double>& hosts, int rank, int devices) {
  int here = 0, before = 0;
  for (std::size_t other = 0; other < hosts.size(); ++other) {
    if (hosts[other] != hosts.at(static_cast<std::size_t>(rank))) continue;
    ++here;
    if (static_cast<int>(other) < rank) ++before;
  }
  if (here > devices)
    throw Unsupported(fmt::format("{} ranks on a host with {} GPU{}: start at most one rank for each", here, devices,
                                  devices == 1 ? "" : "s"));
  return before;
}

inline int device_of_rank(const Ranks& ranks, int devices) {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  const auto host = static_cast<double>(std::hash<std::string_view>()(name.data()) >> 12);  // exact in fp64
  const std::vector<double> hosts = ranks.size() == 1 ? std::vector{host} : ranks.gather(std::span(&host, 1));
  return device_of_rank(hosts, ranks.rank(), devices);
}

}  // namespace tandem
