// Kernel: one timed computation. The harness owns the loop and the clock; a kernel prepares, runs, judges its own
// output and tells what it cost. Adding one: docs in kernels/README.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/settings.hpp"
#include "harness/base/verdict.hpp"
#include "harness/kernel/marks.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

// What one run() costs by the kernel's formula (per rank), and what happened.
struct Facts {
  double flops = 0;        // floating-point (or integer multiply-add) operations
  double bytes = 0;        // least memory traffic: every operand once, from or to memory
  double working_set = 0;  // bytes that must lie in a cache level for the run to come from there
  std::string limit;       // the machine limit that bounds it: "fp64", "fp32", "bf16", "int8", "read", "triad"; "" none
  std::map<std::string, std::string> notes = {};  // "implementation", "format", "iterations", "residual", ...
  double setup_share = 0;  // of the constructor's time that belongs to each run and is added to its samples
};

// Inputs to prepare: integers for which the arithmetic is exact, or random reals. Timing uses reals.
enum class Data { exact, random };

// What run() produced, so that the harness can poison it before a run and a test can corrupt it after one.
struct Output {
  enum class Type { fp64, fp32, bf16, fp16, int32, int8 };
  void* data = nullptr;
  std::size_t count = 0;
  Type type = Type::fp64;
  std::function<void()> changed = {};  // to be called after `data` was written: brings it to where run() writes it,
                                       // where that is a device's memory
};

// The constructor allocates and sets up for its settings; it throws Unsupported(reason) where this machine, build or
// library has no real implementation (a reference implementation is unsupported too).
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void prepare(Data data) = 0;  // fills the inputs, resets the state; not timed
  virtual void restore() {}             // KernelEntry::destroys_input: brings the inputs back; not timed
  // A kernel that goes on from its own state, as an optimiser does, stores that state and says true: in prepare() and
  // before each later run that will be judged, not timed. The others keep nothing.
  virtual bool keep() { return false; }
  virtual void run() = 0;                     // timed; may be called any number of times after prepare
  virtual void finish() {}                    // timed: waits for what run() started, where a device works on by itself
  virtual std::vector<Verdict> verify() = 0;  // judges the output of the last run() against its inputs, in fp64 or
                                              // exactly; never calls run(); collective under MPI
  virtual Facts facts() const = 0;
  virtual Output output() = 0;
};

struct KernelContext {
  const Ranks& ranks;
  int threads = 1;         // of this rank; OpenMP is already set to it
  std::uint64_t seed = 1;  // of all random inputs
  Marks& marks = no_marks();
};

// How many ranks share the work, and how many of them share this host's memory.
struct Placement {
  int ranks = 1;
  int on_host = 1;
};

// What the registry knows of a kernel before it is made.
struct KernelEntry {
  enum class Figure { flop_rate, byte_rate, time };  // the headline: flop/s, B/s, or s per run
  std::string name;                                  // "dense/gemm"
  std::string summary;                               // one line for `tandem list`
  std::vector<Parameter> parameters;                 // in the order in which they stand in a case's name
  Figure figure = Figure::flop_rate;
  std::function<double(const Settings&, const Placement&)>
      memory;  // bytes that a rank needs, to refuse an impossible size; checks values
  std::function<std::unique_ptr<Kernel>(const Settings&, const KernelContext&)> make;
  bool collective = false;      // ranks work on one problem and wait for one another (min sample 0.2 ms)
  bool destroys_input = false;  // run() uses its inputs up: restore() before every further run; a sample is one run
  std::function<std::string(double)> fits = {};  // the largest size that fits these bytes, to be proposed; optional
  std::function<double(const Ranks&)> free_memory = {};  // of the device, where that is not the host; collective
  // The same task done in another way by the kernel that was made, what run() is an answer to; optional. It is timed
  // in turn with run() after the samples, and the ratio of the times is reported as the speed-up over it.
  struct Rival {
    std::string name;  // "fp64"
    std::function<void(Kernel&)> run;
  };
  Rival rival = {};
};

// All kernels in the order of kernels/CMakeLists.txt (generated; each kernels/<family>/<name>.cpp defines
// `KernelEntry <family>_<name>()` in namespace tandem::kernels).
const std::vector<KernelEntry>& kernel_registry();

}  // namespace tandem
