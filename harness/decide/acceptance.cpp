#include "harness/decide/acceptance.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.hpp"
#include "harness/base/table.hpp"
#include "harness/result/derive_parts.hpp"
#include "harness/result/format.hpp"
#include "harness/result/status.hpp"

namespace tandem {
namespace {

constexpr int kIntervalLaunches = 6;  // the least with a 95 % interval of the median

struct Outcome {
  std::string outcome, reason;
};

// By the rule of docs/method.md: the end of the interval that decides against the limit.
Outcome by_interval(const Criterion& criterion, double judged) {
  const double limit = criterion.limit();
  const bool met = criterion.at_least ? judged >= limit : judged <= limit;
  const std::string sides = fmt::format("{:.6g} {}, {} of {:.6g} {}", judged, criterion.unit,
                                        met ? "meets the limit" : "misses the limit", limit, criterion.unit);
  if (criterion.proof_pass)
    return {met ? "pass" : "fail", fmt::format("the worse end of the interval, {}{}", sides,
                                               met ? "" : ": it is not shown that the figure is met")};
  return {met ? "pass" : "fail", fmt::format("the better end of the interval, {}{}", sides,
                                             met ? ": it is not shown that the figure is missed" : "")};
}

std::string words_or(const Json& reason, const std::string& fallback) {
  return reason.is_string() && !reason.get<std::string>().empty() ? reason.get<std::string>() : fallback;
}

// What can be said before any interval is looked at; "" = nothing.
Outcome before_interval(const Criterion& criterion, const Json& fom) {
  const std::string status = fom.at("status");
  const double value = as_number(fom.at("value"));
  if (severity(status) >= severity("INVALID"))
    return {"fail", fmt::format("{}: {}", status, words_or(fom.at("reason"), "its case has no figure"))};
  if (std::isnan(value)) return {"undecided", "not measured: " + words_or(fom.at("reason"), "no value")};
  if (std::isinf(value))
    return {criterion.at_least ? "undecided" : "fail",
            "infinite: " + words_or(fom.at("reason"), "no limit can be set against it")};
  if (status == "UNSTABLE") return {"undecided", "UNSTABLE: a noise guard fired; measure again"};
  const Json& ci = fom.at("ci95");
  const auto launches = fom.at("launches").get<std::size_t>();
  if (!ci.is_array() || ci.size() != 2 || std::isnan(as_number(ci.at(0))) || std::isnan(as_number(ci.at(1))))
    return {"undecided", launches < kIntervalLaunches
                             ? fmt::format("no 95 % interval: {} launch{}, and it takes {}", launches,
                                           launches == 1 ? "" : "es", kIntervalLaunches)
                             : "no 95 % interval: this figure has none"};
  return {};
}

std::string nearest_name(const std::string& name, const Json& foms) {
  std::vector<std::string> known;
  std::transform(foms.begin(), foms.end(), std::back_inserter(known),
                 [](const Json& fom) { return fom.at("name").get<std::string>(); });
  return known.empty() ? "it holds none" : fmt::format("the nearest is \"{}\"", closest(name, known));
}

const Json& figure_of(const Criterion& criterion, const Json& foms) {
  const auto found =
      std::find_if(foms.begin(), foms.end(), [&](const Json& fom) { return fom.at("name") == criterion.fom; });
  check_usage(found != foms.end(), "{}: the result holds no figure \"{}\"; {}", criterion.where, criterion.fom,
              nearest_name(criterion.fom, foms));
  const std::string unit = found->at("unit");
  check_usage(unit == criterion.unit, "{}: \"{}\" is measured in \"{}\", not in \"{}\"", criterion.where, criterion.fom,
              unit, criterion.unit);
  return *found;
}

Json requirement(const std::string& name, const std::string& required, const std::string& found,
                 const Outcome& outcome) {
  return {{"name", name},
          {"required", required},
          {"found", found},
          {"outcome", outcome.outcome},
          {"reason", outcome.reason.empty() ? Json(nullptr) : Json(outcome.reason)}};
}

std::string reasons_of(const Json& run, const std::string& status) {
  std::vector<std::string> all;
  for (const Json& reason : run.at("reasons")) {
    if (reason.at("status") != status) continue;
    const std::string where = text_or_empty(reason, "case");
    const std::string what =
        where.empty() ? text_or_empty(reason, "reason") : fmt::format("{}: {}", where, text_or_empty(reason, "reason"));
    if (std::find(all.begin(), all.end(), what) == all.end()) all.push_back(what);
  }
  constexpr std::size_t kShown = 3;
  const std::size_t more = all.size() - std::min(all.size(), kShown);
  all.resize(std::min(all.size(), kShown));
  return fmt::format("{}{}", fmt::join(all, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

Json status_requirement(const AcceptanceSpec& spec, const Json& run) {
  const std::string found = run.at("status");
  Outcome outcome = {"pass", ""};
  if (severity(found) > severity(spec.status))
    outcome = {found == "UNSTABLE" ? "undecided" : "fail", reasons_of(run, found)};
  return requirement("status", "at worst " + spec.status, found, outcome);
}

Json class_requirement(const AcceptanceSpec& spec, const Json& run) {
  const auto rank = [](const std::string& name) { return std::find(kClasses.begin(), kClasses.end(), name); };
  const std::string found = run.at("class");
  const bool met = rank(found) != kClasses.end() && rank(found) >= rank(spec.run_class);
  return requirement("class", "at least " + spec.run_class, found, {met ? "pass" : "fail", ""});
}

Json launches_requirement(const AcceptanceSpec& spec, const Json& criteria) {
  const auto least = std::min_element(criteria.begin(), criteria.end(), [](const Json& a, const Json& b) {
    return a.at("launches").get<std::size_t>() < b.at("launches").get<std::size_t>();
  });
  const auto found = least->at("launches").get<std::size_t>();
  const bool met = found >= spec.launches;
  return requirement("launches", fmt::format("at least {}", spec.launches), std::to_string(found),
                     {met ? "pass" : "fail", met ? "" : "of " + least->at("fom").get<std::string>()});
}

// Every arm of every pipeline: one scope, the one that was asked for.
Json scope_requirement(const AcceptanceSpec& spec, const Json& document) {
  std::set<std::string> scopes;
  std::string unmetered;
  for (const Json& pipeline : document.at("pipelines"))
    for (const Json& arm : pipeline.at("arms")) {
      if (arm.at("status") == "SKIPPED") continue;
      const std::string scope = text_or_empty(arm, "energy_scope");
      scopes.insert(scope.empty() ? "unmetered" : scope);
      if (scope.empty() && unmetered.empty()) unmetered = text_or_empty(member(arm, "energy_to_solution"), "reason");
    }
  const bool met = scopes.size() == 1 && *scopes.begin() == spec.energy_scope;
  const std::string found = scopes.empty() ? "no arm was measured" : fmt::format("{}", fmt::join(scopes, ", "));
  return requirement("energy scope", spec.energy_scope, found, {met ? "pass" : "fail", unmetered});
}

Json configuration_requirement(const AcceptanceSpec& spec, const Delivery& delivery) {
  const bool met = delivery.configuration.starts_with(spec.configuration);
  return requirement("configuration", spec.configuration, delivery.configuration.substr(0, spec.configuration.size()),
                     {met ? "pass" : "fail", met ? "" : "another plan was measured than the one agreed on"});
}

Json revalidation_requirement(const Json& revalidation) {
  const std::string required = "every launch passes the buyer's hold-out";
  if (revalidation.is_null())
    return requirement("revalidation", required, "not given",
                       {"undecided",
                        "pick a nonce, run tandem revalidate DIR --nonce N, and give its record with "
                        "--revalidation FILE --nonce N"});
  const bool met = revalidation.at("status") != "INVALID" && revalidation.at("status") != "FAILED";
  std::string reason;
  for (const Json& one : revalidation.at("reasons"))
    reason += fmt::format("{}{}", reason.empty() ? "" : "; ", text_or_empty(one, "reason"));
  return requirement("revalidation", required, "nonce " + revalidation.at("nonce").get<std::string>(),
                     {met ? "pass" : "fail", met ? "" : reason});
}

Json requirements_of(const AcceptanceSpec& spec, const Delivery& delivery, const Json& criteria) {
  const Json& run = delivery.document.at("run");
  Json all = {status_requirement(spec, run), class_requirement(spec, run), launches_requirement(spec, criteria)};
  if (!spec.energy_scope.empty()) all.push_back(scope_requirement(spec, delivery.document));
  if (!spec.configuration.empty()) all.push_back(configuration_requirement(spec, delivery));
  if (spec.revalidation || !delivery.revalidation.is_null())
    all.push_back(revalidation_requirement(delivery.revalidation));
  return all;
}

// Why a verdict is not better than it is: requirements first, then hard criteria.
std::vector<std::string> because(const Json& requirements, const Json& criteria, const std::string& outcome) {
  std::vector<std::string> why;
  for (const Json& one : requirements)
    if (one.at("outcome") == outcome)
      why.push_back(fmt::format("{}: {} is required, found {}{}", one.at("name").get<std::string>(),
                                one.at("required").get<std::string>(), one.at("found").get<std::string>(),
                                one.at("reason").is_null() ? "" : " (" + one.at("reason").get<std::string>() + ")"));
  for (const Json& one : criteria)
    if (one.at("kind") == "hard" && one.at("outcome") == outcome)
      why.push_back(fmt::format("{}: {}", one.at("fom").get<std::string>(), one.at("reason").get<std::string>()));
  return why;
}

}  // namespace

Json judge_criterion(const Criterion& criterion, const Json& fom) {
  Outcome outcome = before_interval(criterion, fom);
  Json judged = nullptr, margin = nullptr;
  if (outcome.outcome.empty()) {
    // The worse end, for a vendor, is the lower one of what shall be large; the burden of proof picks the end.
    const bool low = criterion.at_least == criterion.proof_pass;
    const double end = as_number(fom.at("ci95")[low ? 0 : 1]), limit = criterion.limit();
    outcome = by_interval(criterion, end);
    judged = fom.at("ci95")[low ? 0 : 1];
    if (limit > 0 && std::isfinite(end)) margin = (criterion.at_least ? end - limit : limit - end) / limit;
  }
  return {{"fom", criterion.fom},
          {"direction", criterion.direction()},
          {"target", criterion.target},
          {"unit", criterion.unit},
          {"tolerance", criterion.tolerance},
          {"limit", criterion.limit()},
          {"kind", criterion.hard ? "hard" : "soft"},
          {"proof", criterion.proof_pass ? "pass" : "fail"},
          {"where", criterion.where},
          {"value", fom.at("value")},
          {"ci95", fom.at("ci95")},
          {"launches", fom.at("launches")},
          {"status", fom.at("status")},
          {"judged", judged},
          {"margin", margin},
          {"outcome", outcome.outcome},
          {"reason", outcome.reason}};
}

Json judge_acceptance(const AcceptanceSpec& spec, const Delivery& delivery) {
  Json criteria = Json::array();
  for (const Criterion& criterion : spec.criteria)
    criteria.push_back(judge_criterion(criterion, figure_of(criterion, delivery.document.at("foms"))));
  const Json requirements = requirements_of(spec, delivery, criteria);
  const std::vector<std::string> failed = because(requirements, criteria, "fail"),
                                 open = because(requirements, criteria, "undecided");
  std::vector<std::string> why = failed.empty() ? open : failed;
  std::string verdict = !failed.empty() ? "NOT ACCEPTED" : open.empty() ? "ACCEPTED" : "UNDECIDED";
  // A wrong result is no offer that could be judged.
  for (const Json& one : requirements)
    if (one.at("name") == "revalidation" && one.at("outcome") == "fail") verdict = "INVALID";
  if (delivery.document.at("run").at("status") == "INVALID") verdict = "INVALID";
  return {{"verdict", verdict},
          {"exit", static_cast<int>(exit_of_verdict(verdict))},
          {"why", why},
          {"requirements", requirements},
          {"criteria", criteria}};
}

Exit exit_of_verdict(const std::string& verdict) {
  if (verdict == "ACCEPTED") return Exit::ok;
  if (verdict == "INVALID") return Exit::invalid;
  return verdict == "NOT ACCEPTED" ? Exit::criterion : Exit::undecided;
}

}  // namespace tandem
