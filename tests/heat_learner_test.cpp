// The heat network and its rivals on synthetic fields: gradients against finite differences, the same weights from the
// same samples, images that come back bit for bit, regressions that are exact where they must be.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "harness/base/random.hpp"
#include "pipelines/heat/features.hpp"
#include "pipelines/heat/learner.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t nodes = 300, count = 60;

Case draw(std::uint64_t index) {
  Case result{Purpose::training, index, {}, {}};
  for (std::size_t i = 0; i < heat_parameters.size(); ++i) {
    const HeatParameter& p = heat_parameters[i];
    const double u = random_uniform(11, i, index);
    result.parameters.push_back(p.logarithmic ? p.low * std::pow(p.high / p.low, u) : p.low + (p.high - p.low) * u);
  }
  return result;
}

// theta / s: a mean plus, in four shapes, polynomials of the inputs of this degree.
float field(const HeatFeatures& f, std::size_t node, int degree) {
  const double x = static_cast<double>(node) / nodes;
  double value = 2;
  for (std::size_t k = 0; k < 4; ++k) {
    const double linear = f.values[k] + 0.5 * f.values[11 - k] + 0.3 * f.values[12 + k % 3];
    const double quadratic = f.values[k] * f.values[k + 1] + linear;
    value += 0.2 * std::sin(3.0 * static_cast<double>(k + 1) * x) * (degree == 1 ? linear : quadratic);
  }
  return static_cast<float>(f.scale * value);
}

std::vector<Sample> samples(int degree, std::uint64_t first = 0) {
  std::vector<Sample> result(count * 4);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const Case c = draw(first + i);
    const HeatFeatures features = heat_features(c.parameters);
    result[i].index = first + i;
    result[i].arrays["parameters"] = {{12}, {c.parameters.begin(), c.parameters.end()}};
    std::vector<float> theta(nodes);
    for (std::size_t n = 0; n < nodes; ++n) theta[n] = field(features, n, degree);
    result[i].arrays["theta"] = {{nodes}, theta};
  }
  return result;
}

std::vector<const Sample*> pointers(const std::vector<Sample>& all) {
  std::vector<const Sample*> result;
  result.reserve(all.size());
  for (const Sample& sample : all) result.push_back(&sample);
  return result;
}

std::vector<Case> questions(std::size_t n) {
  std::vector<Case> result;
  for (std::size_t i = 0; i < n; ++i) result.push_back(draw(5000 + i));
  return result;
}

double worst_error(const Model& model, int degree) {
  const auto cases = questions(80);
  const Fields fields = model.predict(cases);
  double worst = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    double error = 0, norm = 0;
    for (std::size_t n = 0; n < nodes; ++n) {
      const double truth = static_cast<double>(field(heat_features(cases[i].parameters), n, degree));
      error += std::pow(static_cast<double>(fields.row(i)[n]) - truth, 2);
      norm += truth * truth;
    }
    worst = std::max(worst, std::sqrt(error / norm));
  }
  return worst;
}

ReducedTraining training() {
  ReducedTraining result;
  result.nets = 2;
  result.hidden = {32, 32};
  result.modes = 8;
  result.steps = 600;
  result.warm_up = 20;
  return result;
}

std::unique_ptr<ReducedLearner> trained(const std::vector<Sample>& all,
                                        kernels::MlpPrecision format = kernels::MlpPrecision::fp32) {
  const Ranks ranks(1);
  ReducedTraining settings = training();
  settings.train = format;
  auto learner = std::make_unique<ReducedLearner>(heat_map(nodes), settings, 3);
  const auto mine = pointers(all);
  learner->prepare(mine, ranks);
  for (std::size_t step = 0; step < training().steps; ++step) {
    std::vector<Pair> batch;
    for (std::size_t i = 0; i < 30; ++i) batch.push_back({mine[random_bits(1, step, i) % mine.size()], 0});
    learner->learn(step, batch, batch.size(), ranks);
  }
  return learner;
}

