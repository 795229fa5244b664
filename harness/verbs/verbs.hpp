// The verbs of the command line. Each only reads what it needs, prints for people, and returns the exit code.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/check.hpp"
#include "harness/base/json.hpp"

namespace tandem {

struct RunOptions {
  std::string config;  // "" = the quick configuration that the program carries
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

struct AaOptions {
  RunOptions run;  // out: the file of the threshold; "" = beside the run's directory
  int pairs = 6;
  std::string of;  // a run that was measured before instead
};

struct RevalidateOptions {
  std::string nonce;
  std::string out;  // "" = <DIR>.revalidation-<12 digits of the nonce's digest>.json
};

Exit list_cases(const std::string& filter);
Exit run(const RunOptions& options);
Exit aa(const AaOptions& options);
// `last`: closes with the result line, for another verb does not go on from here. Also a revalidation's record.
Exit verify(const std::filesystem::path& path, bool last = true);
Exit revalidate(const std::filesystem::path& folder, const RevalidateOptions& options);
Exit report(const std::filesystem::path& folder, const std::string& out);

// Tells this node's meters on stdout until a signal; `node` is its name, "" = the digest of the host's.
Exit meter_node(const std::string& node);

}  // namespace tandem
