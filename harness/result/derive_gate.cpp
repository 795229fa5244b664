#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/result/derive_parts.hpp"

namespace tandem {
namespace {

constexpr double kSkillMedian = 0.5;  // of the best trivial predictor's median
constexpr double kSkillLevel = 0.05;  // of the sign test against the best named rival

// The largest, a NaN being larger than any number.
double worst(const std::vector<double>& values) {
  double most = 0;
  for (const double value : values) {
    if (std::isnan(value)) return value;
    most = std::max(most, value);
  }
  return most;
}

// Errors as numbers that can be ordered: a NaN fails like an infinite error.
std::vector<double> column(const std::vector<Json>& rows, const std::function<const Json&(const Json&)>& cell) {
  std::vector<double> values;
  for (const Json& row : rows) {
    const double value = as_number(cell(row));
    values.push_back(std::isnan(value) ? std::numeric_limits<double>::infinity() : value);
  }
  return values;
}

// The median of errors that may be infinite.
double middle_of(std::vector<double> errors) {
  std::sort(errors.begin(), errors.end());
  const std::size_t n = errors.size();
  return n % 2 == 1 ? errors[n / 2] : 0.5 * (errors[n / 2 - 1] + errors[n / 2]);
}

Json finite_or_null(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number_or_null(value));
  return list;
}

std::size_t above(const std::vector<double>& errors, double target) {
  return static_cast<std::size_t>(
      std::count_if(errors.begin(), errors.end(), [&](double e) { return !(e <= target); }));
}

Json judge_skill(const std::vector<Json>& rows, const std::vector<double>& own, const Json& problem,
                 const std::vector<Json>& rivals, Status& status) {
  Json skill = {{"pass", false},
                {"median", number_or_null(middle_of(own))},
                {"best_trivial", nullptr},
                {"best_rival", nullptr},
                {"rivals", Json::array()}};
  for (const Json& rival : rivals) {
    const std::string name = rival.at("name");
    const auto errors = column(rows, [&](const Json& row) -> const Json& { return row.at("rivals").at(name); });
    const double middle = middle_of(errors);
    const std::size_t over = above(errors, problem.at("target"));
    skill["rivals"].push_back({{"name", name},
                               {"trivial", rival.at("trivial")},
                               {"median", number_or_null(middle)},
                               {"max", number_or_null(*std::max_element(errors.begin(), errors.end()))},
                               {"above", over},
                               {"passes_target", over <= problem.at("allowed").get<std::size_t>()},
                               {"seconds", rival.at("seconds")}});
    if (!std::isfinite(middle)) continue;  // no competitor
    Json& best = skill[rival.at("trivial").get<bool>() ? "best_trivial" : "best_rival"];
    if (best.is_null() || middle < best.at("median").get<double>()) {
      best = {{"name", name}, {"median", middle}};
      if (!rival.at("trivial").get<bool>()) best["p_value"] = sign_test(own, errors);
    }
  }
  bool pass = true;
  if (const Json& trivial = skill["best_trivial"];
      !trivial.is_null() && middle_of(own) > kSkillMedian * trivial.at("median").get<double>()) {
    pass = false;
    status.add("INVALID",
               fmt::format("no skill: median hold-out error {:.2f} % is above half of that of \"{}\" ({:.2f} %)",
                           100 * middle_of(own), trivial.at("name").get<std::string>(),
                           100 * trivial.at("median").get<double>()));
  }
  if (const Json& rival = skill["best_rival"]; !rival.is_null() && rival.at("p_value").get<double>() > kSkillLevel) {
    pass = false;
    status.add("INVALID",
               fmt::format("no skill: not better than the rival \"{}\" (sign test p = {:.2g}, limit {})",
                           rival.at("name").get<std::string>(), rival.at("p_value").get<double>(), kSkillLevel));
  }
  skill["pass"] = pass;
  return skill;
}

// Of all simulated samples that the launch told of.
void judge_truth(double violation, const Json& problem, Status& status) {
  const double limit = problem.at("truth_invariant_limit");
  if (!(violation <= limit))
    status.add("INVALID",
               fmt::format("a simulation violates the invariant by {:.3g}, limit {:.3g}: the solver did not converge",
                           violation, limit));
}

std::vector<double> training_violations(const LaunchRecord& launch) {
  std::vector<double> violations;
  for (const Json& record : launch.of("training_invariant")) violations.push_back(as_number(record.at("value")));
  return violations;
}

}  // namespace

