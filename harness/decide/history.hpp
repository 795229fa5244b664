// The history of a machine's nights: one directory, one small file a night ("tandem-night/1",
// results/schema/night-1.schema.json), added and never changed. A file's name begins with the night's time, so that
// names sort by time and only the newest need be read: 2026-11-22T031500Z-<12 digits of the root>.json. What a person
// accepted as the new normal stands beside them: <night>.accepted-<k>.json ("tandem-accepted/1").
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/json.hpp"

namespace tandem {

// One figure of merit of a night.
struct NightFigure {
  std::string fom;       // its name, "kernel.dense.gemm.n=2048.precision=fp64.device=cpu.rate"
  std::string path;      // of its case, "dense/gemm/n=2048/precision=fp64/device=cpu"
  std::string kind;      // "kernel" or "pipeline"
  std::string unit;      // of the costs
  std::string identity;  // what must agree, besides the machine, for two nights to be compared
  std::string status;
  std::string reason;                    // of the status, or why there is no figure
  std::vector<double> costs;             // of the launches, larger is dearer
  std::optional<double> ln_median;       // ln of the median cost; nothing where INVALID, FAILED or skipped
  std::map<std::string, double> counts;  // deterministic: bytes, iterations, messages, spec flops
};

struct Night {
  std::string name;  // of its file, without ".json"
  std::string root;  // of the result directory that it was taken from
  std::string started, run_class, config, status;
  Json program;             // {"version", "commit", "dirty"}
  Json machine;             // what a person needs to understand a boundary: {"cpu", "cores", "os", "libraries", ...}
  std::string fingerprint;  // of the machine (result/aa_threshold.hpp)
  std::vector<NightFigure> figures;
};

// Changes of these figures, up to the named night each, are the new normal.
struct Accepted {
  std::string night, reason;
  std::map<std::string, std::string> since;  // name of a figure of merit -> night with which its series starts anew
};

struct History {
  std::size_t nights = 0;     // in the directory; `newest` holds the last of them
  std::vector<Night> newest;  // in order of time
  std::vector<Accepted> accepted;
};

// Reads the newest `most` nights and no other. A file that is damaged, or no night at all, is an error (INVALID) that
// names it: a night that is left out in silence would change every decision after it.
History read_history(const std::filesystem::path& folder, std::size_t most = 365);

// Writes a night under its name, whole or not at all; a root that the history has already is refused. Makes the
// directory where it is missing.
std::filesystem::path add_night(const std::filesystem::path& folder, const Night& night);
std::filesystem::path add_accepted(const std::filesystem::path& folder, const Accepted& accepted);

// The name of a night that began at "2026-11-22T03:15:00Z".
std::string night_name(const std::string& started, const std::string& root);

Json to_json(const Night& night);  // with its seal
// `source` names it in errors.
Night parse_night(const std::string& text, const std::string& source);

}  // namespace tandem
