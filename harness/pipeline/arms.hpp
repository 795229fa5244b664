// The arms of a pipeline as short functions over one Handover. A worker process runs one stage of an arm:
//   simulation_only  one process: the coarse classical method answers, the gate judges
//   separated        three processes: simulate -> files -> train -> files -> answer and validate
//   integrated       one process: the same work, handed over in memory (or, later, by another coupling)
// Every arm spends its time in named states: simulate, train, answer, validate (phases), hand over (transition),
// wait (waiting).
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/arm_id.hpp"
#include "harness/measure/recorder.hpp"
#include "harness/pipeline/pipeline.hpp"
#include "harness/pipeline/stages.hpp"

namespace tandem {

struct ArmJob {
  ArmId id;
  std::string stage;              // separated: simulate | train | answer; else "all"
  std::uint64_t seed = 0;         // of the block: training cases, questions, initial weights
  std::size_t questions = 0;      // how many are answered
  std::string config_digest;      // enters the hold-out's seed
  std::filesystem::path folder;   // for files between processes
  std::filesystem::path weights;  // where the frozen weights are kept for the record; "": nowhere
};

// What takes the samples at a point of the regime map (regime.hpp), in the place of training, answers and gate.
class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual bool early() const = 0;  // takes each block as it comes where it can, and lets it go
  virtual void take(const Stage& stage, Handover& handover) = 0;  // all that has come; enters its own state
  virtual void finish(const Stage& stage) = 0;                    // records what it has done
};

// The stages of the arms, in order of their processes.
std::vector<std::string> stages_of(const std::string& arm);

// Throws Unsupported on every rank where the setting simulate_on wants a device that is not there, or more ranks would
// simulate on one than one: a Simulation does not know which of its host's devices is its rank's.
void demand_simulating_device(const ArmId& id, const Settings& settings, const Ranks& ranks);

void run_arm(const ArmJob& job, const Pipeline& pipeline, const PipelineEntry& entry, const Settings& settings,
             const Ranks& ranks, Recorder& recorder);

// The coupling alone, for the regime map: the samples of the schedule to a consumer, `integrated` in one process, in
// memory, or `separated` in two, simulate and consume, with files between them.
std::vector<std::string> coupled_stages_of(const std::string& arm);
void run_coupled(const ArmJob& job, const Pipeline& pipeline, Consumer& consumer, const Ranks& ranks,
                 Recorder& recorder);

}  // namespace tandem
