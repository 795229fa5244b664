#include "tests/toy_pipeline.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "harness/base/random.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t n = toy_states, outputs_of_case = toy_outputs, per_term = toy_outputs * toy_states;
constexpr std::size_t whole_series = 80, coarse_series = 6;
using State = std::array<double, n>;
using Matrix = std::array<double, n * n>;
using Map = std::array<double, per_term>;  // outputs x states

// Entries of A and B such that the series converges on the whole square of parameters.
Matrix operator_matrix(std::uint64_t stream) {
  Matrix matrix;
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = 0.16 * (2 * random_uniform(2026, stream, i) - 1);
  return matrix;
}

Map observation() {
  Map c{};
  for (std::size_t k = 0; k + 1 < outputs_of_case; ++k)
    for (std::size_t i = 0; i < n; ++i) {
      c[k * n + i] = 2 * random_uniform(2026, 3, k * n + i) - 1;
      c[(outputs_of_case - 1) * n + i] += c[k * n + i];
    }
  return c;
}

// C (1 + M + ... + M^terms), by Horner's rule.
Map response(const std::vector<double>& p, std::size_t terms) {
  static const Matrix a = operator_matrix(1), b = operator_matrix(2);
  static const Map c = observation();
  Matrix m;
  for (std::size_t i = 0; i < m.size(); ++i) m[i] = p[0] * a[i] + p[1] * b[i];
  Map sum = c;
  for (std::size_t term = 0; term < terms; ++term) {
    Map next = c;
    for (std::size_t k = 0; k < outputs_of_case; ++k)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) next[k * n + j] += sum[k * n + i] * m[i * n + j];
    sum = next;
  }
  return sum;
}

template <typename Values>
std::array<double, outputs_of_case> times(const Map& map, const Values& x) {
  std::array<double, outputs_of_case> y{};
  for (std::size_t k = 0; k < outputs_of_case; ++k)
    for (std::size_t i = 0; i < n; ++i) y[k] += map[k * n + i] * static_cast<double>(x[i]);
  return y;
}

Sample simulate_one(const Case& one, std::size_t terms, std::size_t ballast) {
  const Map map = response(one.parameters, terms);
  Sample sample;
  sample.index = one.index;
  sample.pairs = toy_levels;
  Array inputs{{toy_levels, n}, {}}, labels{{toy_levels, outputs_of_case}, {}};
  Array jacobians{{toy_levels, outputs_of_case, n}, {}};
  std::vector<float> x = one.snapshot.at("state").values;
  for (std::size_t level = 0; level < toy_levels; ++level) {
    for (const double y : times(map, x)) labels.values.push_back(static_cast<float>(y));
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
      const auto y = times(response(cases[i].parameters, coarse_series), cases[i].snapshot.at("state").values);
      std::transform(y.begin(), y.end(), fields.row(i).begin(), [](double v) { return static_cast<float>(v); });
    }
    return fields;
  }
};

// J(p) = sum_m W_m psi_m(p), y = J(p) x.
class LegendreModel : public Model {
 public:
  LegendreModel(std::vector<double> weights) : weights_(std::move(weights)) {}

  Fields predict(std::span<const Case> cases) const override {
    Fields fields(cases.size(), outputs_of_case);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      const auto y = weighted(toy_basis(cases[i].parameters).data(), cases[i].snapshot.at("state").values);
      std::transform(y.begin(), y.end(), fields.row(i).begin(), [](double v) { return static_cast<float>(v); });
    }
    return fields;
  }

  Fields vjp(std::span<const Case> cases, const Seed& seed) const override {
    const Fields predictions = predict(cases);
    Fields gradients(cases.size(), 2);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      std::array<float, outputs_of_case> cotangent{};
      seed(i, predictions.row(i), cotangent);
      const auto slopes = toy_basis_slopes(cases[i].parameters);
      for (std::size_t d = 0; d < 2; ++d) {
        const auto dy = weighted(slopes.data() + d * toy_terms, cases[i].snapshot.at("state").values);
        for (std::size_t k = 0; k < dy.size(); ++k) gradients.row(i)[d] += static_cast<float>(dy[k]) * cotangent[k];
      }
    }
    return gradients;
  }

 private:
  std::array<double, outputs_of_case> weighted(const double* psi, const std::vector<float>& x) const {
    Map map{};
    for (std::size_t at = 0; at < weights_.size(); ++at) map[at % per_term] += weights_[at] * psi[at / per_term];
    return times(map, x);
  }
  std::vector<double> weights_;
};

