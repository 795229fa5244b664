#include "tests/toy_pipeline.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "harness/base/bfloat16.hpp"
#include "harness/base/random.hpp"
#include "tests/toy_learner.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t n = toy_states, outputs_of_case = toy_outputs;
constexpr std::size_t whole_series = 80, coarse_series = 6;
using Matrix = std::array<double, n * n>;

// Entries of A and B such that the series converges on the whole square of parameters.
Matrix operator_matrix(std::uint64_t stream) {
  Matrix matrix;
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = 0.16 * (2 * random_uniform(2026, stream, i) - 1);
  return matrix;
}

ToyMap observation() {
  ToyMap c{};
  for (std::size_t k = 0; k + 1 < outputs_of_case; ++k)
    for (std::size_t i = 0; i < n; ++i) {
      c[k * n + i] = 2 * random_uniform(2026, 3, k * n + i) - 1;
      c[(outputs_of_case - 1) * n + i] += c[k * n + i];
    }
  return c;
}

// C (1 + M + ... + M^terms), by Horner's rule.
ToyMap response(const std::vector<double>& p, std::size_t terms) {
  static const Matrix a = operator_matrix(1), b = operator_matrix(2);
  static const ToyMap c = observation();
  Matrix m;
  for (std::size_t i = 0; i < m.size(); ++i) m[i] = p[0] * a[i] + p[1] * b[i];
  ToyMap sum = c;
  for (std::size_t term = 0; term < terms; ++term) {
    ToyMap next = c;
    for (std::size_t k = 0; k < outputs_of_case; ++k)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) next[k * n + j] += sum[k * n + i] * m[i * n + j];
    sum = next;
  }
  return sum;
}

Sample simulate_one(const Case& one, std::size_t terms, std::size_t ballast) {
  const ToyMap map = response(one.parameters, terms);
  Sample sample;
  sample.index = one.index;
  sample.pairs = toy_levels;
  Array inputs{{toy_levels, n}, {}}, labels{{toy_levels, outputs_of_case}, {}};
  Array jacobians{{toy_levels, outputs_of_case, n}, {}};
  std::vector<float> x = one.snapshot.at("state").values;
  for (std::size_t level = 0; level < toy_levels; ++level) {
    for (const double y : toy_times(map, x)) labels.values.push_back(static_cast<float>(y));
    for (const double slope : map) jacobians.values.push_back(static_cast<float>(slope));
    inputs.values.insert(inputs.values.end(), x.begin(), x.end());
    std::rotate(x.begin(), x.begin() + 1, x.end());
    for (float& value : x) value *= 0.9f;
  }
  sample.arrays["inputs"] = std::move(inputs);
  sample.arrays["labels"] = std::move(labels);
  sample.arrays["jacobians"] = std::move(jacobians);
  sample.arrays["parameters"] = {{2}, {one.parameters.begin(), one.parameters.end()}};
  if (ballast > 0) sample.arrays["ballast"] = {{ballast}, std::vector<float>(ballast, 1.0f)};
  return sample;
}

class CoarseModel : public Model {
 public:
  Fields predict(std::span<const Case> cases) const override {
    Fields fields(cases.size(), outputs_of_case);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto y = toy_times(response(cases[i].parameters, coarse_series), cases[i].snapshot.at("state").values);
      std::transform(y.begin(), y.end(), fields.row(i).begin(), [](double v) { return static_cast<float>(v); });
    }
    return fields;
  }
};

std::vector<Case> library(const ToyProblem& problem, std::uint64_t seed, std::size_t question) {
  std::vector<Case> cases;
  for (std::size_t c = 0; c < toy_library; ++c)
    cases.push_back(problem.draw(Purpose::question, seed, question * toy_library + c));
  return cases;
}

// Candidates with the largest scores, best first.
std::vector<double> best_of(const std::vector<double>& scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  return {order.begin(), order.begin() + toy_top};
}

}  // namespace

std::vector<Sample> ToySimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  std::vector<Sample> samples;
  for (const Case& one : cases)
    samples.push_back(simulate_one(one, fidelity == Fidelity::coarse ? coarse_series : whole_series, ballast_));
  if (rounded_ && fidelity == Fidelity::train)
    for (Sample& sample : samples)
      for (float& label : sample.arrays.at("labels").values) label = from_bfloat16(to_bfloat16(label));
  return samples;
}

