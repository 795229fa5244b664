// tandem list: what can be measured, with every setting and its default.
#include <CLI/CLI.hpp>

#include "harness/kernel/kernel.hpp"
#include "harness/launch/config.hpp"
#include "harness/measure/machine.hpp"
#include "harness/measure/shared_node.hpp"
#include "harness/meter/meter.hpp"
#include "harness/pairing/pairing.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/verbs/verbs.hpp"

namespace tandem {
namespace {

template <typename Entry>
std::size_t show(const char* title, const std::vector<Entry>& registry, const std::string& filter) {
  std::size_t shown = 0;
  for (const Entry& entry : registry) {
    if (!filter.empty() && !glob_match(filter, entry.name)) continue;
    if (shown++ == 0) fmt::print("{}\n", title);
    fmt::print("  {:<22} {}\n", entry.name, entry.summary);
    for (const Parameter& parameter : entry.parameters)
      fmt::print("      {:<18} {:<26} {}\n", parameter.key, parameter.fallback, parameter.help);
  }
  return shown;
}

Exit list(const std::string& filter) {
  std::size_t shown = show("kernels                  setting = default", kernel_registry(), filter);
  shown += show("pipelines", pipeline_registry(), filter);
  shown += show("pairings", pairing_registry(), filter);
  check_usage(shown > 0, "nothing is named \"{}\"; tandem list shows everything", filter);
  if (!filter.empty()) return Exit::ok;
  fmt::print("energy meters\n");
  for (const Sighting& one : survey(virtual_machine(), shared_node(read_allocation())))
    fmt::print("  {:<22} {}\n", one.meter->name(), one.unused.empty() ? one.meter->scope() : one.unused);
  return Exit::ok;
}

}  // namespace

void add_list(CLI::App& app, Perform& perform) {
  CLI::App* verb =
      app.add_subcommand("list", "Shows kernels, pipelines and meters, with every setting and its default");
  const auto filter = std::make_shared<std::string>();
  verb->add_option("NAME", *filter, "Only names that match this glob, e.g. 'dense/*'");
  verb->footer("example: tandem list 'sparse/*'");
  verb->callback([filter, &perform] { perform = [filter] { return list(*filter); }; });
}

}  // namespace tandem
