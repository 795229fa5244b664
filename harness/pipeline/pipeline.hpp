// The words of a pipeline: Case, Sample, Simulation, Model, Learner, Problem. Content implements them; the harness
// couples them in arms. Content reads no clock, splits no ranks, names no file. Methods called "on every rank" are
// collective. docs/design.md writes five pipelines in these signatures.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/check.hpp"
#include "harness/base/settings.hpp"
#include "harness/base/verdict.hpp"
#include "harness/ranks/ranks.hpp"

namespace tandem {

struct Array {
  std::vector<std::size_t> shape;
  std::vector<float> values;             // row-major
  std::vector<std::uint16_t> bf16 = {};  // in place of `values`, on the way through a hand-over of that precision only

  std::span<const std::byte> payload() const {
    return bf16.empty() ? std::as_bytes(std::span(values)) : std::as_bytes(std::span(bf16));
  }
  std::span<std::byte> payload() {
    return bf16.empty() ? std::as_writable_bytes(std::span(values)) : std::as_writable_bytes(std::span(bf16));
  }
};
using Arrays = std::map<std::string, Array>;

// Independent streams of cases: what was trained on is never asked or judged.
enum class Purpose : std::uint64_t {
  training = 1,
  holdout = 2,
  question = 3,
  tolerance = 4,
  steering = 5,  // what a steered design asks its model, to find out where to simulate next
  judging = 6    // what a growing design is judged by
};

// One input of a pipeline, drawn by (purpose, seed, index): parameters, a snapshot (e.g. a noisy state), or both.
struct Case {
  Purpose purpose = Purpose::training;
  std::uint64_t index = 0;
  std::vector<double> parameters;
  Arrays snapshot;
};

// Named arrays from one simulation: inputs, labels, optionally a Jacobian; one or many training pairs.
struct Sample {
  std::uint64_t index = 0;  // of its case, the canonical order
  std::size_t pairs = 1;
  Arrays arrays;
  std::size_t bytes() const {
    std::size_t total = 0;
    for (const auto& [name, array] : arrays) total += array.payload().size();
    return total;
  }
};

// Outputs of many cases: row i belongs to case i.
struct Fields {
  std::size_t rows = 0, columns = 0;
  std::vector<float> values;
  Fields() = default;
  Fields(std::size_t r, std::size_t c) : rows(r), columns(c), values(r * c) {}
  std::span<float> row(std::size_t i) { return {values.data() + i * columns, columns}; }
  std::span<const float> row(std::size_t i) const { return {values.data() + i * columns, columns}; }
};

// Answers a case: a trained Learner, or the coarse Simulation of the simulation-only arm. Thread-parallel inside.
class Model {
 public:
  // Fills row i of cotangents (d objective / d outputs) from the prediction for case i; called once per case,
  // possibly from several threads.
  using Seed = std::function<void(std::size_t row, std::span<const float> prediction, std::span<float> cotangent)>;

