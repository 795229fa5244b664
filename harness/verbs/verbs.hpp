// The verbs of the command line, one file each: add_<verb> tells its options and sets what it does once it was chosen.
// A verb only reads what it needs, prints for people, and returns the exit code.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"

namespace CLI {
class App;
}

namespace tandem {

using Perform = std::function<Exit()>;

void add_list(CLI::App& app, Perform& perform);
void add_run(CLI::App& app, Perform& perform);
void add_aa(CLI::App& app, Perform& perform);
void add_verify(CLI::App& app, Perform& perform);
void add_revalidate(CLI::App& app, Perform& perform);
void add_report(CLI::App& app, Perform& perform);
void add_accept(CLI::App& app, Perform& perform);
void add_compare(CLI::App& app, Perform& perform);
void add_regress(CLI::App& app, Perform& perform);
void add_reproduce(CLI::App& app, Perform& perform);
void add_cite(CLI::App& app, Perform& perform);
void add_export(CLI::App& app, Perform& perform);
void add_worker(CLI::App& app, Perform& perform);  // started by run, not by people
void add_meter(CLI::App& app, Perform& perform);   // started by meter_launcher

struct RunOptions {
  std::string config;  // "" = the quick configuration that the program carries
  std::string text;    // not "": the configuration itself, `config` is what messages call it
  std::string filter;  // glob on case paths
  std::string out;     // "" = results/<date>-<class>
  std::string resume;  // directory of an interrupted run
  int launches = 0;
  int ranks = 0;
  int pairs = 0;  // > 0: the machine against itself, so many launches a side
  bool dry_run = false;
};

// A finished run, sealed; `code` is not ok where a signal ended it before, and then there is no document.
struct Measured {
  Exit code = Exit::ok;
  std::filesystem::path folder;
  Json document;
  std::string root;
};
Measured measure(const RunOptions& options);
void show_plan_of(RunOptions options);  // cases and launches; runs nothing

// `last`: closes with the result line, for another verb does not go on from here. Also a revalidation's record.
Exit verify(const std::filesystem::path& path, bool last = true);

}  // namespace tandem
