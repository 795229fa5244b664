// Which way a pipeline is run: arm, coupling, design, page cache, precision of the hand-over and split of the ranks,
// and its text in names of launches and figures: "simulation_only", "separated", "separated.cache=cold",
// "integrated.coupling=in_memory", "integrated.coupling=concurrent.split=1+1", "separated.handover=bf16",
// "integrated.coupling=in_memory.design=steered".
#pragma once

#include <string>

namespace tandem {

// Ranks that simulate and ranks that train, at the same time.
struct Split {
  int simulating = 0;
  int training = 0;
  int simulating_threads = 0;  // of each rank that simulates; 0: all ranks have the same number
  int training_threads = 0;
  int ranks() const { return simulating + training; }
  bool shares_threads() const { return simulating_threads > 0; }
  int threads_of(int rank) const { return rank < simulating ? simulating_threads : training_threads; }
  int cores() const;                         // that it takes at least
  double share() const;                      // of the cores: those that simulate
  std::string text() const;                  // "1+1"; with shares of threads, ranks x threads: "1x2+1x6"
  static Split of(const std::string& text);  // an error unless all numbers are at least 1
};

struct ArmId {
  std::string arm;                // simulation_only | separated | integrated
  std::string coupling;           // of integrated: in_memory | concurrent | streamed; else ""
  std::string design = "fixed";   // fixed | of integrated: steered | in memory: steered_rival | fixed_until_gate
  std::string cache = "warm";     // of separated: the page cache between its processes, warm | cold
  std::string handover = "fp32";  // in which precision samples are handed over, fp32 | bf16
  Split split;                    // of concurrent and streamed; else 0 + 0

  bool is_split() const { return split.ranks() > 0; }
  bool grows() const { return design != "fixed"; }  // in rounds until its criterion is met
  bool trains() const { return arm != "simulation_only"; }
  std::string text() const;
  static ArmId of(const std::string& text);  // what text() wrote; "integrated" alone is in_memory
  bool operator==(const ArmId& other) const { return text() == other.text(); }
};

// The processes of a launch: a split takes the cores of the case, ranks * threads of them, for its own ranks.
struct Geometry {
  Geometry(int all, int each) : ranks(all), threads(each), cores(all * each) {}
  int ranks;
  int threads;  // per rank; where they differ, the most of one
  int cores;    // of all ranks
  // Launchers give all ranks the same number of cores: where they differ, each rank takes its own (rank_cores).
  bool uneven() const { return cores != ranks * threads; }
};
Geometry geometry_of(const ArmId& id, int ranks, int threads);

}  // namespace tandem
