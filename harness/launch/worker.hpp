// A worker: one rank of one launch. Reads its job, does it, leaves records as JSON lines beside the job
// ("rank<r>.jsonl", the last one "end"), and never prints but to stderr.
#pragma once

#include <filesystem>

#include "harness/base/check.hpp"

namespace tandem {

// The exit code tells the coordinator only whether the worker came to its end; verdicts are records.
Exit run_worker(const std::filesystem::path& job_file);

}  // namespace tandem
