// tandem list: what can be measured, with every setting and its default.
#include <algorithm>

#include <CLI/CLI.hpp>

#include "harness/device/gpu.hpp"
#include "harness/device/host.hpp"
#include "harness/kernel/gpu_kernels.hpp"
#include "harness/kernel/gpu_modules.hpp"
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

std::string text_of(const GpuDevice& device) {
  if (!device.unusable.empty()) return fmt::format("{}: {}", device.name, device.unusable);
  return fmt::format("{}, {}, {} units, {:.1f} of {:.1f} GiB free", device.name, device.architecture, device.units,
                     device.free_bytes / 0x1p30, device.memory_bytes / 0x1p30);
}

// What a case may name as its device, and why not.
Exit list_devices() {
  fmt::print("devices\n  {:<10} {} cores\n", "cpu", physical_cores());
  for (const GpuModule& module : gpu_modules(program_folder())) {
    for (const GpuDevice& device : module.survey.devices)
      fmt::print("  {:<10} {} ({}: {})\n", "gpu", text_of(device), module.vendor, module.survey.runtime);
    if (module.survey.devices.empty()) fmt::print("  {:<10} none by {}: {}\n", "gpu", module.vendor, module.reason);
  }
  fmt::print("  {:<10} memory of the host that behaves like a GPU's: for tests, its times mean nothing\n", "guarded");
  return Exit::ok;
}

// Which kernel runs where, as a table of Markdown: docs/gpu.md holds its rows of devices, and a test compares the two.
// No module was run on a GPU yet; whoever does so writes "tested" here.
Exit list_support() {
  const auto has = [](const std::vector<KernelEntry>& kernels, const std::string& name) {
    return std::any_of(kernels.begin(), kernels.end(), [&](const KernelEntry& entry) { return entry.name == name; });
  };
  std::vector<std::string> names;
  for (const auto* kernels : {&kernel_registry(), &guarded_registry()})
    for (const KernelEntry& entry : *kernels)
      if (std::find(names.begin(), names.end(), entry.name) == names.end()) names.push_back(entry.name);
  fmt::print("| kernel | cpu | guarded | cuda | hip |\n|---|---|---|---|---|\n");
  for (const std::string& name : names) {
    const bool on_device = has(guarded_registry(), name);
    const char* module = on_device ? "compiled, not run" : "unsupported";
    fmt::print("| {} | {} | {} | {} | {} |\n", name, has(kernel_registry(), name) ? "tested" : "unsupported",
               on_device ? "tested" : "unsupported", module, module);
  }
  return Exit::ok;
}

Exit list(const std::string& filter) {
  std::size_t shown = show("kernels                  setting = default", kernel_registry(), filter);
  shown += show("kernels for device = \"gpu\"", guarded_registry(), filter);
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
  const auto devices = std::make_shared<bool>(false), support = std::make_shared<bool>(false);
  verb->add_option("NAME", *filter, "Only names that match this glob, e.g. 'dense/*'");
  verb->add_flag("--devices", *devices, "What can compute here, and why what is missing cannot");
  verb->add_flag("--support", *support, "Which kernel runs on which device, as a table of Markdown");
  verb->footer("example: tandem list 'sparse/*'");
  verb->callback([filter, devices, support, &perform] {
    perform = [filter, devices, support] {
      return *devices ? list_devices() : *support ? list_support() : list(*filter);
    };
  });
}

}  // namespace tandem