Json judge_holdout(const LaunchRecord& launch, const Json& problem, bool decides, Status& whole) {
  Status aside;
  Status& status = decides ? whole : aside;
  const std::vector<Json>& rows = launch.holdout;
  const std::size_t cases = problem.at("cases"), allowed = problem.at("allowed");
  const double target = problem.at("target");
  const auto errors = column(rows, [](const Json& row) -> const Json& { return row.at("error"); });
  const std::size_t over = above(errors, target);
  std::vector<double> violations, truths = training_violations(launch);
  for (const Json& row : rows) {
    violations.push_back(as_number(row.at("invariant")));
    truths.push_back(as_number(row.at("truth_invariant")));
  }
  const double violation = worst(violations), truth = worst(truths);
  if (rows.size() != cases)
    status.add("INVALID", fmt::format("{} of {} hold-out cases were judged", rows.size(), cases));
  if (over > allowed)
    status.add("INVALID", fmt::format("{} of {} hold-out errors are above {:.1f} %, {} may be", over, cases,
                                      100 * target, allowed));
  const std::size_t violating = above(violations, problem.at("invariant_limit"));
  if (violating > allowed)
    status.add("INVALID", fmt::format("{} of {} predictions violate the invariant by more than {:.3g}, {} may",
                                      violating, cases, problem.at("invariant_limit").get<double>(), allowed));
  judge_truth(truth, problem, whole);
  return {{"cases", cases},
          {"judged", rows.size()},
          {"above", over},
          {"allowed", allowed},
          {"target", target},
          {"median", rows.empty() ? Json(nullptr) : number_or_null(middle_of(errors))},
          {"max", rows.empty() ? Json(nullptr) : number_or_null(*std::max_element(errors.begin(), errors.end()))},
          {"errors", finite_or_null(errors)},
          {"invariant_max", number_or_null(violation)},
          {"invariant_above", violating},
          {"invariant_limit", problem.at("invariant_limit")},
          {"truth_invariant_max", number_or_null(truth)},
          {"truth_invariant_limit", problem.at("truth_invariant_limit")},
          {"confidence", gate_confidence({cases, allowed})},
          {"decides", decides},
          {"pass", status.has_figure() && whole.has_figure()}};
}

Json judge_verdict(const Json& record, Status& status) {
  if (!record.at("pass").get<bool>())
    status.add("INVALID", fmt::format("{}: {} is above {}", record.at("check").get<std::string>(),
                                      record.at("value").dump(), record.at("limit").dump()));
  return {{"check", record.at("check")},
          {"value", record.at("value")},
          {"limit", record.at("limit")},
          {"pass", record.at("pass")}};
}

Json gate_verdicts(const Json& holdout, const Json& skill) {
  Json verdicts = Json::array();
  const auto add = [&](const char* check, const Json& value, const Json& limit, bool pass) {
    verdicts.push_back({{"check", check}, {"value", value}, {"limit", limit}, {"pass", pass}});
  };
  if (holdout.is_object() && holdout.at("decides").get<bool>()) {
    const Json &allowed = holdout.at("allowed"), &truth = holdout.at("truth_invariant_max"),
               &limit = holdout.at("truth_invariant_limit");
    // A case that was not judged counts as one above the target.
    const auto cases = holdout.at("cases").get<std::size_t>(), judged = holdout.at("judged").get<std::size_t>();
    const std::size_t over = holdout.at("above").get<std::size_t>() + cases - std::min(judged, cases);
    add("holdout_errors", over, allowed, judged == cases && over <= allowed.get<std::size_t>());
    add("holdout_invariant", holdout.at("invariant_above"), allowed, holdout.at("invariant_above") <= allowed);
    add("truth_invariant", truth, limit, truth.is_number() && truth <= limit);
  }
  if (!skill.is_object()) return verdicts;
  if (const Json& trivial = skill.at("best_trivial"); trivial.is_object()) {
    const double ratio = as_number(skill.at("median")) / as_number(trivial.at("median"));
    add("skill_over_trivial", number_or_null(ratio), kSkillMedian, ratio <= kSkillMedian);
  }
  if (const Json& rival = skill.at("best_rival"); rival.is_object())
    add("skill_over_rival_p", rival.at("p_value"), kSkillLevel, rival.at("p_value") <= kSkillLevel);
  return verdicts;
}

GateOutcome judge_gate(const LaunchRecord& launch, const Json& problem, bool skill_matters, Status& status,
                       bool holdout_decides) {
  GateOutcome outcome;
  if (problem.at("cases") > 0)
    outcome.holdout = judge_holdout(launch, problem, holdout_decides, status);
  else  // judged by its answers alone
    judge_truth(worst(training_violations(launch)), problem, status);
  const std::vector<Json> rivals = launch.of("rival");
  if (skill_matters && !launch.holdout.empty() && !rivals.empty()) {
    const auto own = column(launch.holdout, [](const Json& row) -> const Json& { return row.at("error"); });
    outcome.skill = judge_skill(launch.holdout, own, problem, rivals, status);
  }
  Json verdicts = Json::array();
  for (const Json& verdict : launch.of("verdict")) verdicts.push_back(judge_verdict(verdict, status));
  Json rows = Json::array();
  for (const Json& answer : launch.answers) rows.push_back(answer.at("values"));
  std::size_t answered = 0;
  for (const Json& record : launch.of("questions")) answered = record.at("answered");
  if (verdicts.empty()) status.add("INVALID", "the answers were not judged");
  const std::size_t questions = problem.at("questions");
  outcome.answers = {
      {"questions", questions},
      {"answered", answered},
      {"queries", problem.at("queries").get<std::size_t>() * answered / std::max<std::size_t>(1, questions)},
      {"verdicts", verdicts},
      {"rows", rows}};
  return outcome;
}

}  // namespace tandem
