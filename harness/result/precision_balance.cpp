#include "harness/result/precision_balance.hpp"

#include <algorithm>
#include <functional>

namespace tandem {
namespace {

using Objective = std::function<double(const PrecisionCell&)>;

bool all_passing(const std::vector<PrecisionCell>& cells, const std::function<bool(const PrecisionCell&)>& has) {
  return std::all_of(cells.begin(), cells.end(), [&](const PrecisionCell& cell) { return !cell.pass || has(cell); });
}

std::optional<std::size_t> least(const std::vector<PrecisionCell>& cells, const Objective& of) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (cells[i].pass && (!best || of(cells[i]) < of(cells[*best]))) best = i;
  return best;
}

bool metered(const std::vector<PrecisionCell>& cells) {
  return all_passing(cells, [](const PrecisionCell& cell) { return cell.joules.has_value(); });
}

}  // namespace

std::vector<bool> pareto_front(const std::vector<PrecisionCell>& cells) {
  std::vector<Objective> objectives = {[](const PrecisionCell& cell) { return cell.seconds; }};
  if (all_passing(cells, [](const PrecisionCell& cell) { return cell.error.has_value(); }))
    objectives.emplace_back([](const PrecisionCell& cell) { return *cell.error; });
  if (metered(cells)) objectives.emplace_back([](const PrecisionCell& cell) { return *cell.joules; });
  const auto beats = [&](const PrecisionCell& a, const PrecisionCell& b) {
    const auto no_worse = [&](const Objective& of) { return of(a) <= of(b); };
    const auto better = [&](const Objective& of) { return of(a) < of(b); };
    return a.pass && std::all_of(objectives.begin(), objectives.end(), no_worse) &&
           std::any_of(objectives.begin(), objectives.end(), better);
  };
  std::vector<bool> front;
  front.reserve(cells.size());
  for (const PrecisionCell& cell : cells)
    front.push_back(cell.pass && std::none_of(cells.begin(), cells.end(),
                                              [&](const PrecisionCell& other) { return beats(other, cell); }));
  return front;
}

std::optional<std::size_t> fastest(const std::vector<PrecisionCell>& cells) {
  return least(cells, [](const PrecisionCell& cell) { return cell.seconds; });
}

std::optional<std::size_t> thriftiest(const std::vector<PrecisionCell>& cells) {
  if (!metered(cells)) return std::nullopt;
  return least(cells, [](const PrecisionCell& cell) { return *cell.joules; });
}

}  // namespace tandem