// Sum of weighted fields, its gradient by vjp and by differences of predictions, relative to the range of parameters.
void expect_gradient(const Model& model, double tolerance) {
  const auto cases = questions(9);
  const auto weight = [](std::size_t row, std::size_t n) {
    return static_cast<float>(random_uniform(5, row, n) - 0.3) / nodes;
  };
  const Fields gradient = model.vjp(cases, [&](std::size_t row, std::span<const float>, std::span<float> cotangent) {
    for (std::size_t n = 0; n < nodes; ++n) cotangent[n] = weight(row, n);
  });
  ASSERT_EQ(gradient.rows, cases.size());
  ASSERT_EQ(gradient.columns, 12u);
  for (std::size_t d = 0; d < 12; ++d) {
    const double step = 2e-3 * (heat_parameters[d].high - heat_parameters[d].low);
    auto up = cases, down = cases;
    for (std::size_t i = 0; i < cases.size(); ++i) {
      up[i].parameters[d] += step;
      down[i].parameters[d] -= step;
    }
    const Fields above = model.predict(up), below = model.predict(down);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      double difference = 0, size = 0;
      for (std::size_t n = 0; n < nodes; ++n) {
        const auto w = static_cast<double>(weight(i, n));
        difference += w * (static_cast<double>(above.row(i)[n]) - static_cast<double>(below.row(i)[n])) / (2 * step);
        size += std::abs(w * static_cast<double>(above.row(i)[n]));
      }
      const double range = heat_parameters[d].high - heat_parameters[d].low;
      EXPECT_NEAR(static_cast<double>(gradient.row(i)[d]) * range, difference * range, tolerance * size)
          << heat_parameters[d].name << " of case " << i;
    }
  }
}

TEST(HeatFeatures, gradient_is_finite_difference) {
  const Case c = draw(1);
  std::vector<double> weights;
  for (std::size_t i = 0; i < heat_inputs; ++i) weights.push_back(random_uniform(2, 0, i) - 0.5);
  const auto value = [&](const std::vector<double>& parameters) {
    const HeatFeatures f = heat_features(parameters);
    double sum = 0.7 * f.scale;
    for (std::size_t i = 0; i < heat_inputs; ++i) sum += weights[i] * f.values[i];
    return sum;
  };
  const auto gradient = heat_features_vjp(c.parameters, weights, 0.7);
  for (std::size_t d = 0; d < 12; ++d) {
    const double step = 1e-5 * c.parameters[d];
    auto up = c.parameters, down = c.parameters;
    up[d] += step;
    down[d] -= step;
    EXPECT_NEAR(gradient[d], (value(up) - value(down)) / (2 * step), 1e-7 * (1 + std::abs(gradient[d]))) << d;
  }
}

TEST(HeatLearner, learns_and_differentiates) {
  const auto all = samples(2);
  const auto learner = trained(all);
  const auto model = learner->model();
  EXPECT_LT(worst_error(*model, 2), 0.08);
  expect_gradient(*model, 5e-3);
}

TEST(HeatLearner, same_samples_same_bits) {
  const auto all = samples(2);
  EXPECT_EQ(trained(all)->save(), trained(all)->save());
}

TEST(HeatLearner, image_comes_back_bit_for_bit) {
  const auto all = samples(2);
  const auto learner = trained(all);
  const auto image = learner->save();
  ReducedLearner loaded(heat_map(nodes), training(), 99);
  loaded.load(image);
  EXPECT_EQ(loaded.save(), image);
  const auto cases = questions(70);
  EXPECT_EQ(loaded.model()->predict(cases).values, learner->model()->predict(cases).values);
  EXPECT_THROW(loaded.load(std::span(image).first(image.size() - 1)), Error);
  auto longer = image;
  longer.push_back(std::byte{0});
  EXPECT_THROW(loaded.load(longer), Error);
  EXPECT_THROW(ReducedLearner(heat_map(nodes + 1), training(), 1).load(image), Error);
}

// Coarser products, the same network: trained in bf16 it is as good, asked in bf16 it answers and differentiates as in
// fp32 to the rounding of its factors.
TEST(HeatLearner, trains_and_answers_in_bf16) {
  const auto all = samples(2);
  ReducedTraining rounded = training();
  rounded.infer = kernels::MlpPrecision::bf16;
  std::unique_ptr<ReducedLearner> in_bf16, learner;
  try {
    in_bf16 = std::make_unique<ReducedLearner>(heat_map(nodes), rounded, 99);
    learner = trained(all, kernels::MlpPrecision::bf16);
  } catch (const Unsupported& reason) {
    GTEST_SKIP() << reason.what();
  }
  EXPECT_NE(learner->save(), trained(all)->save());
  EXPECT_LT(worst_error(*learner->model(), 2), 0.09);
  in_bf16->load(learner->save());
  const auto coarse = in_bf16->model(), fine = learner->model();
  const auto cases = questions(70);
  const auto distance = [](const Fields& a, const Fields& b) {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < a.values.size(); ++i) {
      difference += std::pow(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i]), 2);
      norm += std::pow(static_cast<double>(b.values[i]), 2);
    }
    return std::sqrt(difference / norm);
  };
  const double predicted = distance(coarse->predict(cases), fine->predict(cases));
  EXPECT_GT(predicted, 1e-5);
  EXPECT_LT(predicted, 0.01);
  const Model::Seed mean = [](std::size_t, std::span<const float>, std::span<float> cotangent) {
    std::fill(cotangent.begin(), cotangent.end(), 1.0f / nodes);
  };
  EXPECT_LT(distance(coarse->vjp(cases, mean), fine->vjp(cases, mean)), 0.03);
}

