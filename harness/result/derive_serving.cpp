// Serving beside a neighbour: latency from arrival to answer at each offered load, alone and beside it, and what the
// stream costs the neighbour.
#include <optional>

#include <fmt/format.h>

#include "harness/result/derive_pairing.hpp"
#include "harness/result/pairing_kpi.hpp"

namespace tandem {
namespace {

constexpr std::size_t kLeastForP99 = 100;
constexpr double kKeepsUp = 0.95;  // of the offered rate that is answered

using Numbers = std::vector<double>;

const Json* find(const LaunchRecord& launch, const std::string& kind, double load, bool beside) {
  for (const Json& record : launch.samples)
    if (record.at("record") == kind && record.at("load") == load &&
        (kind == "stream" ? record.at("beside") == beside : (record.at("window") == "beside") == beside))
      return &record;
  return nullptr;
}

Json latency_at(const PairingCase& pairing, double load, bool beside) {
  const std::string where = fmt::format("load={}.{}", escape_value(fmt::format("{:g}", load)), beside ? "" : "alone.");
  Numbers p50, p95, p99, answered;
  std::size_t requests = 0;
  double offered = 0;
  for (const LaunchRecord* launch : pairing.launches) {
    const Json* record = find(*launch, "stream", load, beside);
    if (record == nullptr) continue;
    const auto arrivals = record->at("arrivals").get<Numbers>(), done = record->at("done").get<Numbers>();
    const Numbers seconds = latencies(arrivals, done);
    requests += seconds.size();
    p50.push_back(percentile(seconds, 0.5));
    p95.push_back(percentile(seconds, 0.95));
    if (seconds.size() >= kLeastForP99) p99.push_back(percentile(seconds, 0.99));
    answered.push_back(answered_rate(arrivals, done));
    offered = static_cast<double>(arrivals.size()) / (arrivals.back() - arrivals.front());
  }
  Json point = {{"p50", pairing.figure(where + "p50", p50, "s", requests)},
                {"p95", pairing.figure(where + "p95", p95, "s", requests)},
                {"p99", pairing.figure(where + "p99", p99, "s", requests, "under 100 requests")},
                {"requests", requests},
                {"offered", offered},
                {"answered", answered.empty() ? Json(nullptr) : Json(median(answered))},
                {"keeps_up", nullptr}};
  if (!answered.empty()) point["keeps_up"] = median(answered) >= kKeepsUp * offered;
  return point;
}

// While requests arrive and wait: after the last answer the neighbour is alone again.
double busy_until(const LaunchRecord& launch, double load) {
  const Json* stream = find(launch, "stream", load, true);
  if (stream != nullptr) return stream->at("done").back();
  const Json* idle = find(launch, "beats", load, true);
  return idle == nullptr ? 0 : idle->at("ends").back().get<double>();
}

Json slowdown_at(const PairingCase& pairing, double load) {
  Numbers ratios;
  std::size_t samples = 0;
  for (const LaunchRecord* launch : pairing.launches) {
    const Json *alone = find(*launch, "beats", load, false), *beside = find(*launch, "beats", load, true);
    if (alone == nullptr || beside == nullptr) continue;
    const Numbers quiet = beats_inside(*alone, alone->at("ends").back());
    const Numbers disturbed = beats_inside(*beside, busy_until(*launch, load));
    samples += disturbed.size();
    if (!quiet.empty() && !disturbed.empty()) ratios.push_back(median(disturbed) / median(quiet));
  }
  return pairing.figure(fmt::format("load={}.slowdown", escape_value(fmt::format("{:g}", load))), ratios, "1", samples,
                        "fewer than three samples of the neighbour in the window");
}

}  // namespace

Json derive_serving(const PairingCase& pairing) {
  Numbers capacities, loads;
  for (const LaunchRecord* launch : pairing.launches) {
    for (const Json& record : launch->of("capacity")) capacities.push_back(record.at("per_second"));
    if (launch != pairing.launches.front()) continue;
    for (const Json& record : launch->samples)
      if (record.at("record") == "beats" && record.at("window") == "alone") loads.push_back(record.at("load"));
  }
  Json points = Json::array();
  for (const double load : loads) {
    Json point = {{"load", load}, {"slowdown", slowdown_at(pairing, load)}, {"beside", nullptr}, {"alone", nullptr}};
    if (load > 0) {
      point["beside"] = latency_at(pairing, load, true);
      point["alone"] = latency_at(pairing, load, false);
    }
    points.push_back(point);
  }
  return {{"capacity", pairing.figure("capacity", capacities, "1/s", capacities.size())}, {"loads", points}};
}

}  // namespace tandem
