// Designs, and their judgement by full simulation.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "harness/base/random.hpp"
#include "pipelines/flow/problem.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t elite = 8;
constexpr double first_spread = 0.3, least_spread = 0.01;
constexpr double lift_margin = 0.1;  // of the required lift as predicted: designs keep clear of what is judged
constexpr double miss_weight = 20;   // drag that a lift beyond the margin costs

using Point = std::array<double, flow_design>;

// Answer::values: the design, then these.
enum Value : std::size_t { drag = flow_design, lift, values };

struct Search {
  Point mean, spread, best{};
  double best_merit = std::numeric_limits<double>::infinity();
  FlowForces predicted;

  Search() {
    mean.fill(0.5);
    spread.fill(first_spread);
  }

  Point sample(std::uint64_t seed, std::uint64_t question, std::uint64_t number) const {
    Point x;
    for (std::size_t d = 0; d < flow_design; ++d)
      x[d] = std::clamp(mean[d] + spread[d] * random_normal(seed, 1000 + d, question << 20 | number), 0.0, 1.0);
    return x;
  }

  void learn(std::span<const Point> points, std::span<const double> merits) {
    std::vector<std::size_t> order(points.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return merits[a] < merits[b] || (merits[a] == merits[b] && a < b); });
    for (std::size_t d = 0; d < flow_design; ++d) {
      double sum = 0, square = 0;
      for (std::size_t e = 0; e < elite; ++e) sum += points[order[e]][d];
      mean[d] = sum / elite;
      for (std::size_t e = 0; e < elite; ++e) square += std::pow(points[order[e]][d] - mean[d], 2);
      spread[d] = std::max(least_spread, std::sqrt(square / elite));
    }
  }
};

Case at_design(const FlowSize& size, const Case& question, const Point& x) {
  Case result = question;
  for (std::size_t d = 0; d < flow_design; ++d) result.parameters[d + 1] = flow_from_unit(size, d + 1, x[d]);
  return result;
}

double merit_of(const FlowForces& forces, double required) {
  const double merit = forces.drag + miss_weight * std::max(0.0, std::abs(forces.lift - required) - lift_margin);
  return std::isfinite(merit) ? merit : std::numeric_limits<double>::max();
}

double p90(std::vector<double> all) {
  if (all.empty() || std::any_of(all.begin(), all.end(), [](double v) { return std::isnan(v); })) return std::nan("");
  std::sort(all.begin(), all.end());
  return all[(9 * all.size() - 1) / 10];
}

}  // namespace

std::vector<FlowDesign> flow_designs(const FlowSize& size, const Model& model, std::span<const Case> questions,
                                     std::uint64_t seed) {
  std::vector<Search> searches(questions.size());
  for (std::size_t generation = 0; generation < size.generations; ++generation) {
    std::vector<Point> points;
    std::vector<Case> cases;
    for (std::size_t q = 0; q < questions.size(); ++q)
      for (std::size_t n = 0; n < flow_population; ++n) {
        points.push_back(searches[q].sample(seed, questions[q].index, generation * flow_population + n));
        cases.push_back(at_design(size, questions[q], points.back()));
      }
    const Fields forces = model.predict_part(cases, 2 * size.mesh.cells(), size.mesh.values());
    for (std::size_t q = 0; q < questions.size(); ++q) {
      std::vector<double> merits;
      for (std::size_t n = q * flow_population; n < (q + 1) * flow_population; ++n) {
        const FlowForces own = flow_forces_of(size.mesh, forces.row(n));
        merits.push_back(merit_of(own, questions[q].parameters[flow_numbers]));
        if (merits.back() >= searches[q].best_merit) continue;
        searches[q].best_merit = merits.back();
        searches[q].best = points[n];
        searches[q].predicted = own;
      }
      searches[q].learn(std::span<const Point>(points).subspan(q * flow_population, flow_population), merits);
    }
  }
  std::vector<FlowDesign> designs;
  for (std::size_t q = 0; q < questions.size(); ++q)
    designs.push_back({at_design(size, questions[q], searches[q].best), searches[q].predicted});
  return designs;
}

std::vector<Answer> FlowProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                        const Ranks& ranks) const {
  std::vector<Case> questions;
  for (const std::size_t q : ranks.share(count)) questions.push_back(draw(Purpose::question, seed, q));
  std::vector<Answer> answers;
  for (const FlowDesign& design : flow_designs(size_, model, questions, seed)) {
    Answer answer{design.with.index, {}};
    for (std::size_t d = 1; d < flow_numbers; ++d) answer.values.push_back(design.with.parameters[d]);
    answer.values.push_back(design.predicted.drag);
    answer.values.push_back(design.predicted.lift);
    answers.push_back(std::move(answer));
  }
  return answers;
}

// A design of which the truth never becomes steady counts as infinitely far off.
FlowProblem::Forces FlowProblem::judged(std::span<const Case> designs, std::span<const double> stated,
                                        const Simulation& simulation, const Ranks& ranks) const {
  const std::vector<Sample> samples = simulation.simulate(designs, Fidelity::truth);
  std::vector<double> errors;
  double missed = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const FlowForces truth = flow_forces(size_.mesh, simulation.outputs(samples[i]));
    worse(missed, std::abs(truth.lift - designs[i].parameters[flow_numbers]));
    errors.push_back(std::abs(stated[i] / truth.drag - 1));
  }
  const std::vector<double> misses = ranks.gather(std::vector<double>{missed});
  return {*std::max_element(misses.begin(), misses.end()), p90(ranks.gather(errors))};
}

// Every design is simulated by the truth; bounds, lift and drag are judged as they are, not as claimed.
std::vector<Verdict> FlowProblem::judge(std::span<const Answer> answers, std::uint64_t seed,
                                        const Simulation& simulation, const Ranks& ranks) const {
  std::vector<Case> cases;
  std::vector<double> stated;
  double outside = 0;
  for (const Answer& answer : answers) {
    check(answer.values.size() == Value::values, "flow: an answer of {} values, expected {}", answer.values.size(),
          static_cast<std::size_t>(Value::values));
    Case design = draw(Purpose::question, seed, answer.question);
    for (std::size_t d = 1; d < flow_numbers; ++d) {
      const double u = flow_to_unit(size_, d, answer.values[d - 1]);
      worse(outside, std::isfinite(u) ? std::max(-u, u - 1) : std::nan(""));
      if (u >= 0 && u <= 1) design.parameters[d] = answer.values[d - 1];  // else the verdict is lost already
    }
    cases.push_back(std::move(design));
    stated.push_back(answer.values[Value::drag]);
  }
  const Forces forces = judged(cases, stated, simulation, ranks);
  const std::vector<double> worst = ranks.gather(std::vector<double>{outside});
  return {{"design outside its bounds / range", *std::max_element(worst.begin(), worst.end()), 1e-9},
          {"largest |simulated - required| lift", forces.missed, size_.lift_reach},
          {"|predicted / simulated drag - 1|, p90", forces.drag_error, flow_drag_error}};
}

}  // namespace tandem::pipelines
