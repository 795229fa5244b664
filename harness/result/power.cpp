#include "harness/result/power.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>

#include <fmt/format.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

struct Row {
  double seconds = 0, joules = 0;
  std::string meter, scope;
};

bool parse(std::string_view text, double& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Row parse_row(const std::filesystem::path& csv, std::string_view line, std::size_t number) {
  std::array<std::string_view, 4> cells;
  std::size_t count = 0;
  for (std::string_view rest = line; count < cells.size(); ++count) {
    const std::size_t comma = count + 1 < cells.size() ? rest.find(',') : rest.size();
    if (comma == std::string_view::npos) break;
    cells.at(count) = rest.substr(0, comma);
    rest.remove_prefix(std::min(rest.size(), comma + 1));
  }
  Row row{0, 0, std::string(cells[1]), std::string(cells[2])};
  if (count != cells.size() || !parse(cells[0], row.seconds) || !parse(cells[3], row.joules))
    throw Error(Exit::invalid, fmt::format("{} line {} is damaged", csv.string(), number));
  return row;
}

// The part that a time lies in: a part begins just after the last reading of the one before.
PowerPart* part_at(std::vector<PowerPart>& parts, double seconds) {
  PowerPart* found = nullptr;
  for (PowerPart& part : parts)
    if (found == nullptr || part.begin < seconds) found = &part;
  return found;
}

Json nothing(const Json& scope, const std::string& reason) {
  return {{"joules", nullptr}, {"error", nullptr}, {"scope", scope}, {"reason", reason}};
}

}  // namespace

std::vector<PowerPart> read_power(const std::filesystem::path& csv, const std::vector<Json>& lines) {
  std::vector<PowerPart> parts;
  for (const Json& line : lines) {
    PowerPart part{line.at("begin"), line.value("nodes", std::size_t{1}), {}};
    for (const Json& meter : line.at("meters")) {
      const Json& range = meter.at("range");
      const Json gap = meter.value("longest_gap", Json(nullptr));
      constexpr double kNone = std::numeric_limits<double>::infinity();
      part.traces.push_back({meter.at("meter"),
                             meter.at("scope"),
                             range.is_null() ? kNone : range.get<double>(),
                             meter.at("period"),
                             {},
                             gap.is_null() ? kNone : gap.get<double>(),
                             ""});
    }
    parts.push_back(std::move(part));
  }
  std::ifstream file(csv);
  std::string line;
  std::getline(file, line);  // the header
  for (std::size_t number = 2; std::getline(file, line); ++number) {
    const Row row = parse_row(csv, line, number);
    PowerPart* part = part_at(parts, row.seconds);
    if (part == nullptr) continue;
    for (EnergyTrace& trace : part->traces)
      if (trace.meter == row.meter && trace.scope == row.scope) trace.rows.push_back({row.seconds, row.joules});
  }
  return parts;
}

const PowerPart* part_of(const std::vector<PowerPart>& parts, double begin) {
  const PowerPart* found = nullptr;
  for (const PowerPart& candidate : parts)
    if (found == nullptr || candidate.begin <= begin) found = &candidate;
  return found;
}

std::string energy_level(const std::string& scope) {
  if (scope == "system") return "E4";
  if (scope == "node") return "E3";
  return scope.empty() ? "E0" : "E2";
}

Json energy_of_launch(const Json& launch, const std::vector<PowerPart>& parts, std::vector<std::string>& problems) {
  const Json& measured = launch.at("energy");
  if (!measured.at("joules").is_number()) return measured;
  const double begin = launch.at("begin"), end = begin + launch.at("seconds").get<double>();
  const PowerPart* part = part_of(parts, begin);
  if (part == nullptr) return nothing(measured.at("scope"), "the ledger does not describe the meters of this launch");
  const EnergyReading reading = energy_of_scope(part->traces, measured.at("scope"), begin, end);
  if (!reading.joules)
    return nothing(measured.at("scope"), "its readings in power.csv are missing or no energy: " + reading.reason);
  const double written = measured.at("joules");
  if (std::abs(*reading.joules - written) > 1e-6 * std::abs(written) + 1e-4)
    problems.push_back(fmt::format("power.csv: the readings give {:.6g} J for launch {}, the ledger {:.6g} J",
                                   *reading.joules, launch.at("id").get<std::string>(), written));
  return {{"joules", *reading.joules}, {"error", reading.error}, {"scope", measured.at("scope")}, {"reason", nullptr}};
}

}  // namespace tandem
