// Cases, the metric, answers and their validation.
#include "pipelines/heat/problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/random.hpp"
#include "pipelines/heat/answer.hpp"
#include "pipelines/heat/learner.hpp"
#include "pipelines/reduced/points.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t dimensions = heat_parameters.size();
constexpr double heat_iterations =
    12.4;  // of conjugate gradients, mean of 64 training simulations of size S (6.3 passes)
constexpr double peak_error_limit = 8;  // K, 90th percentile of |predicted - true| over the designs

// Answer::values: 8 design variables, then these.
enum Value : std::size_t { cost = heat_design.size(), peak, p95, above, values };

std::uint64_t stream(Purpose purpose, std::size_t d) { return stream_of(static_cast<std::uint64_t>(purpose), d); }

// Scenarios lie inside the ranges, so that each can be designed for. `design`: of what a scenario leaves open.
double scenario(std::size_t d, double u, double design = 0.5) {
  if (d >= 6 && d <= 8) return 0.475 + 0.35 * u;
  if (d == 11) return 0.15 + 0.7 * u;
  return design;
}

bool is_scenario(Purpose purpose) {
  return purpose == Purpose::question || purpose == Purpose::steering || purpose == Purpose::judging;
}

// 10 iterations of 4 operator products (one of the matrix, about three of the V cycle), 54 flops a node each.
double solve_flops(const HeatMesh& mesh) { return 10.0 * 4 * 54 * static_cast<double>(mesh.nodes()); }

}  // namespace

double heat_from_unit(const HeatParameter& parameter, double u) {
  return parameter.logarithmic ? parameter.low * std::pow(parameter.high / parameter.low, u)
                               : parameter.low + (parameter.high - parameter.low) * u;
}

double heat_to_unit(const HeatParameter& parameter, double value) {
  return parameter.logarithmic ? std::log(value / parameter.low) / std::log(parameter.high / parameter.low)
                               : (value - parameter.low) / (parameter.high - parameter.low);
}

double heat_cost(std::span<const double> p) {
  const auto distance = [&](std::size_t a, std::size_t b) {
    return std::hypot(p[2 * a] - p[2 * b], p[2 * a + 1] - p[2 * b + 1]);
  };
  return p[9] / 2 + 1.5 * p[10] / 4000 + 0.5 * (distance(0, 1) + distance(0, 2) + distance(1, 2)) / 20;
}

double heat_peak(const HeatMesh& mesh, std::span<const float> theta) {
  return heat_largest(theta.subspan(mesh.chip_begin(), mesh.chip_end() - mesh.chip_begin()));
}

double heat_largest(std::span<const float> theta) {
  const float* const values = theta.data();
  const std::size_t count = theta.size();
  float largest = values[0];
  int broken = 0;
#pragma omp simd reduction(max : largest) reduction(| : broken)
  for (std::size_t n = 0; n < count; ++n) {
    broken |= std::isnan(values[n]) ? 1 : 0;
    largest = std::max(largest, values[n]);
  }
  return broken != 0 ? std::nan("") : static_cast<double>(largest);
}

std::vector<double> heat_sorted(std::span<const double> values, const Ranks& ranks) {
  std::vector<double> all = ranks.gather(values);
  const bool sound = !all.empty() && std::none_of(all.begin(), all.end(), [](double v) { return std::isnan(v); });
  if (!sound) return {std::nan("")};
  std::sort(all.begin(), all.end());
  return all;
}

HeatProblem::HeatProblem(const HeatSize& size, bool scenarios) : size_(size), scenarios_(scenarios) {
  spec_.version = fmt::format("heat-{}-{}", size.name, size.version);
  if (!size.frozen)
    spec_.provisional = fmt::format(
        "e*, the limits on invariant and answers, and the simulation-only mesh of size {} are not frozen", size.name);
  if (scenarios) vary("-scenarios", "the hold-out's target is meant for training points in the whole box");
  spec_.schedule = size.schedule;
  spec_.gate = {124, 2, size.target, size.violation, 1e-6};
  spec_.steering = {fmt::format("heat-{}-steering-1", size.name),
                    {size.steering.begin(), size.steering.end()},
                    heat_judged_scenarios,
                    "designs of 59 fresh scenarios: p90 of |predicted - true| peak <= 1 K, no true peak above 62 K",
                    "quadratic"};
  spec_.questions = size.questions;
  spec_.queries = size.questions * size.tolerance_samples;
  spec_.flops = static_cast<double>(size.schedule.samples + size.questions) * solve_flops(size.mesh) +
                static_cast<double>(spec_.queries) * solve_flops(size.coarse_mesh);
  for (const std::size_t d : heat_design) spec_.answer_names.emplace_back(heat_parameters[d].name);
  for (const char* name : {"J", "peak", "peak_p95", "fraction_above_62K"}) spec_.answer_names.emplace_back(name);
  const double side = std::cbrt(static_cast<double>(size.mesh.nodes()));
  const std::size_t nets = ReducedTraining().nets;
  spec_.predictions = {{"simulate", fmt::format("sparse/cg/n={}/preconditioner=fp32", std::lround(side)),
                        heat_iterations * static_cast<double>(size.schedule.samples), "iterations",
                        "assembly, the silicon's conductivity after each pass, residuals in double precision", true},
                       {"train",
                        fmt::format("learning/train_step/layers=17-{0}-{0}-{0}-64/batch={1}/precision=fp32", heat_width,
                                    size.schedule.batch),
                        static_cast<double>(size.schedule.batches * nets), "",
                        "the basis, drawing batches; the nets share a step's sweeps"}};
  const auto mesh = [](const HeatMesh& m) { return fmt::format("{} x {} x {} cells", m.nx, m.ny, m.nz); };
  spec_.facts = {
      {"physics", "-div(k grad theta) = q in a 40 x 40 x 4 mm module, silicon k(T), films below and above"},
      {"mesh", mesh(size.mesh)},
      {"truth residual", fmt::format("{}", size.truth.residual)},
      {"simulation-only mesh", mesh(size.coarse_mesh)},
      {"simulation-only residual", fmt::format("{}", size.coarse.residual)},
      {"question",
       "min t_cu/2mm + 1.5 h/4000 + 0.5 (d12+d13+d23)/20mm subject to a predicted peak <= 53 K; validated at 62 K"},
      {"reliability", fmt::format("{} manufactured samples a design", size.tolerance_samples)},
      {"spec flops", "10 iterations of 4 operator products per solution: samples, designs and, coarse, the queries"}};
}