// A learner whose whole state is a vector of doubles.
class VectorLearner : public Learner {
 public:
  std::vector<std::byte> save() const override {
    const auto bytes = std::as_bytes(std::span(weights_));
    return {bytes.begin(), bytes.end()};
  }
  void load(std::span<const std::byte> bytes) override {
    check(bytes.size() % sizeof(double) == 0, "toy: weights of {} bytes", bytes.size());
    weights_.resize(bytes.size() / sizeof(double));
    std::memcpy(weights_.data(), bytes.data(), bytes.size());
  }

 protected:
  std::vector<double> weights_;
};

class LegendreLearner : public VectorLearner {
 public:
  LegendreLearner(std::size_t terms, bool fit) : fit_(fit) { weights_.assign(terms * per_term, 0.0); }

  // The constant term is the mean of the Jacobian labels; a rival goes on to its best fit right here.
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override {
    std::vector<double> sums(per_term + 1, 0.0);
    std::vector<Pair> pairs;
    for (const Sample* sample : mine) {
      const std::vector<float>& jacobian = sample->arrays.at("jacobians").values;
      for (std::size_t i = 0; i < per_term; ++i) sums[i] += static_cast<double>(jacobian[i]);
      sums[per_term] += 1;
      for (std::size_t pair = 0; pair < sample->pairs; ++pair) pairs.push_back({sample, pair});
    }
    ranks.sum(std::span(sums));
    for (std::size_t i = 0; i < per_term; ++i) weights_[i] = sums[i] / sums[per_term];
    const auto all = static_cast<std::size_t>(sums[per_term]) * toy_levels;
    for (std::size_t step = 0; fit_ && step < 60; ++step) learn(step, pairs, all, ranks);
  }

  // Squared error of label and Jacobian; the basis is orthonormal, so that plain steps of 0.2 converge.
  double learn(std::size_t, std::span<const Pair> mine, std::size_t batch, const Ranks& ranks) override {
    std::vector<double> gradient(weights_.size() + 1, 0.0);  // the last one is the loss
    for (const Pair& pair : mine) add(pair, gradient);
    ranks.sum(std::span(gradient));
    for (std::size_t at = 0; at < weights_.size(); ++at)
      weights_[at] -= 0.2 * gradient[at] / static_cast<double>(batch);
    return gradient.back() / static_cast<double>(batch);
  }

  std::unique_ptr<Model> model() const override { return std::make_unique<LegendreModel>(weights_); }

 private:
  void add(const Pair& pair, std::vector<double>& gradient) const {
    const std::vector<float>& p = pair.sample->arrays.at("parameters").values;
    const auto psi = toy_basis(std::array{static_cast<double>(p[0]), static_cast<double>(p[1])});
    const float* x = pair.sample->arrays.at("inputs").values.data() + pair.pair * n;
    const float* label = pair.sample->arrays.at("labels").values.data() + pair.pair * outputs_of_case;
    const float* jacobian = pair.sample->arrays.at("jacobians").values.data() + pair.pair * per_term;
    Map map{};
    for (std::size_t at = 0; at < weights_.size(); ++at) map[at % per_term] += weights_[at] * psi[at / per_term];
    const auto y = times(map, x);
    Map slope;
    for (std::size_t k = 0; k < outputs_of_case; ++k) {
      const double residual = y[k] - static_cast<double>(label[k]);
      gradient.back() += residual * residual;
      for (std::size_t i = 0; i < n; ++i)
        slope[k * n + i] = map[k * n + i] - static_cast<double>(jacobian[k * n + i]) +
                           residual * static_cast<double>(x[i]) / static_cast<double>(n);
    }
    for (std::size_t at = 0; at < weights_.size(); ++at) gradient[at] += psi[at / per_term] * slope[at % per_term];
  }
  bool fit_;
};

