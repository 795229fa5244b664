// Bytes on the edges between simulation and learning: whether the operating system counted the same for files, and
// whether the channels are fast enough (docs/method.md, K5).
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/derive_arm.hpp"

namespace tandem {
namespace {

// A file format's own bytes, some kB in each rank's file, hide a wrong ledger where the payload is small: not judged
// below so much a rank.
constexpr double kJudged = 1 << 20;
constexpr double kAllowed = 0.01;

// The measured bandwidth of a channel; a copy reads and writes where the triad touches three arrays.
struct Bandwidth {
  std::optional<double> value;
  std::string limit;
};

Bandwidth bandwidth_of(const Derivation& derivation, const std::string& channel, bool cold) {
  if (channel == "file_write") return {derivation.limit("file_write"), "file_write"};
  if (channel == "file_read")
    return cold ? Bandwidth{derivation.limit("file_read_cold"), "file_read_cold"}
                : Bandwidth{derivation.limit("file_read"), "file_read"};
  if (channel == "mpi") return {derivation.limit("ping_pong_bandwidth"), "ping_pong_bandwidth"};
  if (channel == "h2d" || channel == "d2h") return {std::nullopt, "memory/transfer"};
  const auto triad = derivation.limit("triad");
  return {triad ? std::optional(*triad / 2) : std::nullopt, "triad / 2"};
}

// Of simulating and training the phase that took longer, "" without either, and its seconds.
std::pair<std::string, double> longer_phase(const Judged& launch) {
  std::pair<std::string, double> longest;
  for (const char* phase : {"simulate", "train"})
    if (const auto found = launch.by_name.find(phase); found != launch.by_name.end() && found->second > longest.second)
      longest = *found;
  return longest;
}

// Of one edge: what was booked, what the operating system counted around its calls, and its name in a check.
struct Edge {
  const std::map<std::string, double>& bytes;
  const char* counted;
  std::string name;
};

void check_edge(Part& part, const Arm& arm, const Judged& launch, const Edge& edge, Status& status) {
  const double least = kJudged * part.item.at("ranks").get<double>();
  double read = 0, written = 0;
  for (const Json& io : launch.record->of(edge.counted)) {
    read += io.at("read").get<double>();
    written += io.at("written").get<double>();
  }
  for (const auto& [channel, counted] : {std::pair{std::string("file_write"), written}, {"file_read", read}}) {
    const auto booked = edge.bytes.find(channel);
    if (booked == edge.bytes.end() || booked->second < least || counted == 0) continue;
    const double deviation = std::abs(counted / booked->second - 1);
    const bool same = deviation <= kAllowed;
    part.derivation.check_fact(fmt::format("{}.{}.ledger_of_{}{}.launch={}", part.fom, arm.id.text(), edge.name,
                                           channel, launch.record->line.at("launch").get<int>()),
                               deviation, kAllowed, same);
    if (!same)
      status.add("INVALID", fmt::format("{}: {:.0f} bytes of {}{} were booked, the operating system counted {:.0f}",
                                        arm.id.text(), booked->second, edge.name, channel, counted));
  }
}

}  // namespace

void check_ledger(Part& part, const Arm& arm, Status& status) {
  for (const Judged& launch : arm.launches) {
    check_edge(part, arm, launch, {launch.bytes, "kernel_io", ""}, status);
    check_edge(part, arm, launch, {launch.weight_bytes, "weight_io", "weights_"}, status);
  }
}

Json sufficiency_json(const Derivation& derivation, const Arm& arm, const Judged& middle) {
  Json channels = Json::array();
  const std::string bottleneck = longer_phase(middle).first;
  for (const auto& [channel, bytes] : middle.bytes) {
    const Bandwidth bandwidth = bandwidth_of(derivation, channel, arm.id.cache == "cold");
    std::vector<double> values;
    for (const Judged& launch : arm.launches) {
      const auto moved = launch.bytes.find(channel);
      const double longest = longer_phase(launch).second;
      if (!launch.pass() && &launch != &middle) continue;
      if (bandwidth.value && moved != launch.bytes.end() && moved->second > 0 && longest > 0)
        values.push_back(sufficiency(longest, moved->second, *bandwidth.value));
    }
    Json entry = {{"channel", channel}, {"bytes", bytes}, {"limit", bandwidth.limit}, {"bottleneck", bottleneck}};
    entry["sufficiency"] = values.empty() ? Json(nullptr) : Json(median(values));
    entry["ci95"] = values.empty() ? Json(nullptr) : ci_json(median_ci(values));
    if (values.empty())
      entry["reason"] = bottleneck.empty() || bytes <= 0 ? "nothing was simulated or trained, or nothing moved"
                                                         : fmt::format("limit {} was not measured", bandwidth.limit);
    channels.push_back(entry);
  }
  return channels;
}

}  // namespace tandem