std::span<const float> ToySimulation::outputs(const Sample& sample) const {
  return std::span(sample.arrays.at("labels").values).first(outputs_of_case);
}

double ToySimulation::invariant(const Case&, std::span<const float> y) const {
  double sum = -static_cast<double>(y.back()), norm = 0;
  for (const float value : y) norm += static_cast<double>(value) * static_cast<double>(value);
  for (const float value : y.first(y.size() - 1)) sum += static_cast<double>(value);
  return std::abs(sum) / std::sqrt(norm);
}

std::unique_ptr<Model> ToySimulation::coarse_model() const { return std::make_unique<CoarseModel>(); }

ToyProblem::ToyProblem(std::string proposer, double criterion) : proposer_(std::move(proposer)), criterion_(criterion) {
  spec_.version = "toy-1";
  spec_.schedule = {48, 16, 240, 32};
  // Of 2360 cases on fresh seeds 1 was off by more than 15 %, none by 20 %: the tests want a gate that honest weights
  // of any build pass.
  spec_.gate = {59, 0, 0.4, 0.02, 1e-5};
  spec_.steering = {
      "toy-steering-1", {8, 16, 32, 64}, 40, "90 % of 40 fresh cases are off by at most 20 %", "bilinear"};
  spec_.questions = 4;
  spec_.queries = spec_.questions * toy_library;
  spec_.flops = 1e6;
  for (std::size_t i = 0; i < toy_top; ++i) spec_.answer_names.push_back(fmt::format("candidate_{}", i + 1));
  spec_.predictions = {{"simulate", "dense/gemm/n=64/precision=fp64", 48, "", "all that is no product"},
                       {"train", "sparse/cg/n=8/preconditioner=fp64", 240, "iterations", "nearly everything"}};
  spec_.facts = {{"physics", "y = C (I - M(p))^-1 x"}, {"question", "the 5 largest of 64 candidates"}};
}

Case ToyProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  const auto stream = static_cast<std::uint64_t>(purpose);
  Case one{purpose, index, {}, {}};
  for (std::uint64_t d = 0; d < 2; ++d) one.parameters.push_back(2 * random_uniform(seed, stream, 16 * index + d) - 1);
  Array state{{n}, {}};
  for (std::uint64_t i = 0; i < n; ++i)
    state.values.push_back(static_cast<float>(random_normal(seed, 100 + stream, 16 * index + i)));
  one.snapshot["state"] = std::move(state);
  return one;
}

double ToyProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  double difference = 0, norm = 0;
  for (std::size_t k = 0; k < truth.size(); ++k) {
    const double t = static_cast<double>(truth[k]), d = static_cast<double>(prediction[k]) - t;
    difference += d * d;
    norm += t * t;
  }
  return std::sqrt(difference / norm);
}

std::vector<Answer> ToyProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                       const Ranks& ranks) const {
  const std::vector<std::size_t> mine = ranks.share(count);
  std::vector<Answer> answers;
  for (std::size_t question = 0; question < count; ++question) {
    const std::vector<Case> all = library(*this, seed, question);
    std::vector<Case> share;
    std::vector<double> rows;  // candidate, score
    for (const std::size_t c : ranks.share(all.size())) {
      share.push_back(all[c]);
      rows.push_back(static_cast<double>(c));
    }
    const Fields predicted = model.predict(share);
    std::vector<double> pairs;
    for (std::size_t i = 0; i < share.size(); ++i) {
      pairs.push_back(rows[i]);
      pairs.push_back(static_cast<double>(predicted.row(i).back()));
    }
    const std::vector<double> gathered = ranks.gather(pairs);
    std::vector<double> scores(all.size());
    for (std::size_t i = 0; i < gathered.size(); i += 2)
      scores[static_cast<std::size_t>(gathered[i])] = gathered[i + 1];
    if (std::find(mine.begin(), mine.end(), question) != mine.end()) answers.push_back({question, best_of(scores)});
  }
  return answers;
}