  virtual ~Model() = default;
  virtual Fields predict(std::span<const Case> cases) const = 0;
  // Outputs begin <= n < end alone, for questions that need no more, to rounding the same values.
  virtual Fields predict_part(std::span<const Case> cases, std::size_t begin, std::size_t end) const {
    const Fields whole = predict(cases);
    Fields part(cases.size(), end - begin);
    for (std::size_t i = 0; i < cases.size(); ++i)
      std::copy_n(whole.row(i).begin() + static_cast<std::ptrdiff_t>(begin), end - begin, part.row(i).begin());
    return part;
  }
  // Vector-Jacobian product: row i is d objective_i / d parameters of case i.
  virtual Fields vjp(std::span<const Case>, const Seed&) const { throw Unsupported("this model has no gradient"); }
  virtual double flops() const { return 0; }  // of the prediction for one case, by its formulas; 0: not told
};

enum class Fidelity { train, truth, coarse };

// What a Simulation or a Learner has done so far on this rank.
struct Work {
  double flops = 0;                               // by its formulas; 0: not told
  std::map<std::string, std::size_t> moved = {};  // bytes by channel: h2d and d2h, where it works on a GPU
  std::string place = {};                         // that GPU and its library
};

// The truth. Solves whole cases on this rank's threads; the arms share cases out over ranks.
class Simulation {
 public:
  virtual ~Simulation() = default;
  virtual std::vector<Sample> simulate(std::span<const Case> cases, Fidelity fidelity) const = 0;
  // Outputs of a sample in the layout of Model::predict.
  virtual std::span<const float> outputs(const Sample& sample) const = 0;
  // Violation of the problem's physical invariant by these outputs, relative, >= 0 (0 = exactly conserved).
  virtual double invariant(const Case& problem_case, std::span<const float> outputs) const = 0;
  // The cheapest classical method that passes the gate (its settings are fixed in the Problem), as a Model.
  virtual std::unique_ptr<Model> coarse_model() const = 0;
  virtual Work work() const { return {}; }
};

// One training pair: pair `pair` of `sample`.
struct Pair {
  const Sample* sample = nullptr;
  std::size_t pair = 0;
};

class Learner {
 public:
  virtual ~Learner() = default;
  // Scalers and basis from the first samples of the schedule; `mine` are those that lie on this rank. On every rank.
  virtual void prepare(std::span<const Sample* const> mine, const Ranks& ranks) = 0;
  // One step on batch `step`: `mine` are the pairs that lie on this rank, `batch` the global number of pairs.
  // Gradients are summed over ranks. Returns the batch's loss. On every rank.
  virtual double learn(std::size_t step, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) = 0;
  virtual std::unique_ptr<Model> model() const = 0;  // valid after prepare and the last learn, or after load
  virtual std::vector<std::byte> save() const = 0;   // everything that model() needs
  virtual void load(std::span<const std::byte> bytes) = 0;
  virtual Work work() const { return {}; }
};

// Batch b draws only from the first ready(b) samples in canonical order, basis and scalers come from the first
// `prepare_from`: so training may overlap simulation and still give the same weights bit for bit.
struct Schedule {
  std::size_t samples = 0;       // N_s training simulations
  std::size_t prepare_from = 0;  // N_0
  std::size_t batches = 0;       // training steps
  std::size_t batch = 0;         // pairs a step
  // Linear from N_0 at step 0 to N_s at half of the steps.
  std::size_t ready(std::size_t step) const {
    const std::size_t ramp = batches / 2 + 1;
    return step >= ramp ? samples : prepare_from + (samples - prepare_from) * step / ramp;
  }
};

// A design that grows in rounds until its criterion is met: simulate up to samples[r], train fresh weights on all of
// them with the schedule's batches, judge; after samples.back() it is given up. Steered, the model proposes the samples
// of every round but the first.
struct Steering {
  std::string version;               // "heat-S-steering-1"
  std::vector<std::size_t> samples;  // after each round, rising; empty: this Problem has no growing design
  std::size_t judged = 0;            // cases of one judgement
  std::string criterion;             // in words
  std::string rival;                 // of Problem::rivals(): the cheap competitor that is steered as well; "" = none
};

// One Wilks plan, fixed in the Problem: of `cases` hold-out cases at most `allowed` may have an error above `target`.
// cases = 0: the Problem has no per-case error and judges by its answers alone.
struct Gate {
  std::size_t cases = 0;
  std::size_t allowed = 0;
  double target = 0;           // e*, relative error
  double invariant = 0;        // violation of the invariant in a prediction; at most `allowed` may be above it
  double truth_invariant = 0;  // largest violation allowed in a simulated sample: an unconverged solver fails here
};

// The answer to one question: its numbers by name (design variables, objective, reliability), for people and judge().
struct Answer {
  std::size_t question = 0;
  std::vector<double> values;
};

// What of a phase is a kernel's work: it takes `count` times a run of the case, or one of the parts of a run that its
// facts count as `per` ("iterations"; "" = the whole run). Constants of the Problem: what a solution takes here.
struct Prediction {
  std::string phase;   // "simulate", "train", "answer", "validate"
  std::string kernel;  // a case at this problem's sizes, "sparse/cg/n=21/preconditioner=fp32"
  double count = 0;
  std::string per;
  std::string besides;  // what the phase does besides, in words
  // Every thread works for itself: the case is measured on one thread, and the threads share the count out.
  bool each_thread = false;
};

struct ProblemSpec {
  std::string version;      // "heat-S-1": changes whenever anything below or in the physics changes
  std::string provisional;  // which of its numbers are not frozen on fresh seeds yet: a run says so; "" = none
  Schedule schedule;
  Gate gate;
  Steering steering;
  std::size_t questions = 0;                 // answered as units; the simulation-only arm may be scaled from a subset
  std::size_t queries = 0;                   // model evaluations in all answers, N_q
  double flops = 0;                          // spec flops of one solution, a constant of the Problem
  std::vector<std::string> answer_names;     // of Answer::values
  std::vector<Prediction> predictions;       // on one rank; at most one a phase
  std::map<std::string, std::string> facts;  // physics and sizes in words, shown in the report and hashed
};

// Rivals with something in common, a basis: fitted together they compute it once, and its time counts for each of them.
class RivalFamily {
 public:
  virtual ~RivalFamily() = default;
  virtual void prepare(std::span<const Sample* const> mine, const Ranks& ranks) = 0;  // on every rank
  virtual std::unique_ptr<Learner> fit(
      std::string_view rival) const = 0;  // as its make() and prepare() would; after it
};

// A named cheap competitor of the network, trained on the same samples; "mean", "nearest", "linear" and stronger ones.
struct Rival {
  std::string name;
  bool trivial = false;  // mean, nearest, linear: the median must be <= half of the best of these
  std::function<std::unique_ptr<Learner>()> make;  // its learn() is never called: prepare() fits it on all samples
  std::shared_ptr<RivalFamily> family = nullptr;   // null: it has nothing in common with others
};

// What is asked and when it counts as solved.
class Problem {
 public:
  virtual ~Problem() = default;
  virtual const ProblemSpec& spec() const = 0;
  virtual Case draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const = 0;
  // Relative error of a prediction against the truth, the metric of the gate.
  virtual double error(const Case& problem_case, std::span<const float> truth,
                       std::span<const float> prediction) const = 0;
  // Answers the first `count` questions of stream `seed`; the Problem shares them over ranks and returns this rank's.
  virtual std::vector<Answer> answer(const Model& model, std::uint64_t seed, std::size_t count,
                                     const Ranks& ranks) const = 0;
  // The same where answering takes simulations, such as those of the best predicted candidates; on every rank. What the
  // arms call.
  virtual std::vector<Answer> answer(const Model& model, const Simulation&, std::uint64_t seed, std::size_t count,
                                     const Ranks& ranks) const {
    return answer(model, seed, count, ranks);
  }
  // Validates this rank's answers by full simulation; verdicts agree on every rank.
  virtual std::vector<Verdict> judge(std::span<const Answer> answers, std::uint64_t seed, const Simulation& simulation,
                                     const Ranks& ranks) const = 0;
  // The same with the rivals' models at hand, where answers must beat theirs; an arm without training has none.
  virtual std::vector<Verdict> judge_against(std::span<const Model* const> /*rivals*/, std::span<const Answer> answers,
                                             std::uint64_t seed, const Simulation& simulation,
                                             const Ranks& ranks) const {
    return judge(answers, seed, simulation, ranks);
  }
  virtual std::vector<Rival> rivals() const = 0;

