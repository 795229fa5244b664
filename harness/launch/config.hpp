// A run's configuration: what to measure, how often, on how many ranks. Read from TOML; unknown keys and values are
// refused with file, line and the nearest known word.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/arm_id.hpp"
#include "harness/base/settings.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/result/energy_model.hpp"

namespace tandem {

struct CaseConfig {
  bool pipeline = false;
  bool pairing = false;        // harness/pairing/pairing.hpp
  bool regime = false;         // a point of the map, harness/pipeline/regime.hpp
  std::string name;            // "dense/gemm", "heat"; of a point "regime/heat"
  Settings settings;           // every parameter, in registry order
  std::string device = "cpu";  // of kernels also gpu, guarded (harness/kernel/gpu_kernels.hpp)
  int ranks = 1;
  int threads = 1;                       // per rank
  std::vector<ArmId> arms;               // of pipelines and of a map's points
  std::size_t simulation_questions = 0;  // of the simulation-only arm; 0 = all
  std::vector<std::string> activities;   // pairings only: their paths
  bool with_kernels = false;             // pipelines: the kernel cases that predict its phases are cases too

  // "dense/gemm/n=1024/precision=fp64/device=cpu", "/ranks=2" appended where ranks > 1.
  std::string path() const;
  std::string pipeline_name() const;  // of a pipeline or a point
  int most_ranks() const;             // of its launches: an arm may split the cores among more ranks
};

struct Config {
  std::string run_class = "quick";  // quick | standard | official | procurement
  int launches = 1;
  bool pairs = false;          // launches 2k and 2k + 1 are the same work, seed and all: the machine against itself
  bool limits = true;          // false: none are measured, and nothing is judged by them
  bool keep_all = true;        // false: neither weights, pictures of fields nor the page stay, only digests and figures
  int launches_most = 1;       // more than launches: the stop rule decides (result/stop_rule.hpp)
  std::string launcher;        // template with {ranks}, {threads}; "" = the MPI's own mpirun
  std::string meter_launcher;  // starts one process on every node, which reads its meters; "" = only here
  double timeout = 600;        // seconds a worker may take
  std::uint64_t seed = 1;
  std::optional<EnergyModel> energy_model;  // [energy_model]: declared by the user, no measurement
  std::vector<std::string> headline;        // globs on figures: what tandem compare decides on (decide/headline.hpp)
  std::vector<CaseConfig> cases;
};

// What the command line overrides; 0 and "" leave the config's value.
struct Overrides {
  std::string filter;  // a glob on the case path
  int launches = 0;
  int ranks = 0;
  int pairs = 0;  // > 0: so many pairs of launches instead
};

// The kernel case that predicts a phase of a pipeline with so many threads, on one rank.
CaseConfig predicting_case(const Prediction& prediction, int threads);

// Errors (exit code 2): "FILE:LINE: unknown key "precison" in [[kernel]] dense/gemm; did you mean "precision"?"
Config read_config(const std::filesystem::path& path, const Overrides& overrides);
Config parse_config(const std::string& text, const std::string& source, const Overrides& overrides);

bool glob_match(const std::string& pattern, const std::string& text);

}  // namespace tandem
