// The heat pipeline's physics, gradients, answers and judgement.
#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <omp.h>

#include "pipelines/heat/answer.hpp"
#include "pipelines/heat/simulation.hpp"

namespace tandem::pipelines {
namespace {

const HeatSize& small() { return heat_size("S"); }

std::vector<Case> holdout(std::size_t n) {
  const HeatProblem problem(small());
  std::vector<Case> cases;
  for (std::size_t i = 0; i < n; ++i) cases.push_back(problem.draw(Purpose::holdout, 11, i));
  return cases;
}

TEST(Heat, TruthKeepsItsEnergy) {
  const HeatSimulation simulation(small(), 1);
  const HeatProblem problem(small());
  const auto cases = holdout(8);
  const auto samples = simulation.simulate(cases, Fidelity::truth);
  for (std::size_t i = 0; i < cases.size(); ++i)
    EXPECT_LE(simulation.invariant(cases[i], simulation.outputs(samples[i])), problem.spec().gate.truth_invariant);
  std::vector<float> wrong = samples[0].arrays.at("theta").values;
  for (float& value : wrong) value *= 1.05f;
  EXPECT_NEAR(simulation.invariant(cases[0], wrong), 0.05, 1e-4);
}

// All in single precision the residual cannot fall as far: the field is close, the invariant tells. The truth stays.
TEST(Heat, TrainingInSinglePrecisionIsCloseAndDoesNotConverge) {
  const HeatSimulation full(small(), 1), single(small(), 1, HeatFormat::fp32);
  const HeatProblem problem(small());
  const auto cases = holdout(8);
  const auto truth = full.simulate(cases, Fidelity::train), found = single.simulate(cases, Fidelity::train);
  double worst = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_LT(problem.error(cases[i], full.outputs(truth[i]), single.outputs(found[i])), 1e-3);
    worst = std::max(worst, single.invariant(cases[i], single.outputs(found[i])));
  }
  EXPECT_GT(worst, problem.spec().gate.truth_invariant);
  EXPECT_EQ(single.simulate(cases, Fidelity::truth)[3].arrays.at("theta").values, truth[3].arrays.at("theta").values);
}

// A constant field meets only the films; the load is the power.
TEST(Heat, MatrixAndLoadKeepTheirSums) {
  HeatAssembly assembly({4, 4, 8});
  std::vector<double> p = holdout(1)[0].parameters;
  assembly.set(p);
  assembly.conduct(50.0);
  kernels::Stencil27<double> matrix(assembly.grid());
  assembly.assemble(0, matrix);
  Buffer<double> theta(assembly.grid().size()), image(assembly.grid().size());
  const kernels::Grid27& g = assembly.grid();
  const auto at = [&](std::size_t i, std::size_t j, std::size_t k) {
    return g.at(i, static_cast<std::ptrdiff_t>(j), static_cast<std::ptrdiff_t>(k));
  };
  for (std::size_t k = 0; k < g.nz; ++k)
    for (std::size_t j = 0; j < g.ny; ++j)
      for (std::size_t i = 0; i < g.nx; ++i) theta[at(i, j, k)] = 1;
  kernels::apply(matrix, theta.data(), image.data(), false);
  double total = 0, inside = 0;  // a constant meets only the films
  for (std::size_t k = 0; k < g.nz; ++k)
    for (std::size_t j = 0; j < g.ny; ++j)
      for (std::size_t i = 0; i < g.nx; ++i) {
        total += image[at(i, j, k)];
        if (k > 0 && k + 1 < g.nz) inside = std::max(inside, std::abs(image[at(i, j, k)]));
      }
  EXPECT_NEAR(total, (p[10] + heat_top) * heat_side * heat_side, 1e-10);
  EXPECT_LT(inside, 1e-10);
  Buffer<double> load(g.size());
  assembly.load(load.data());
  double watts = 0;
  for (const double value : load) watts += value;
  EXPECT_NEAR(watts, p[6] + p[7] + p[8], 1e-10);
}

TEST(Heat, RefinementConverges) {
  const Case c = holdout(1)[0];
  const auto peak = [&](std::size_t n, std::size_t nz) {
    HeatSolver solver({n, n, nz}, {1e-8, 0.02});
    const auto theta = solver.solve(c.parameters);
    return *std::max_element(theta.begin(), theta.end());
  };
  const double p16 = peak(16, 4), p32 = peak(32, 8), p64 = peak(64, 16);
  EXPECT_LT(std::abs(p64 - p32), std::abs(p32 - p16) + 0.3);
  EXPECT_NEAR(p32, p64, 0.1 * p64);
}

TEST(Heat, ThreadsChangeNoBit) {
  const auto cases = holdout(5);
  const HeatSimulation one(small(), 1), three(small(), 3);
  for (const Fidelity fidelity : {Fidelity::train, Fidelity::coarse}) {
    const auto a = one.simulate(cases, fidelity), b = three.simulate(cases, fidelity);
    for (std::size_t i = 0; i < cases.size(); ++i)
      EXPECT_EQ(a[i].arrays.at("theta").values, b[i].arrays.at("theta").values);
  }
  EXPECT_EQ(one.simulate(std::span(cases).last(1), Fidelity::train)[0].arrays.at("theta").values,
            three.simulate(cases, Fidelity::train)[4].arrays.at("theta").values);
}

// The adjoint against differences of tightly converged solves.
TEST(Heat, GradientMatchesDifferences) {
  const HeatMesh mesh{16, 16, 4};
  HeatSolver solver(mesh, {1e-11, 0.01});
  std::vector<double> seeds(mesh.nodes());
  for (std::size_t n = 0; n < seeds.size(); ++n) seeds[n] = std::sin(0.01 * static_cast<double>(n));
  const auto objective = [&](const std::vector<double>& p) {
    const auto theta = solver.solve(p);
    double sum = 0;
    for (std::size_t n = 0; n < seeds.size(); ++n) sum += seeds[n] * theta[n];
    return sum;
  };
  for (const Case& c : holdout(3)) {
    objective(c.parameters);
    const auto gradient = solver.gradient(seeds);
    for (std::size_t d = 0; d < heat_parameters.size(); ++d) {
      auto p = c.parameters;
      const double step = 1e-5 * p[d];
      p[d] += step;
      const double above = objective(p);
      p[d] -= 2 * step;
      const double slope = (above - objective(p)) / (2 * step);
      const double range = heat_parameters[d].high - heat_parameters[d].low;
      EXPECT_NEAR(gradient[d] * range, slope * range, 2e-3 * std::abs(slope * range) + 0.05) << heat_parameters[d].name;
    }
  }
}

TEST(Heat, CoarseModelDifferentiatesItsPrediction) {
  HeatCoarse model({16, 16, 4}, {1e-10, 0.01}, small().mesh, 2);
  auto cases = holdout(2);
  const auto seed = [&](std::size_t, std::span<const float>, std::span<float> cotangent) {
    for (std::size_t n = small().mesh.chip_begin(); n < cotangent.size(); n += 7) cotangent[n] = 1;
  };
  const auto objective = [&](const Case& c) {
    const Fields f = model.predict(std::span(&c, 1));
    double sum = 0;
    for (std::size_t n = small().mesh.chip_begin(); n < f.columns; n += 7) sum += static_cast<double>(f.row(0)[n]);
    return sum;
  };
  const Fields gradients = model.vjp(cases, seed);
  for (std::size_t i = 0; i < cases.size(); ++i)
    for (const std::size_t d : heat_design) {
      Case c = cases[i];
      const double step = 1e-3 * c.parameters[d];
      c.parameters[d] += step;
      const double above = objective(c);
      c.parameters[d] -= 2 * step;
      const double slope = (above - objective(c)) / (2 * step);
      EXPECT_NEAR(static_cast<double>(gradients.row(i)[d]), slope, 0.05 * std::abs(slope) + 0.5) << d;
    }
}

TEST(Heat, DrawsAreReproducibleAndApart) {
  const HeatProblem problem(small());
  for (const Purpose purpose : {Purpose::training, Purpose::holdout, Purpose::question}) {
    const Case a = problem.draw(purpose, 5, 17), b = problem.draw(purpose, 5, 17);
    EXPECT_EQ(a.parameters, b.parameters);
    EXPECT_NE(a.parameters, problem.draw(purpose, 6, 17).parameters);
    for (std::size_t i = 0; i < 200; ++i)
      for (std::size_t d = 0; d < heat_parameters.size(); ++d) {
        const double value = problem.draw(purpose, 5, i).parameters[d];
        EXPECT_GE(value, heat_parameters[d].low);
        EXPECT_LE(value, heat_parameters[d].high);
      }
  }
  // A Sobol sequence fills each half of each range equally.
  for (std::size_t d = 0; d < heat_parameters.size(); ++d) {
    int low = 0;
    for (std::size_t i = 0; i < 255; ++i)
      low += heat_to_unit(heat_parameters[d], problem.draw(Purpose::training, 5, i).parameters[d]) < 0.5;
    EXPECT_NEAR(low, 127.5, 1.1) << d;
  }
}

TEST(Heat, AnswersOfTheCoarseModelPassAndTamperedOnesFail) {
  HeatSize size = small();
  size.tolerance_samples = 100;
  const HeatProblem problem(size);
  const HeatSimulation simulation(size, 2);
  const Ranks ranks(1);
  const auto answers = problem.answer(*simulation.coarse_model(), 3, 4, ranks);
  ASSERT_EQ(answers.size(), 4u);
  for (const Answer& answer : answers) EXPECT_EQ(answer.values.size(), problem.spec().answer_names.size());
  EXPECT_TRUE(all_pass(problem.judge(answers, 3, simulation, ranks)));
  const auto tampered = [&](std::size_t value, double to) {
    auto copy = answers;
    copy[2].values[value] = to;
    return all_pass(problem.judge(copy, 3, simulation, ranks));
  };
  EXPECT_FALSE(tampered(7, 500));   // hot: too little cooling, and J no longer fits
  EXPECT_FALSE(tampered(7, 6000));  // outside
  EXPECT_FALSE(tampered(0, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(tampered(8, 0.5));  // another J than the design's
  EXPECT_FALSE(tampered(9, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_FALSE(all_pass(problem.judge({}, 3, simulation, ranks)));
}

// The coarse method's chip layer alone is that of its whole field; a part that is not whole planes is refused.
TEST(Heat, ThePeakNeedsTheChipLayerOnly) {
  const HeatMesh& mesh = small().mesh;
  const auto model = HeatSimulation(small(), 2).coarse_model();
  const auto cases = holdout(3);
  const Fields whole = model->predict(cases), chips = model->predict_part(cases, mesh.chip_begin(), mesh.chip_end());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const auto top = whole.row(i).subspan(mesh.chip_begin());
    EXPECT_TRUE(std::equal(top.begin(), top.end(), chips.row(i).begin(), chips.row(i).end())) << i;
    EXPECT_EQ(heat_largest(chips.row(i)), heat_peak(mesh, whole.row(i)));
  }
  EXPECT_THROW(model->predict_part(cases, 1, mesh.nodes()), Error);
  std::vector<float> broken(chips.row(0).begin(), chips.row(0).end());
  broken[broken.size() / 2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(heat_largest(broken)));
}

// The designs come near those of a search ten times as long.
TEST(Heat, DesignsLieNearTheLimit) {
  const HeatProblem problem(small());
  const HeatSimulation simulation(small(), 2);
  std::vector<Case> scenarios;
  for (std::size_t q = 0; q < 6; ++q) scenarios.push_back(problem.draw(Purpose::question, 4, q));
  const auto model = simulation.coarse_model();
  for (const Case& design : heat_designs(*model, small().mesh, scenarios)) {
    const double peak = heat_peak(small().mesh, model->predict(std::span(&design, 1)).row(0));
    EXPECT_LE(peak, heat_peak_limit);
    EXPECT_GE(peak, heat_peak_limit - 1);
  }
}

TEST(Heat, RefusesUnknownSizes) { EXPECT_THROW(heat_size("XS"), Error); }

}  // namespace
}  // namespace tandem::pipelines
