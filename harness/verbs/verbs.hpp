// The verbs of the command line. Each only reads what it needs, prints for people, and returns the exit code.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/check.hpp"

namespace tandem {

struct RunOptions {
  std::string config;  // "" = the quick configuration that the program carries
  std::string filter;  // glob on case paths
  std::string out;     // "" = results/<date>-<class>
  std::string resume;  // directory of an interrupted run
  int launches = 0;
  int ranks = 0;
  bool dry_run = false;
};

struct RevalidateOptions {
  std::string nonce;
  std::string out;  // "" = <DIR>.revalidation-<12 digits of the nonce's digest>.json
};

Exit list_cases(const std::string& filter);
Exit run(const RunOptions& options);
// `last`: closes with the result line, for another verb does not go on from here. Also a revalidation's record.
Exit verify(const std::filesystem::path& path, bool last = true);
Exit revalidate(const std::filesystem::path& folder, const RevalidateOptions& options);
Exit report(const std::filesystem::path& folder, const std::string& out);

}  // namespace tandem