class MeanModel : public Model {
 public:
  explicit MeanModel(std::vector<double> mean) : mean_(std::move(mean)) {}
  Fields predict(std::span<const Case> cases) const override {
    Fields fields(cases.size(), mean_.size());
    for (std::size_t i = 0; i < cases.size(); ++i)
      std::transform(mean_.begin(), mean_.end(), fields.row(i).begin(), [](double v) { return static_cast<float>(v); });
    return fields;
  }

 private:
  std::vector<double> mean_;
};

class MeanLearner : public VectorLearner {
 public:
  void prepare(std::span<const Sample* const> mine, const Ranks& ranks) override {
    std::vector<double> sums(outputs_of_case + 1, 0.0);
    for (const Sample* sample : mine) {
      for (std::size_t k = 0; k < outputs_of_case; ++k)
        sums[k] += static_cast<double>(sample->arrays.at("labels").values[k]);
      sums.back() += 1;
    }
    ranks.sum(std::span(sums));
    weights_.assign(outputs_of_case, 0.0);
    for (std::size_t k = 0; k < outputs_of_case; ++k) weights_[k] = sums[k] / sums.back();
  }
  double learn(std::size_t, std::span<const Pair>, std::size_t, const Ranks&) override { return 0; }
  std::unique_ptr<Model> model() const override { return std::make_unique<MeanModel>(weights_); }
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

std::array<double, toy_terms> toy_basis(std::span<const double> p) {
  const double s3 = std::sqrt(3.0), s5 = std::sqrt(5.0);
  return {1, s3 * p[0], s3 * p[1], s5 * (3 * p[0] * p[0] - 1) / 2, 3 * p[0] * p[1], s5 * (3 * p[1] * p[1] - 1) / 2};
}

std::array<double, 2 * toy_terms> toy_basis_slopes(std::span<const double> p) {
  const double s3 = std::sqrt(3.0), s5 = std::sqrt(5.0);
  return {0, s3, 0, 3 * s5 * p[0], 3 * p[1], 0, 0, 0, s3, 0, 3 * p[0], 3 * s5 * p[1]};
}

std::vector<Sample> ToySimulation::simulate(std::span<const Case> cases, Fidelity fidelity) const {
  std::vector<Sample> samples;
  for (const Case& one : cases)
    samples.push_back(simulate_one(one, fidelity == Fidelity::coarse ? coarse_series : whole_series, ballast_));
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

ToyProblem::ToyProblem() {
  spec_.version = "toy-1";
  spec_.schedule = {48, 16, 240, 32};
  spec_.gate = {59, 0, 0.15, 0.02, 1e-5};
  spec_.questions = 4;
  spec_.queries = spec_.questions * toy_library;
  spec_.flops = 1e6;
  for (std::size_t i = 0; i < toy_top; ++i) spec_.answer_names.push_back(fmt::format("candidate_{}", i + 1));
  spec_.predicting_kernels = {"dense/gemm/n=64"};
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

std::vector<Rival> ToyProblem::rivals() const {
  return {{"mean", true, [] { return std::make_unique<MeanLearner>(); }},
          {"linear", true, [] { return std::make_unique<LegendreLearner>(1, true); }},
          {"bilinear", false, [] { return std::make_unique<LegendreLearner>(3, true); }}};
}

PipelineEntry toy() {
  const auto make = [](const Settings& settings, int) {
    Pipeline pipeline;
    pipeline.problem = std::make_unique<ToyProblem>();
    pipeline.simulation = std::make_unique<ToySimulation>(static_cast<std::size_t>(settings.integer("ballast")));
    pipeline.learner = [](std::uint64_t) { return std::make_unique<LegendreLearner>(toy_terms, false); };
    return pipeline;
  };
  const auto memory = [](const Settings& settings) {
    check_usage(settings.text("size") == "S", "size={} is not S", settings.text("size"));
    return 1e6 + 4.0 * 48 * static_cast<double>(settings.integer("ballast"));
  };
  const auto slices = [](const Settings&) { return std::vector<Slice>{{"Outputs", "1", 2, 2, {0, 1, 2, 3}}}; };
  return {"toy",
          "test-only: snapshots, several pairs a simulation, Jacobian labels, a ranking",
          {{"size", "S", "S"}, {"ballast", "0", "numbers that every sample carries besides"}},
          make,
          memory,
          slices};
}

}  // namespace tandem::pipelines
