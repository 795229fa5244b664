// An Activity: prepared once, then one step again and again. It is made of a kernel (a step is one run) or of a phase
// of a pipeline, so that any two things that a machine does can be set side by side. Named by a path:
//
//   dense/gemm/n=512           a kernel with its settings; a step is one run, after its input was brought back where
//                              the kernel uses it up
//   heat/simulate/size=S       a step is one training simulation
//   heat/train                 a step is one optimiser step of the Problem's batch, on the first N_0 samples
//   heat/infer/batch=1         a step is one prediction of `batch` cases (64 where nothing is said)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/kernel/kernel.hpp"
#include "harness/pipeline/pipeline.hpp"

namespace tandem {

class Activity {
 public:
  virtual ~Activity() = default;
  // Inputs and state, and the judgement of a first output: before anything is timed. Collective.
  virtual std::vector<Verdict> prepare() = 0;
  virtual void step() = 0;                    // collective where the kernel or learner is
  virtual std::vector<Verdict> verify() = 0;  // judges what the last step left, or of a kernel that keeps
                                              // its state one step more; collective
};

struct ActivityChoice {
  std::string text;  // as it was written, its name in results
  const KernelEntry* kernel = nullptr;
  const PipelineEntry* pipeline = nullptr;
  std::string phase;  // of a pipeline: simulate, train or infer
  Settings settings;
};

// Usage errors say what is known.
ActivityChoice activity_of(const std::string& text);

// What a rank of the group needs to know. The members outlive the activity.
struct ActivityContext {
  const Ranks& ranks;
  int threads = 1;
  std::uint64_t seed = 1;
};

// Unsupported(reason) where this machine or this number of ranks cannot do it; a usage error where memory is short.
std::unique_ptr<Activity> make_activity(const ActivityChoice& choice, const ActivityContext& context);

// The activities that are phases of a pipeline (phases.cpp).
std::unique_ptr<Activity> make_phase(const ActivityChoice& choice, const ActivityContext& context);

}  // namespace tandem
