// The summary of one pipeline: its arms side by side, its KPIs and the claims in words.
#include <algorithm>
#include <cmath>
#include <functional>
#include <regex>
#include <string_view>

#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {
namespace {

using ArmText = std::function<std::string(const Json& arm)>;

bool grows(const Json& arm) {
  const std::string design = text_or_empty(arm, "design");
  return !design.empty() && design != "fixed";
}

std::string growing_title(const Json& design) {
  const std::string split = text_or_empty(design, "split");
  return text_or_empty(design, "design") + (split.empty() ? "" : " " + split);
}

// "concurrent 1+1", "cold": what is said of every arm of its kind is left out.
std::string how_of(const Json& arm) {
  std::string how = text_or_empty(arm, "coupling");
  if (const std::string split = text_or_empty(arm, "split"); !split.empty()) how += " " + split;
  if (text_or_empty(arm, "cache") == "cold") how = "cold";
  if (text_or_empty(arm, "handover") == "bf16") how += how.empty() ? "bf16" : " bf16";
  return how;
}

// The arms' names; in one row "integrated (in_memory)" where there is room, else how they couple in a row of its own.
void arm_titles(TextTable& table, const Json& pipeline, const Json& arms) {
  const auto is_short = [](const Json& arm) { return how_of(arm).size() <= std::string_view("in_memory").size(); };
  const bool few = arms.size() <= 3 && std::all_of(arms.begin(), arms.end(), is_short);
  std::vector<Cell> head = {{"pipeline " + case_title(pipeline), Style::bold}}, below = {{""}};
  for (const Json& arm : arms) {
    const std::string how = grows(arm) ? "" : how_of(arm);
    const std::string name = grows(arm) ? growing_title(arm) : text_or_empty(arm, "arm");  // in memory unless split
    head.push_back({name + (few && !how.empty() ? " (" + how + ")" : ""), Style::bold, true});
    below.push_back({how, Style::bold, true});
  }
  table.row(std::move(head));
  if (!few) table.row(std::move(below));
}

// One row over the arms. Where no arm has a value and all share one reason, the reason stands once.
void measured_row(TextTable& table, const Json& arms, const std::string& label, const char* key, const char* unit) {
  std::vector<Cell> cells = {{label}};
  std::vector<std::string> reasons;
  bool any = false;
  for (const Json& arm : arms) {
    const Json& measured = member(arm, key);
    const bool has = measured.is_object() && !member(measured, "value").is_null() && !has_no_figure(arm);
    any |= has;
    reasons.push_back(text_or_empty(measured, "reason"));
    cells.push_back({has ? format_quantity(measured.at("value"), unit) : "-", Style::plain, true});
  }
  const bool same = std::equal(reasons.begin() + 1, reasons.end(), reasons.begin());
  if (!any && same && !reasons.front().empty()) cells = {{label}, {reasons.front(), Style::dim, false, true}};
  table.row(std::move(cells));
}

void text_row(TextTable& table, const Json& arms, const std::string& label, const ArmText& text) {
  std::vector<Cell> cells = {{label}};
  bool any = false;
  for (const Json& arm : arms) {
    cells.push_back({text(arm), Style::plain, true});
    any |= cells.back().text != "-";
  }
  if (any) table.row(std::move(cells));
}

// Phases of the same name are added up; a phase that no arm has is not shown.
std::string phase_seconds(const Json& arm, const std::string& name) {
  double seconds = 0;
  bool found = false;
  for (const Json& phase : member(arm, "phases"))
    if (text_or_empty(phase, "name") == name) {
      seconds += number_or(phase, "seconds", 0);
      found = true;
    }
  if (!found || has_no_figure(arm)) return "-";
  return seconds > 0 && seconds < 0.005 ? format_quantity(seconds, "s") : fmt::format("{:.2f} s", seconds);
}

std::vector<std::string> phase_names(const Json& arms) {
  std::vector<std::string> names;
  for (const Json& arm : arms)
    for (const Json& phase : member(arm, "phases")) {
      const std::string name = text_or_empty(phase, "name");
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  static const std::vector<std::string> order = {"start-up", "simulate", "hand over", "train",
                                                 "propose",  "answer",   "validate",  "wait"};
  const auto place = [](const std::string& name) { return std::find(order.begin(), order.end(), name); };
  std::stable_sort(names.begin(), names.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return names;
}

std::string gate(const Json& arm) {
  const Json& holdout = member(arm, "holdout");
  if (!holdout.is_object()) return "-";
  if (member(holdout, "decides") == false)
    return "not asked, " + format_percent(number_or(holdout, "max", INFINITY), 3);
  return fmt::format("{}, {}", holdout.at("pass").get<bool>() ? "pass" : "FAIL",
                     format_percent(number_or(holdout, "max", INFINITY), 3));
}

std::string median_error(const Json& arm) {
  const Json& holdout = member(arm, "holdout");
  return holdout.is_object() ? format_percent(number_or(holdout, "median", INFINITY), 3) : "-";
}

std::string scaled(const Json& arm) {
  const Json& part = member(arm, "scaled");
  if (!part.is_object()) return "-";
  return fmt::format("scaled from {} of {}", format_number(number_or(part, "answered", 0)),
                     format_number(number_or(part, "of", 0)));
}

// A status that asks for attention.
std::string attention(const Json& arm) {
  const std::string status = text_or_empty(arm, "status");
  return status == "UNOFFICIAL" || status.starts_with("VALID") ? "-" : status;
}

// The checks of the answers, a row each; of the launch that the arm shows.
void answer_rows(TextTable& table, const Json& arms) {
  std::vector<std::string> checks;
  const auto verdict_of = [](const Json& arm, const std::string& check) -> const Json* {
    for (const Json& verdict : arm.at("answers").at("verdicts"))
      if (verdict.at("check") == check) return &verdict;
    return nullptr;
  };
  for (const Json& arm : arms)
    for (const Json& verdict : arm.at("answers").at("verdicts")) {
      const auto check = verdict.at("check").get<std::string>();
      if (std::find(checks.begin(), checks.end(), check) == checks.end()) checks.push_back(check);
    }
  for (const std::string& check : checks)
    text_row(table, arms, "  " + check, [&](const Json& arm) {
      const Json* verdict = verdict_of(arm, check);
      if (verdict == nullptr) return std::string("-");
      return fmt::format("{} <= {}{}", format_number(number_or(*verdict, "value", INFINITY)),
                         format_number(number_or(*verdict, "limit", INFINITY)),
                         verdict->at("pass").get<bool>() ? "" : " FAIL");
    });
}

void arm_rows(TextTable& table, const Json& pipeline, const Json& arms) {
  measured_row(table, arms, "time to validated solution", "ttis", "s");
  text_row(table, arms, "", scaled);
  for (const std::string& name : phase_names(arms))
    text_row(table, arms, "  " + name, [&](const Json& arm) { return phase_seconds(arm, name); });
  measured_row(table, arms, energy_label(arms), "energy_to_solution", "J");
  for (const std::string& name : phase_names(arms))
    text_row(table, arms, "  " + name + " alone", [&](const Json& arm) { return phase_joules(arm, name); });
  text_row(table, arms, "energy (modelled, not measured)", modelled_text);
  const Json& problem = pipeline.at("problem");
  if (problem.at("cases") > 0) {
    const std::string plan =
        fmt::format("hold-out of {} cases, {} may exceed {}", problem.at("cases").dump(), problem.at("allowed").dump(),
                    format_percent(number_or(problem, "target", 0), 3));
    table.row({{plan, Style::plain, false, true}});
    text_row(table, arms, "  gate, largest error", gate);
    text_row(table, arms, "  median error", median_error);
  } else {
    table.row({{"no error per case: judged by its answers", Style::plain, false, true}});
    answer_rows(table, arms);
  }
  measured_row(table, arms, "bytes moved / useful", "movement_amplification", "1");
  measured_row(table, arms, "cross-workflow efficiency", "cross_workflow_efficiency", "1");
  text_row(table, arms, "status", attention);
}

std::string times(const Json& ratio) {
  const double value = number_or(ratio, "value", -1);
  return value < 0 ? "-" : fmt::format("{:.2f} x", value);
}
std::string times(const Json& kpis, const char* key) { return times(kpis.at(key)); }

// A ratio without interval that has a reason is a lower bound.
std::string gain(const Json& kpis, const char* key) {
  const bool bound = text_or_empty(kpis.at(key), "reason").starts_with("a lower bound");
  return (bound ? "more than " : "") + times(kpis, key);
}

// When each growing design was good enough, and what steering gained; "" where the plan has none.
std::string steering_line(const Json& pipeline) {
  const Json& steering = member(pipeline, "steering");
  if (!steering.is_object()) return "";
  std::string line = "until " + text_or_empty(steering, "criterion") + ": ";
  for (const Json& design : steering.at("designs")) {
    const Json& count = design.at("simulations_to_gate");
    const Json& last = pipeline.at("problem").at("steering").at("samples").back();
    line += fmt::format("{} {} simulations, ", growing_title(design),
                        !count.at("value").is_null()    ? format_quantity(count.at("value"), "1")
                        : design.at("launches").empty() ? "-"
                                                        : "> " + last.dump());
  }
  const Json& kpis = pipeline.at("kpis");
  return line + fmt::format("steering gains {} in simulations, {} in time", gain(kpis, "steering_gain_in_simulations"),
                            gain(kpis, "steering_gain"));
}

std::string kpis_line(const Json& kpis) {
  return fmt::format(
      "speed-up of integrated: {} over separated ({} without start-up), {} over simulation only; data moved less by {}",
      times(kpis, "coupling_speedup"), times(kpis, "coupling_speedup_without_startup"),
      times(kpis, "speedup_over_simulation"),
      kpis.at("data_movement_reduction").at("value").is_null()
          ? "-"
          : format_percent(number_or(kpis.at("data_movement_reduction"), "value", 0)));
}

// The other couplings and the other baseline; whether files and links were fast enough.
std::string couplings_line(const Json& kpis) {
  std::string line;
  for (const Json& entry : member(kpis, "couplings"))
    line += fmt::format("{}{} {} over {}", line.empty() ? "" : "; ", times(entry),
                        arm_words(text_or_empty(entry, "arm")), arm_words(text_or_empty(entry, "baseline")));
  return line;
}

std::string channels_line(const Json& arms) {
  std::string line;
  for (const Json& arm : arms)
    for (const Json& channel : member(arm, "sufficiency")) {
      const double sigma = number_or(channel, "sufficiency", -1);
      if (sigma < 0 || sigma >= 1) continue;
      line += fmt::format("{}{} of {} limits the coupling: it takes {:.1f} x the time of {}", line.empty() ? "" : "; ",
                          text_or_empty(channel, "channel"), text_or_empty(arm, "arm"), 1 / sigma,
                          text_or_empty(channel, "bottleneck"));
    }
  if (!line.empty()) return line;
  double least = INFINITY;
  std::string slowest;
  for (const Json& arm : arms)
    for (const Json& channel : member(arm, "sufficiency"))
      if (const double sigma = number_or(channel, "sufficiency", INFINITY); sigma < least) {
        least = sigma;
        slowest = text_or_empty(channel, "channel");
      }
  if (slowest.empty()) return "";
  return fmt::format(
      "files and links are enough for this coupling: the slowest channel, {}, could move its bytes {} times "
      "while the longer of simulation and training runs",
      slowest, format_number(std::floor(least)));
}

// How much of a phase its kernels explain, and what the rest is.
std::string prediction_line(const Json& pipeline) {
  std::string line;
  for (const Json& row : member(pipeline, "prediction")) {
    const double share = number_or(row, "share", -1);
    line += fmt::format("{}{}: ", line.empty() ? "kernels predict " : "; ", text_or_empty(row, "phase"));
    line += share < 0 ? "nothing, " + text_or_empty(row, "reason")
                      : fmt::format("{} of {} by {} (besides: {})", format_percent(share),
                                    format_quantity(row.at("measured"), "s"), text_or_empty(row, "kernel"),
                                    text_or_empty(row, "besides"));
  }
  return line;
}

// When the surrogate pays off, and what the network is worth against the best cheap rival.
std::string worth(const Json& pipeline) {
  std::string line;
  const Json& amortisation = pipeline.at("kpis").at("amortisation");
  if (!amortisation.at("value").is_null())
    line = amortisation.at("value") == "inf"
               ? "the surrogate never pays off; "
               : fmt::format("the surrogate pays off after {}; ", format_measured(amortisation, "answers"));
  for (const Json& arm : pipeline.at("arms")) {
    const Json& skill = member(arm, "skill");
    if (!skill.is_object() || !member(skill, "best_rival").is_object()) continue;
    const Json& rival = skill.at("best_rival");
    line += fmt::format("best rival {}: {} median against {}", text_or_empty(rival, "name"),
                        format_percent(number_or(rival, "median", INFINITY), 3),
                        format_percent(number_or(skill, "median", INFINITY), 3));
    if (const Json& passing = member(arm, "passing_rival"); passing.is_object())
      line +=
          fmt::format("; rival {} meets the target too and would take {} (composed, not run)",
                      text_or_empty(passing, "name"), format_quantity(number_or(passing, "seconds", INFINITY), "s"));
    return line;
  }
  return line.substr(0, line.size() < 2 ? 0 : line.size() - 2);
}

// The arms side by side; more than have room for their figures go into tables of their own, about equally many in each.
std::string arms_text(const Json& pipeline, const Screen& screen) {
  constexpr std::size_t kLabel = 28, kColumn = 16;
  const Json& arms = pipeline.at("arms");
  const std::size_t room = std::max<std::size_t>(1, (std::max(screen.width, kLabel) - kLabel) / kColumn);
  const std::size_t tables = std::max<std::size_t>(1, (arms.size() + room - 1) / room);
  std::string text;
  for (std::size_t t = 0; t < tables; ++t) {
    Json some = Json::array();
    for (std::size_t i = t * arms.size() / tables; i < (t + 1) * arms.size() / tables; ++i) some.push_back(arms[i]);
    TextTable table;
    arm_titles(table, pipeline, some);
    if (!some.empty()) arm_rows(table, pipeline, some);
    text += table.text(screen.width, screen.colour);
  }
  return text;
}

}  // namespace

std::string arm_words(const std::string& arm) {
  static const std::regex key("\\.\\w+=");
  return std::regex_replace(arm, key, " ");
}

std::string pipeline_summary(const Json& pipeline, const Screen& screen) {
  std::string text = arms_text(pipeline, screen);
  if (const std::string line = steering_line(pipeline); !line.empty()) text += wrapped(line, screen.width, 2);
  const Json& arms = pipeline.at("arms");
  if (!arms.empty() && std::all_of(arms.begin(), arms.end(), grows)) return text;  // nothing is compared but designs
  text += wrapped(kpis_line(pipeline.at("kpis")), screen.width, 2);
  const std::string placement = text_or_empty(member(pipeline, "placement"), "text");
  for (const std::string& line :
       {saving_line(pipeline.at("kpis")), couplings_line(pipeline.at("kpis")), channels_line(pipeline.at("arms")),
        placement.empty() ? "" : "simulating beside training against one after the other: " + placement,
        prediction_line(pipeline)})
    if (!line.empty()) text += wrapped(line, screen.width, 2);
  for (const Json& claim : pipeline.at("claims")) text += wrapped(text_or_empty(claim, "text"), screen.width, 2);
  return text + wrapped(worth(pipeline), screen.width, 2);
}

}  // namespace tandem
