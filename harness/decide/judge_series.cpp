#include "harness/decide/judge_series.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "harness/base/digest.hpp"
#include "harness/decide/change_points.hpp"
#include "harness/measure/statistics.hpp"

namespace tandem {
namespace {

using Values = std::vector<double>;

// One series while it is judged: `values` and `nights` of its own points.
struct Judging {
  const History& history;
  const Series& series;
  double delta;
  Values values;
  std::vector<std::size_t> nights;
  std::vector<bool> unstable;
  Json document;
  Json alarms = Json::array();
  Json notes = Json::array();
};

const std::string& name_of(const Judging& judging, std::size_t night) { return judging.history.newest[night].name; }

// An alarm about what came between two nights.
Json alarm(const Judging& judging, const char* kind, std::size_t before, std::size_t since, const std::string& text) {
  const Night& from = judging.history.newest[before];
  const Night& to = judging.history.newest[since];
  return {{"kind", kind},
          {"state", "suspect"},
          {"fom", judging.series.fom},
          {"case", judging.series.path},
          {"since", to.name},
          {"before", from.name},
          {"commits", {commit_of(from), commit_of(to)}},
          {"changed", differences_of(from, to)},
          {"ratio", nullptr},
          {"ci95", nullptr},
          {"p", nullptr},
          {"z", nullptr},
          {"text", text},
          {"rerun", nullptr}};
}

Values costs(std::span<const double> logarithms) {
  Values out;
  for (const double ln : logarithms) out.push_back(std::exp(ln));
  return out;
}

// How many times dearer `after` is than `before`: Hodges and Lehmann over at most effect_nights of each, those next to
// the step, or the newest.
Json ratio_of(std::span<const double> before, std::span<const double> after, bool newest) {
  const auto cut = [](std::span<const double> all, bool last) {
    const std::size_t count = std::min(all.size(), effect_nights);
    return last ? all.last(count) : all.first(count);
  };
  const auto from = cut(before, true), to = cut(after, newest);
  const Ratio ratio = hl_ratio(costs(to), costs(from));
  return {{"ratio", ratio.value},
          {"ci95", ratio.ci ? Json{ratio.ci->low, ratio.ci->high} : Json(nullptr)},
          {"nights", {from.size(), to.size()}}};
}

std::string percent_text(const Json& ratio) {
  const auto text = [](double value) { return fmt::format("{:.1f}", std::abs(100 * (value - 1))); };
  const double value = ratio.at("ratio");
  const std::string word = value >= 1 ? "dearer" : "cheaper";
  const Json& ci = ratio.at("ci95");
  if (ci.is_null())
    return fmt::format("{} % {} (no interval: {} and {} nights, 6 are needed)", text(value), word,
                       ratio.at("nights")[0].dump(), ratio.at("nights")[1].dump());
  return fmt::format("{} % {} [{:+.1f}, {:+.1f}] (n = {} and {} nights)", text(value), word,
                     100 * (ci.at(0).get<double>() - 1), 100 * (ci.at(1).get<double>() - 1),
                     ratio.at("nights")[0].dump(), ratio.at("nights")[1].dump());
}

// The step at bounds[i], between the segments on either side of it, and what of it the newest segment still shows.
void judge_step(Judging& judging, const ChangePoint& point, std::size_t begin, std::size_t end, std::size_t newest) {
  const std::span<const double> all(judging.values);
  const auto before = all.subspan(begin, point.at - begin);
  const Json step = ratio_of(before, all.subspan(point.at, end - point.at), false);
  const Json now = ratio_of(before, all.subspan(newest), true);
  const double by = std::log(step.at("ratio").get<double>()), still = std::log(now.at("ratio").get<double>());
  const bool stands = (by > 0 && still >= judging.delta) || (by < 0 && still <= -judging.delta);
  judging.document["steps"].push_back({{"night", judging.nights[point.at]},
                                       {"name", name_of(judging, judging.nights[point.at])},
                                       {"p", point.p},
                                       {"energy", point.statistic},
                                       {"step", step},
                                       {"now", now},
                                       {"stands", stands}});
  if (!stands) return;
  const std::string how = fmt::format("{}, {} nights ago", percent_text(now), all.size() - point.at);
  Json found = alarm(judging, "slow", judging.nights[point.at - 1], judging.nights[point.at], how);
  found["ratio"] = now.at("ratio");
  found["ci95"] = now.at("ci95");
  found["p"] = point.p;
  found["state"] = by > 0 ? "confirmed" : "improvement";
  judging.alarms.push_back(found);
}

// Where the segments begin, and the end of the last. Steps to dearer that stand are alarms; to cheaper, they are told.
std::vector<std::size_t> judge_steps(Judging& judging) {
  judging.document["steps"] = Json::array();
  Divisive options;
  options.seed = leading_bits(sha256(judging.series.fom));
  const std::vector<ChangePoint> points = change_points(judging.values, options);
  std::vector<std::size_t> bounds = {0};
  for (const ChangePoint& point : points) bounds.push_back(point.at);
  bounds.push_back(judging.values.size());
  for (std::size_t i = 0; i < points.size(); ++i)
    judge_step(judging, points[i], bounds[i], bounds[i + 2], points.back().at);
  return bounds;
}

// z of a night against `segment`: (x - median) / (1.4826 MAD).
double robust_z(std::span<const double> segment, double x) {
  const double scale = 1.4826 * mad(segment), above = x - median(segment);
  if (scale > 0) return above / scale;
  return above > 0 ? INFINITY : above < 0 ? -INFINITY : 0;
}

// The nights that tonight is judged by: the newest segment that has enough of them before tonight. A few wild nights
// may make a segment of their own, and must not blind the alarm.
std::span<const double> reference_of(const Judging& judging, const std::vector<std::size_t>& bounds) {
  const std::size_t tonight = judging.values.size() - 1;
  for (std::size_t i = bounds.size() - 1; i-- > 0;)
    if (const std::size_t end = std::min(bounds[i + 1], tonight); end >= bounds[i] + fast_least)
      return {judging.values.data() + bounds[i], end - bounds[i]};
  return {};
}

bool has_regression(const Json& alarms) {
  return std::any_of(alarms.begin(), alarms.end(), [](const Json& alarm) { return alarm.at("state") == "confirmed"; });
}

// Tonight against its segment. One UNSTABLE night is no suspicion; the second in a row is.
void judge_tonight(Judging& judging, const std::vector<std::size_t>& bounds) {
  judging.document["tonight"] = nullptr;
  const Values& x = judging.values;
  if (x.empty() || judging.nights.back() + 1 != judging.history.newest.size()) return;
  const std::span<const double> segment = reference_of(judging, bounds);
  if (segment.empty()) return;
  const auto beyond = [&](double value) {
    return robust_z(segment, value) > fast_limit && value - median(segment) > judging.delta;
  };
  const double z = robust_z(segment, x.back()), above = x.back() - median(segment);
  const bool suspect = beyond(x.back()) && (!judging.unstable.back() || beyond(x[x.size() - 2]));
  judging.document["tonight"] = {
      {"nights", segment.size()},        {"median", median(segment)},
      {"spread", 1.4826 * mad(segment)}, {"z", std::isfinite(z) ? Json(z) : Json(z > 0 ? "inf" : "-inf")},
      {"ratio", std::exp(above)},        {"suspect", suspect}};
  if (beyond(x.back()) && !suspect)
    judging.notes.push_back(
        fmt::format("{}: {:.1f} % dearer tonight, but a noise guard fired (UNSTABLE): a second "
                    "such night in a row would be a suspicion",
                    judging.series.fom, 100 * std::expm1(above)));
  if (!suspect || has_regression(judging.alarms)) return;  // the step says it already
  const std::string how =
      fmt::format("{:.1f} % dearer tonight, z = {:.1f} against {} nights", 100 * std::expm1(above), z, segment.size());
  std::size_t first = x.size() - 1;  // of the nights in a row up to tonight that are so dear
  while (first > 1 && beyond(x[first - 1])) --first;
  Json found = alarm(judging, "fast", judging.nights[first - 1], judging.nights[first], how);
  found["ratio"] = std::exp(above);
  found["z"] = judging.document["tonight"]["z"];
  judging.alarms.push_back(found);
}

// Counts that the same program gives exactly: each change is told, a rise that stands is a regression.
void judge_counts(Judging& judging) {
  judging.document["counts"] = Json::array();
  for (const auto& [name, nights] : judging.series.counts) {
    Json changes = Json::array();
    for (std::size_t i = 1; i < nights.size(); ++i) {
      const auto& [night, value] = nights[i];
      const auto& [earlier, before] = nights[i - 1];
      if (value == before) continue;
      const double newest = nights.back().second;
      const bool rise = value > before && newest > before, fall = value < before && newest < before;
      changes.push_back({{"night", night},
                         {"name", name_of(judging, night)},
                         {"before", before},
                         {"after", value},
                         {"stands", rise || fall}});
      if (!rise && !fall) continue;
      Json found = alarm(judging, "exact", earlier, night,
                         fmt::format("{} {:.17g} -> {:.17g}, now {:.17g} (exact)", name, before, value, newest));
      found["ratio"] = before == 0 ? Json(nullptr) : Json(newest / before);
      found["state"] = rise ? "confirmed" : "improvement";
      judging.alarms.push_back(found);
    }
    judging.document["counts"].push_back(
        {{"name", name}, {"newest", nights.back().second}, {"nights", nights.size()}, {"changes", changes}});
  }
}

// A night that should have a figure and has none decides nothing.
void judge_presence(Judging& judging) {
  const std::string& status = judging.series.newest_status;
  const std::size_t newest = judging.history.newest.size() - 1;
  if (status == "INVALID" || status == "FAILED")
    judging.alarms.push_back(alarm(judging, "no figure", newest == 0 ? 0 : newest - 1, newest,
                                   fmt::format("{} tonight: {}", status, judging.series.newest_reason)));
  else if (status.empty())
    judging.notes.push_back(fmt::format("{}: not measured tonight", judging.series.fom));
  else if (status == "SKIPPED")
    judging.notes.push_back(fmt::format("{}: skipped tonight: {}", judging.series.fom, judging.series.newest_reason));
}

Json points_json(const Series& series) {
  Json points = Json::array();
  for (const SeriesPoint& point : series.points)
    points.push_back({point.night, point.ln, point.low, point.high, point.launches, point.unstable, point.own});
  return points;
}

}  // namespace

std::string commit_of(const Night& night) {
  return night.program.value("commit", "?") + (night.program.value("dirty", false) ? "+changes" : "");
}

SeriesVerdict judge_series(const History& history, const Series& series, double delta) {
  Judging judging{history, series, delta, {}, {}, {}, {}};
  for (const SeriesPoint* point : series.own()) {
    judging.values.push_back(point->ln);
    judging.nights.push_back(point->night);
    judging.unstable.push_back(point->unstable);
  }
  Json boundaries = Json::array();
  for (const Boundary& boundary : series.boundaries)
    boundaries.push_back(
        {{"night", boundary.night}, {"name", name_of(judging, boundary.night)}, {"why", boundary.why}});
  judging.document = {{"fom", series.fom},
                      {"case", series.path},
                      {"kind", series.kind},
                      {"unit", series.unit},
                      {"delta", delta},
                      {"status", series.newest_status},
                      {"judged", judging.values.size() > fast_least},
                      {"nights", judging.values.size()},
                      {"points", points_json(series)},
                      {"boundaries", boundaries}};
  judge_presence(judging);
  judge_tonight(judging, judge_steps(judging));
  judge_counts(judging);
  return {std::move(judging.document), std::move(judging.alarms), std::move(judging.notes)};
}

}  // namespace tandem