std::vector<Verdict> ToyProblem::judge(std::span<const Answer> answers, std::uint64_t seed,
                                       const Simulation& simulation, const Ranks& ranks) const {
  double missed = 0;
  for (const Answer& answer : answers) {
    const auto samples = simulation.simulate(library(*this, seed, answer.question), Fidelity::truth);
    std::vector<double> scores;
    scores.reserve(samples.size());
    for (const Sample& sample : samples) scores.push_back(static_cast<double>(simulation.outputs(sample).back()));
    for (const double wanted : best_of(scores))
      missed += std::find(answer.values.begin(), answer.values.end(), wanted) == answer.values.end() ? 1 : 0;
  }
  const double judged = ranks.sum(static_cast<double>(answers.size()));
  return {{"1 - recall of the 5 best", ranks.sum(missed) / (judged * toy_top), 0.2}};
}

// Of eight candidates for each, the one with the largest predicted score.
std::vector<Case> ToyProblem::propose(const Model& model, std::uint64_t seed, std::span<const Case> simulated,
                                      std::size_t count, const Ranks&) const {
  std::vector<Case> proposed;
  for (std::size_t i = simulated.size(); i < simulated.size() + count; ++i) {
    std::vector<Case> candidates;
    for (std::size_t c = 0; c < 8; ++c) candidates.push_back(draw(Purpose::steering, seed, 8 * i + c));
    const Fields scores = model.predict(candidates);
    std::size_t best = 0;
    for (std::size_t c = 1; c < 8; ++c)
      if (scores.row(c).back() > scores.row(best).back()) best = c;
    if (proposer_ == "deaf") best = 0;
    proposed.push_back(proposer_ == "repeating" ? simulated.front() : candidates[best]);
    if (proposer_ == "nan") proposed.back().snapshot.at("state").values[0] = std::nanf("");
  }
  if (proposer_ == "short") proposed.pop_back();
  return proposed;
}

std::vector<Verdict> ToyProblem::criterion(const Model& model, std::uint64_t seed, const Simulation& simulation,
                                           const Ranks& ranks) const {
  std::vector<Case> cases;
  for (const std::size_t i : ranks.share(spec_.steering.judged)) cases.push_back(draw(Purpose::judging, seed, i));
  const Fields predicted = model.predict(cases);
  const std::vector<Sample> truths = simulation.simulate(cases, Fidelity::truth);
  std::vector<double> mine;
  for (std::size_t i = 0; i < cases.size(); ++i)
    mine.push_back(error(cases[i], simulation.outputs(truths[i]), predicted.row(i)));
  std::vector<double> errors = ranks.gather(mine);
  std::sort(errors.begin(), errors.end());
  return {{"relative error, p90", errors[(9 * errors.size() - 1) / 10], criterion_}};
}

std::vector<Rival> ToyProblem::rivals() const {
  return {{"mean", true, [] { return toy_mean(); }},
          {"linear", true, [] { return toy_legendre(1, true); }},
          {"bilinear", false, [] { return toy_legendre(3, true); }}};
}

PipelineEntry toy() {
  const auto make = [](const Settings& settings, int) {
    Pipeline pipeline;
    pipeline.problem = std::make_unique<ToyProblem>(settings.text("proposer"), settings.number("criterion"));
    pipeline.simulation = std::make_unique<ToySimulation>(static_cast<std::size_t>(settings.integer("ballast")),
                                                          settings.text("simulate") == "bf16");
    pipeline.learner = [fp8 = settings.text("infer") == "fp8"](std::uint64_t) {
      if (fp8) throw Unsupported("the toy has no fp8");
      return toy_legendre(toy_terms, false);
    };
    return pipeline;
  };
  const auto memory = [](const Settings& settings) {
    check_usage(settings.text("size") == "S", "size={} is not S", settings.text("size"));
    return 1e6 + 4.0 * 48 * static_cast<double>(settings.integer("ballast"));
  };
  const auto slices = [](const Settings&) { return std::vector<Slice>{{"Outputs", "1", 2, 2, {0, 1, 2, 3}}}; };
  return {"toy",
          "test-only: snapshots, several pairs a simulation, Jacobian labels, a ranking",
          {{"size", "S", "S"},
           {"simulate", "fp64", "fp64, or bf16: labels that break the invariant", false},
           {"infer", "fp32", "fp32, or fp8: unsupported", false},
           {"ballast", "0", "numbers that every sample carries besides"},
           {"proposer", "model", "model, or deaf, repeating, nan, short: how it proposes", false},
           {"criterion", "0.2", "the largest error at which a design stops growing", false}},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
