// tandem meter: the process of one node that meter_launcher starts; it reads the node's meters as long as the run
// takes.
#include <CLI/CLI.hpp>
#include <unistd.h>

#include "harness/launch/energy.hpp"
#include "harness/launch/node_meters.hpp"
#include "harness/launch/process.hpp"
#include "harness/measure/machine.hpp"
#include "harness/verbs/verbs.hpp"

namespace tandem {
namespace {

// Tells this node's meters on stdout until a signal; `node` is its name, "" = the digest of the host's.
Exit meter_node(const std::string& node) {
  catch_signals();
  NodeReadable found = readable_meters();
  const int nodes = launched_processes();
  tell_meters(found.meters, found.reason, node.empty() ? host_digest() : node, nodes, telling_period(nodes),
              STDOUT_FILENO, [] { return caught_signal() != 0; });
  return Exit::ok;
}

}  // namespace

void add_meter(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("meter", "")->group("");
  const auto node = std::make_shared<std::string>();
  verb->add_option("--node", *node);  // its name, where the host's is not to be used
  verb->callback([node, &perform] { perform = [node] { return meter_node(*node); }; });
}

}  // namespace tandem