TEST(HeatLearner, a_row_does_not_depend_on_its_batch) {
  const auto all = samples(1);
  const auto model = trained(all)->model();
  const auto cases = questions(150);
  const Fields together = model->predict(cases);
  for (const std::size_t i : {std::size_t{0}, std::size_t{63}, std::size_t{64}, std::size_t{149}}) {
    const Fields alone = model->predict(std::span(cases).subspan(i, 1));
    for (std::size_t n = 0; n < nodes; ++n) ASSERT_NEAR(alone.row(0)[n], together.row(i)[n], 1e-4 * together.row(i)[n]);
  }
}

TEST(HeatLearner, a_part_of_a_prediction_is_that_of_the_whole) {
  const auto all = samples(1);
  const auto model = trained(all)->model();
  const auto cases = questions(70);
  const Fields whole = model->predict(cases), part = model->predict_part(cases, 3, nodes - 2);
  ASSERT_EQ(part.columns, nodes - 5);
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (std::size_t n = 0; n < part.columns; ++n)
      ASSERT_NEAR(part.row(i)[n], whole.row(i)[n + 3], 1e-5 * whole.row(i)[n + 3]) << i << ", " << n;
}

TEST(HeatRivals, a_sample_of_another_size_is_an_error_and_no_end) {
  const Ranks ranks(1);
  auto all = samples(1);
  all[3].arrays.at("theta").values.pop_back();
  ReducedRival rival(RivalKind::linear, heat_map(nodes), 8);
  EXPECT_THROW(rival.prepare(pointers(all), ranks), Error);
}

// Fitted as a family, from one basis, a rival is the one that it is alone.
TEST(HeatRivals, of_a_family_are_those_that_they_are_alone) {
  const Ranks ranks(1);
  const auto all = samples(2);
  const auto cases = questions(10);
  const std::vector<Rival> rivals = reduced_rivals(heat_map(nodes));
  ASSERT_EQ(rivals.size(), 5u);
  rivals[0].family->prepare(pointers(all), ranks);
  for (const Rival& rival : rivals) {
    EXPECT_EQ(rival.family, rivals[0].family);
    const auto alone = rival.make();
    alone->prepare(pointers(all), ranks);
    EXPECT_EQ(rival.family->fit(rival.name)->model()->predict(cases).values, alone->model()->predict(cases).values)
        << rival.name;
  }
  EXPECT_THROW(rivals[0].family->fit("none"), Error);
}

TEST(HeatRivals, are_exact_in_their_own_space) {
  const Ranks ranks(1);
  for (const auto& [kind, degree] : {std::pair{RivalKind::linear, 1}, {RivalKind::quadratic, 2}}) {
    const auto all = samples(degree);
    ReducedRival rival(kind, heat_map(nodes), 8);
    rival.prepare(pointers(all), ranks);  // fractions sum to a constant: singular without the ridge
    EXPECT_LT(worst_error(*rival.model(), degree), 1e-3);
  }
  const auto all = samples(2);
  ReducedRival linear(RivalKind::linear, heat_map(nodes), 8), kernel(RivalKind::kernel, heat_map(nodes), 8);
  linear.prepare(pointers(all), ranks);
  kernel.prepare(pointers(all), ranks);
  EXPECT_GT(worst_error(*linear.model(), 2), 0.01);
  EXPECT_LT(worst_error(*kernel.model(), 2), worst_error(*linear.model(), 2));
}

TEST(HeatRivals, nearest_returns_its_training_field) {
  const Ranks ranks(1);
  const auto all = samples(1);
  ReducedRival rival(RivalKind::nearest, heat_map(nodes), 8);
  rival.prepare(pointers(all), ranks);
  const std::vector<Case> seen = {draw(17)};
  const Fields fields = rival.model()->predict(seen);
  for (std::size_t n = 0; n < nodes; ++n)
    ASSERT_NEAR(fields.row(0)[n], all[17].arrays.at("theta").values[n], 1e-4f * fields.row(0)[n]);
}

TEST(HeatRivals, save_load_and_gradients) {
  const Ranks ranks(1);
  const auto all = samples(2);
  for (const auto kind :
       {RivalKind::mean, RivalKind::nearest, RivalKind::linear, RivalKind::quadratic, RivalKind::kernel}) {
    ReducedRival rival(kind, heat_map(nodes), 8), loaded(kind, heat_map(nodes), 8);
    rival.prepare(pointers(all), ranks);
    loaded.load(rival.save());
    const auto cases = questions(10);
    EXPECT_EQ(loaded.model()->predict(cases).values, rival.model()->predict(cases).values);
    if (kind != RivalKind::nearest) expect_gradient(*loaded.model(), 2e-2);
  }
}

}  // namespace
}  // namespace tandem::pipelines
