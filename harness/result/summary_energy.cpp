// Energy in the terminal's summary: below a pipeline's table what the saving is made of, and the run's idle power.
#include <fmt/format.h>

#include "harness/result/format.hpp"
#include "harness/result/summary_parts.hpp"

namespace tandem {

std::string energy_label(const Json& arms) {
  for (const Json& arm : arms)
    if (const std::string scope = text_or_empty(arm, "energy_scope"); !scope.empty())
      return fmt::format("energy to solution ({}, {})", scope, text_or_empty(arm, "energy_level"));
  return "energy to solution";
}

std::string phase_joules(const Json& arm, const std::string& name) {
  for (const Json& phase : member(arm, "energy_by_phase")) {
    if (text_or_empty(phase, "name") != name || member(phase, "joules").is_null() || has_no_figure(arm)) continue;
    return format_quantity(phase.at("joules"), "J");
  }
  return "-";
}

std::string modelled_text(const Json& arm) {
  const Json& modelled = member(arm, "energy_modelled");
  return modelled.is_object() && !has_no_figure(arm) ? format_quantity(modelled.at("joules"), "J") : "-";
}

std::string saving_line(const Json& kpis) {
  const Json& split = member(kpis, "energy_saving_split");
  if (!split.is_object() || member(split, "joules").is_null()) return "";
  return fmt::format("integrated saves {} a solution: {} by less time, {} by less power ({} to {})",
                     format_quantity(split.at("joules"), "J"), format_quantity(split.at("from_time"), "J"),
                     format_quantity(split.at("from_power"), "J"), format_quantity(split.at("watts_separated"), "W"),
                     format_quantity(split.at("watts_integrated"), "W"));
}

std::string idle_line(const Json& run) {
  std::string text;
  for (const Json& rest : member(run, "idle_power"))
    text += fmt::format("{}{} {}", text.empty() ? "idle power " : ", ", text_or_empty(rest, "when"),
                        rest.at("watts").is_null() ? "- (" + text_or_empty(rest, "reason") + ")"
                                                   : format_quantity(rest.at("watts"), "W"));
  if (const Json& sampler = member(run, "sampler"); sampler.is_object())
    text += fmt::format("{}reading the meters took {} of a core", text.empty() ? "" : "; ",
                        format_percent(number_or(sampler, "cpu_share", 0)));
  return text;
}

}  // namespace tandem
