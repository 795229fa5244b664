// tandem worker: one rank of one launch; started by run.
#include "harness/launch/worker.hpp"

#include <CLI/CLI.hpp>

#include "harness/verbs/verbs.hpp"

namespace tandem {

void add_worker(CLI::App& app, Perform& perform) {
  CLI::App* verb = app.add_subcommand("worker", "")->group("");
  const auto job = std::make_shared<std::string>();
  verb->add_option("JOB", *job)->required();
  verb->callback([job, &perform] { perform = [job] { return run_worker(*job); }; });
}

}  // namespace tandem