  // Steering: the `count` cases after those `simulated` that this model would simulate, a pure function of model, seed
  // and these. On every rank, the same on every rank. The harness sets purpose and index of the cases, and puts points
  // of the fixed design in place of what is not finite or was simulated before.
  virtual std::vector<Case> propose(const Model&, std::uint64_t /*seed*/, std::span<const Case> /*simulated*/,
                                    std::size_t /*count*/, const Ranks&) const {
    throw Unsupported("this problem proposes no cases: it has no steered design");
  }
  // Judges a model by fresh cases of purpose `judging`, drawn from `seed`: the criterion at which a growing design
  // stops, met if all pass. On every rank, where the verdicts agree.
  virtual std::vector<Verdict> criterion(const Model&, std::uint64_t /*seed*/, const Simulation&, const Ranks&) const {
    throw Unsupported("this problem has no criterion at which a design could stop growing");
  }
};

struct Pipeline {
  std::unique_ptr<Problem> problem;
  std::unique_ptr<Simulation> simulation;
  std::function<std::unique_ptr<Learner>(std::uint64_t seed)> learner;
};

// A two-dimensional slice of an output, for the report's pictures: values[y * nx + x].
struct Slice {
  std::string title, unit;
  std::size_t nx = 0, ny = 0;
  std::vector<std::size_t> at;  // index into the outputs of each pixel
};

struct PipelineEntry {
  std::string name;  // "heat"
  std::string summary;
  std::vector<Parameter> parameters;  // "size" first
  std::function<Pipeline(const Settings&, int threads)> make;
  std::function<double(const Settings&)> memory;  // bytes that one rank needs if it is alone
  std::function<std::vector<Slice>(const Settings&)> slices;
};

// All pipelines in the order of pipelines/CMakeLists.txt (generated; pipelines/<name>/<name>.cpp defines
// `PipelineEntry <name>()` in namespace tandem::pipelines).
const std::vector<PipelineEntry>& pipeline_registry();

}  // namespace tandem
