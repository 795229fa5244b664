#include "tests/toy_learner.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tandem::pipelines {
namespace {

constexpr std::size_t n = toy_states, outputs_of_case = toy_outputs, per_term = toy_outputs * toy_states;

// Legendre polynomials of the parameters in [-1, 1]^2: 1, p0, p1, then degree 2.
std::array<double, toy_terms> toy_basis(std::span<const double> p) {
  const double s3 = std::sqrt(3.0), s5 = std::sqrt(5.0);
  return {1, s3 * p[0], s3 * p[1], s5 * (3 * p[0] * p[0] - 1) / 2, 3 * p[0] * p[1], s5 * (3 * p[1] * p[1] - 1) / 2};
}

// Their slopes: d/dp0 of each, then d/dp1 of each.
std::array<double, 2 * toy_terms> toy_basis_slopes(std::span<const double> p) {
  const double s3 = std::sqrt(3.0), s5 = std::sqrt(5.0);
  return {0, s3, 0, 3 * s5 * p[0], 3 * p[1], 0, 0, 0, s3, 0, 3 * p[0], 3 * s5 * p[1]};
}

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
  double flops() const override { return 2 * static_cast<double>(weights_.size()); }

 private:
  std::array<double, outputs_of_case> weighted(const double* psi, const std::vector<float>& x) const {
    ToyMap map{};
    for (std::size_t at = 0; at < weights_.size(); ++at) map[at % per_term] += weights_[at] * psi[at / per_term];
    return toy_times(map, x);
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
    flops_ += 4 * static_cast<double>(weights_.size() * mine.size());  // the prediction's terms, the gradient's
    for (std::size_t at = 0; at < weights_.size(); ++at)
      weights_[at] -= 0.2 * gradient[at] / static_cast<double>(batch);
    return gradient.back() / static_cast<double>(batch);
  }

  std::unique_ptr<Model> model() const override { return std::make_unique<LegendreModel>(weights_); }
  Work work() const override { return {flops_}; }

 private:
  void add(const Pair& pair, std::vector<double>& gradient) const {
    const std::vector<float>& p = pair.sample->arrays.at("parameters").values;
    const auto psi = toy_basis(std::array{static_cast<double>(p[0]), static_cast<double>(p[1])});
    const float* x = pair.sample->arrays.at("inputs").values.data() + pair.pair * n;
    const float* label = pair.sample->arrays.at("labels").values.data() + pair.pair * outputs_of_case;
    const float* jacobian = pair.sample->arrays.at("jacobians").values.data() + pair.pair * per_term;
    ToyMap map{};
    for (std::size_t at = 0; at < weights_.size(); ++at) map[at % per_term] += weights_[at] * psi[at / per_term];
    const auto y = toy_times(map, x);
    ToyMap slope;
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
  double flops_ = 0;
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

}  // namespace

std::unique_ptr<Learner> toy_legendre(std::size_t terms, bool fit) {
  return std::make_unique<LegendreLearner>(terms, fit);
}

std::unique_ptr<Learner> toy_mean() { return std::make_unique<MeanLearner>(); }

}  // namespace tandem::pipelines
