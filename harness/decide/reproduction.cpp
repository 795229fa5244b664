#include "harness/decide/reproduction.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/check.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"

namespace tandem {
namespace {

Json or_null(const std::optional<std::int64_t>& count) { return count ? Json(*count) : Json(nullptr); }
Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json published_json(const PublishedFigure& figure, const Metric& metric) {
  return {{"id", figure.id},
          {"system", figure.system},
          {"metric", metric.id},
          {"title", metric_title(metric, figure)},
          {"value", figure.value},
          {"unit", figure.unit},
          {"text", figure.text()},
          {"si_value", figure.si},
          {"si_unit", metric.unit},
          {"date", figure.date},
          {"nodes", or_null(figure.nodes)},
          {"devices", or_null(figure.devices)},
          {"cores", or_null(figure.cores)},
          {"ranks", or_null(figure.ranks)},
          {"partial_system", figure.part},
          {"source", or_null(figure.source)},
          {"evidence", figure.evidence},
          {"verified", figure.verified()},
          {"note", or_null(figure.note)}};
}

bool is_rate(const Metric& metric) { return metric.unit == "flop/s" || metric.unit == "B/s"; }

// {"value", "reason"}
Json ratio_of(const Json& fom, const PublishedFigure& figure, const Metric& metric) {
  const auto none = [](const std::string& reason) { return Json{{"value", nullptr}, {"reason", reason}}; };
  if (metric.match != Match::same) return none("not the same quantity: " + metric.reason);
  if (!fom.at("value").is_number()) return none(text_or_empty(fom, "reason"));
  return {{"value", fom.at("value").get<double>() / figure.si}, {"reason", nullptr}};
}

// Rates only: what one core does, here and, where their number is told, there.
Json per_core(const Json& fom, const Json& entry, const PublishedFigure& figure, const Metric& metric) {
  if (!is_rate(metric) || metric.match != Match::same || !fom.at("value").is_number()) return nullptr;
  const double cores = entry.at("ranks").get<double>() * entry.at("threads").get<double>();
  Json result = {{"measured", fom.at("value").get<double>() / cores}, {"published", nullptr}};
  if (figure.cores) result["published"] = figure.si / static_cast<double>(*figure.cores);
  return result;
}

const Json* fom_of(const Json& document, const std::string& name) {
  for (const Json& fom : document.at("foms"))
    if (fom.at("name") == name) return &fom;
  return nullptr;
}

Json measured_json(const Json& entry, const Json& fom, const PublishedFigure& figure, const Metric& metric,
                   const Json& document) {
  std::string reason = text_or_empty(fom, "reason");
  return {{"case", entry.at("case")},
          {"fom", fom.at("name")},
          {"value", fom.at("value")},
          {"unit", fom.at("unit")},
          {"ci95", fom.at("ci95")},
          {"launches", fom.at("launches")},
          {"status", fom.at("status")},
          {"reason", or_null(reason)},
          {"ranks", entry.at("ranks")},
          {"threads", entry.at("threads")},
          {"ratio", ratio_of(fom, figure, metric)},
          {"per_core", per_core(fom, entry, figure, metric)},
          {"differs", differences_between(figure, metric, entry, document)}};
}

bool is_comparable(const Metric& metric, const Json& entry) {
  return std::all_of(metric.settings.begin(), metric.settings.end(), [&](const auto& setting) {
    const bool required =
        std::find(metric.defining.begin(), metric.defining.end(), setting.first) != metric.defining.end();
    return !required || text_or_empty(entry.at("settings"), setting.first) == setting.second.front();
  });
}

}  // namespace

Json reproduction_of(const PublishedFigure& figure, const Metric& metric, const Json& document, const std::string& root,
                     const Json& program) {
  check_usage(metric.match != Match::none, "{}: nothing of Tandem measures {}: {}", figure.id, metric.name,
              metric.reason);
  const Json& run = document.at("run");
  Json record = {{"schema", "tandem-reproduction/1"},
                 {"tandem", program},
                 {"published", published_json(figure, metric)},
                 {"match", metric.match == Match::same ? "same" : "kin"},
                 {"result",
                  {{"root", root},
                   {"config", run.at("config")},
                   {"class", run.at("class")},
                   {"status", run.at("status")},
                   {"started", run.at("started")},
                   {"tandem", document.at("tandem")},
                   {"cpu", document.at("machine").at("cpu")}}},
                 {"measured", Json::array()}};
  for (const Json& entry : document.at(metric.pipeline ? "pipelines" : "kernels")) {
    if (entry.at("name") != metric.case_name() || !is_comparable(metric, entry)) continue;
    const Json* fom = fom_of(document, fom_name(metric.pipeline ? "pipeline" : "kernel", entry) + "." + metric.figure);
    if (fom == nullptr) continue;
    check(fom->at("unit") == metric.unit, "{} is in {}, {} in {}", fom->at("name").get<std::string>(),
          fom->at("unit").get<std::string>(), metric.id, metric.unit);
    record["measured"].push_back(measured_json(entry, *fom, figure, metric, document));
  }
  check_usage(!record["measured"].empty(),
              "this result has no {} of {} with the settings of the metric; tandem reproduce {} --dry-run shows a "
              "configuration",
              metric.figure, metric.case_name(), figure.id);
  return record;
}

}  // namespace tandem