void HeatProblem::vary(const std::string& suffix, const std::string& why) {
  spec_.version += suffix;
  spec_.provisional = why;
}

Case HeatProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  Case result{purpose, index, std::vector<double>(dimensions), {}};
  const auto points = purpose == Purpose::training ? sobol_point(dimensions, seed, index) : std::vector<double>{};
  for (std::size_t d = 0; d < dimensions; ++d) {
    double& value = result.parameters[d];
    if (purpose == Purpose::tolerance) {
      value = random_normal(seed, stream(purpose, d), index);
      continue;
    }
    double u = purpose == Purpose::training ? points[d] : random_uniform(seed, stream(purpose, d), index);
    if (is_scenario(purpose)) u = scenario(d, u);
    if (scenarios_ && purpose == Purpose::training) u = scenario(d, u, u);
    value = heat_from_unit(heat_parameters[d], u);
  }
  return result;
}

double HeatProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  return relative_error(truth, prediction, "heat");
}

std::vector<Answer> HeatProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                        const Ranks& ranks) const {
  std::vector<Case> scenarios;
  for (const std::size_t q : ranks.share(count)) scenarios.push_back(draw(Purpose::question, seed, q));
  const std::vector<Case> designs = heat_designs(model, size_.mesh, scenarios);
  std::vector<Answer> answers;
  for (const Case& design : designs) {
    const HeatReliability reliability = heat_reliability(
        model, size_.mesh, design, size_.tolerance_samples,
        [&](std::size_t s) { return draw(Purpose::tolerance, seed, design.index * size_.tolerance_samples + s); });
    Answer answer{design.index, {}};
    for (const std::size_t d : heat_design) answer.values.push_back(design.parameters[d]);
    for (const double value : {heat_cost(design.parameters), reliability.peak, reliability.p95, reliability.above})
      answer.values.push_back(value);
    answers.push_back(std::move(answer));
  }
  return answers;
}

Case HeatProblem::designed(const Answer& answer, std::uint64_t seed) const {
  check(answer.values.size() == Value::values, "heat: an answer of {} values, expected {}", answer.values.size(),
        static_cast<std::size_t>(Value::values));
  Case result = draw(Purpose::question, seed, answer.question);
  for (std::size_t i = 0; i < heat_design.size(); ++i) result.parameters[heat_design[i]] = answer.values[i];
  return result;
}

// Every design is solved by the truth; its bounds, its cost and its peak are judged as they are, not as claimed.
std::vector<Verdict> HeatProblem::judge(std::span<const Answer> answers, std::uint64_t seed,
                                        const Simulation& simulation, const Ranks& ranks) const {
  std::vector<Case> cases;
  double outside = 0, misstated = 0, largest = 0;
  for (const Answer& answer : answers) {
    Case design = designed(answer, seed);
    for (const std::size_t d : heat_design) {
      double& value = design.parameters[d];
      const double u = heat_to_unit(heat_parameters[d], value);
      worse(outside, std::isfinite(u) ? std::max(-u, u - 1) : std::nan(""));
      if (!(u >= 0 && u <= 1))
        value = heat_from_unit(heat_parameters[d], 0.5);  // solvable; the verdict is lost already
    }
    worse(misstated, std::abs(answer.values[Value::cost] - heat_cost(design.parameters)));
    cases.push_back(std::move(design));
  }
  const std::vector<Sample> samples = simulation.simulate(cases, Fidelity::truth);
  std::vector<double> errors;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double solved = heat_peak(size_.mesh, simulation.outputs(samples[i]));
    worse(largest, solved);
    errors.push_back(std::abs(solved - answers[i].values[Value::peak]));
  }
  const double p90 = heat_p90(heat_sorted(errors, ranks));
  const std::vector<double> worst = ranks.gather(std::vector<double>{outside, misstated, largest});
  std::vector<double> most(3, 0.0);
  for (std::size_t i = 0; i < worst.size(); ++i) worse(most[i % 3], worst[i]);
  return {{"design outside its bounds / range", most[0], 1e-9},
          {"misstated J", most[1], 1e-9},
          {heat_peak_check, most[2], heat_validated_limit},
          {heat_error_check, p90, peak_error_limit}};
}

std::vector<Rival> HeatProblem::rivals() const { return heat_rivals(size_); }

}  // namespace tandem::pipelines
