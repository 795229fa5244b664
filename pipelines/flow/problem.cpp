// Cases, the metric and what the Problem is.
#include "pipelines/flow/problem.hpp"

#include <cmath>

#include "harness/base/random.hpp"
#include "pipelines/flow/learner.hpp"
#include "pipelines/flow/simulation.hpp"
#include "pipelines/reduced/points.hpp"

namespace tandem::pipelines {
namespace {

constexpr double travelled = 11;                             // H, mean of training flows until they are steady
constexpr double least_lift = -1, most_lift = 1;             // that a question requires
constexpr double question_low = 0.15, question_high = 0.85;  // of the range of Re

constexpr double update_flops = 93;  // of a cell and step, by the scheme's formulas: a constant of the Problem

double flow_flops(const FlowMesh& mesh) {
  return update_flops * static_cast<double>(mesh.cells() * mesh.ny) * travelled / mesh.speed;
}

}  // namespace

FlowProblem::FlowProblem(const FlowSize& size) : size_(size) {
  spec_.version = fmt::format("flow-{}-2", size.name);
  if (!size.frozen)
    spec_.provisional = fmt::format(
        "e*, the limits on invariant and answers, and the simulation-only lattice of size {} are not frozen",
        size.name);
  spec_.schedule = size.schedule;
  spec_.gate = {124, 2, size.target, 0.02, 5e-3};
  spec_.steering = {fmt::format("flow-{}-steering-1", size.name),
                    {flow_rounds.begin(), flow_rounds.end()},
                    59,
                    fmt::format("designs of 59 fresh questions: p90 of |predicted / simulated drag - 1| <= {}, every "
                                "lift within {} of the required one",
                                flow_drag_criterion, size.lift_reach),
                    "quadratic"};
  spec_.questions = size.questions;
  spec_.queries = size.questions * flow_population * size.generations;
  spec_.flops = static_cast<double>(size.schedule.samples + size.questions) * flow_flops(size.mesh) +
                static_cast<double>(spec_.queries) * flow_flops(size.coarse);
  for (std::size_t d = 1; d < flow_numbers; ++d) spec_.answer_names.emplace_back(flow_domain[d].name);
  for (const char* name : {"drag", "lift"}) spec_.answer_names.emplace_back(name);
  const ReducedTraining training;
  spec_.predictions = {
      {"simulate", fmt::format("lattice/boltzmann/nx={}/ny={}/members=4/steps=240", size.mesh.nx(), size.mesh.ny),
       static_cast<double>(size.schedule.samples) * travelled * static_cast<double>(size.mesh.ny) / size.mesh.speed /
           (4 * 240),
       "", "the bodies' cells, looks at the forces, how far flows differ from the mean", true},
      {"train",
       fmt::format("learning/train_step/layers=13-{0}-{0}-{0}-{1}/batch={2}/precision=fp32", size.width, training.modes,
                   size.schedule.batch),
       static_cast<double>(size.schedule.batches * training.nets), "",
       "the basis, drawing batches; the nets share a step's sweeps"}};
  spec_.facts = {
      {"physics", "steady incompressible flow around two ellipses in a duct, D2Q9 lattice Boltzmann, Re 15 to 50"},
      {"lattice", fmt::format("{} x {} cells, U = {}, steady to {}", size.mesh.nx(), size.mesh.ny, size.mesh.speed,
                              size.mesh.tolerance)},
      {"simulation-only lattice", fmt::format("{} x {} cells, U = {}, steady to {}", size.coarse.nx(), size.coarse.ny,
                                              size.coarse.speed, size.coarse.tolerance)},
      {"question",
       fmt::format("least drag of two elements at a Reynolds number with |lift - required| <= {}", size.lift_reach)},
      {"search", fmt::format("{} samples in each of {} generations", flow_population, size.generations)},
      {"spec flops",
       "93 a cell and step until the fluid has travelled 11 H: samples, designs and, coarse, the queries"}};
}

Case FlowProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  Case result{purpose, index, {}, {}};
  const auto uniform = [&](std::size_t d) {
    return random_uniform(seed, stream_of(static_cast<std::uint64_t>(purpose), d), index);
  };
  const bool drawn = purpose == Purpose::training || purpose == Purpose::holdout;
  const auto sobol =
      purpose == Purpose::training ? sobol_point(flow_numbers, seed, index) : std::vector<double>(flow_numbers, 0.5);
  for (std::size_t d = 0; d < flow_numbers; ++d)
    result.parameters.push_back(flow_from_unit(size_, d, purpose == Purpose::holdout ? uniform(d) : sobol[d]));
  if (drawn) return result;
  result.parameters[0] = flow_from_unit(size_, 0, question_low + (question_high - question_low) * uniform(0));
  result.parameters.push_back(least_lift + (most_lift - least_lift) * uniform(1));
  return result;
}

double FlowProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  const FlowMesh& mesh = size_.mesh;
  check(truth.size() == mesh.values() && prediction.size() == mesh.values(), "flow: {} predicted values, expected {}",
        prediction.size(), mesh.values());
  double difference = 0;
  for (std::size_t n = 0; n < 2 * mesh.cells(); ++n) {
    const double d = static_cast<double>(prediction[n]) - static_cast<double>(truth[n]);
    difference += d * d;
  }
  return std::sqrt(difference) / flow_deviation(mesh, truth);
}

std::vector<Rival> FlowProblem::rivals() const { return flow_rivals(size_); }

}  // namespace tandem::pipelines
