// Cases, the metric, alarms and their validation.
#include "pipelines/climate/problem.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"
#include "pipelines/climate/rivals.hpp"
#include "pipelines/climate/state.hpp"

namespace tandem::pipelines {
namespace {

constexpr std::size_t batch = 128;

// Answer::values: these, then peak and hour of each audited member.
enum Value : std::size_t { alarms, first_hour, median_hour, audit, values = audit + 2 * climate_audited };

std::uint64_t stream(Purpose purpose, std::size_t d) { return static_cast<std::uint64_t>(purpose) * 64 + d; }

double median(std::vector<double> all) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  std::nth_element(all.begin(), middle, all.end());
  return *middle;
}

// Steps of a member over one interval, at the middle of its domain: waves of 200 m/s, a wind of 90 m/s.
double interval_steps(const kernels::ShallowWaterGrid& grid) {
  return std::ceil(climate_interval * 490 * std::hypot(1 / grid.dx(), 1 / grid.dy()) / std::sqrt(3.0));
}

double interval_flops(const kernels::ShallowWaterGrid& grid) {
  return interval_steps(grid) * 3 * kernels::shallow_water_flops * static_cast<double>(grid.cells());
}

}  // namespace

ClimateProblem::ClimateProblem(const ClimateSize& size) : size_(size) {
  spec_.version = fmt::format("climate-{}-1", size.name);
  if (!size.frozen)
    spec_.provisional = fmt::format("e* and the simulation-only grid of size {} are not frozen", size.name);
  spec_.schedule = size.schedule;
  spec_.gate = {124, 2, size.target, 1, 1};
  const std::size_t judged = climate_audited * size.questions;
  spec_.steering = {
      fmt::format("climate-{}-steering-3", size.name),
      {climate_rounds.begin(), climate_rounds.end()},
      judged,
      fmt::format("the verdicts on answers, of {} fresh jets, within {} of their limits", judged, climate_criterion),
      "loglog"};
  spec_.questions = size.questions;
  spec_.queries = size.questions * size.members;
  const auto runs = static_cast<double>(size.schedule.samples), queries = static_cast<double>(spec_.queries);
  spec_.flops = runs * climate_points * interval_flops(size.grid()) +
                queries * climate_horizon * interval_flops(size.coarse_grid());
  spec_.answer_names = {"alarms", "first hour", "median hour"};
  for (std::size_t i = 1; i <= climate_audited; ++i)
    for (const char* what : {"peak", "hour"}) spec_.answer_names.push_back(fmt::format("{} {}", what, i));
  spec_.predictions = {{"simulate",
                        fmt::format("stencil/shallow_water/nx={}/ny={}/members=4/steps=36", size.nx, size.ny),
                        runs * climate_points * interval_steps(size.grid()) / (4 * 36), "",
                        "initial states, noise, copies of the snapshots", true}};
  spec_.facts = {
      {"physics",
       "rotating shallow water on a beta plane, periodic channel of 20,000 x 8,000 km, depth 3 km, f 1e-4/s"},
      {"grid", fmt::format("{} x {} cells, C grid, fp32", size.nx, size.ny)},
      {"simulation-only grid",
       fmt::format("{} x {} cells, {} zonal waves of the snapshot", size.coarse.nx, size.coarse.ny, size.coarse.waves)},
      {"snapshot", "u, v with 0.05 m/s, h with 0.2 m of white noise"},
      {"question",
       fmt::format("{} jets, each from one noisy snapshot: which have eddies above 5 m/s within 96 h, and when",
                   size.members)},
      {"audit", fmt::format("{} jets of each question are run by the truth", climate_audited)},
      {"spec flops", "75 a cell and stage at the stable step: training runs and, coarse, the queries"}};
}

Case ClimateProblem::draw(Purpose purpose, std::uint64_t seed, std::uint64_t index) const {
  Case result{purpose, index, std::vector<double>(climate_parameters), {}};
  for (std::size_t d = 0; d < climate_numbers; ++d) {
    const ClimateRange& range = climate_range(d);
    const double u = random_uniform(seed, stream(purpose, d), index);
    double& value = result.parameters[d];
    value = range.low + (range.high - range.low) * u;
    if (d == eddy_strength) value = range.low * std::pow(range.high / range.low, u);
    if (d >= wave_amplitude && d < wave_phase) value = std::sqrt(-2 * std::log(1 - u));
  }
  result.parameters[noise_key] =
      static_cast<double>(random_bits(seed, stream(purpose, noise_key), index) >> 11);  // exact in a double
  if (purpose == Purpose::training) return result;
  const kernels::ShallowWaterGrid grid = size_.grid();
  std::vector<float> state = climate_initial(grid, result.parameters);
  climate_observe(grid, result.parameters[noise_key], 0, state);
  result.snapshot["state"] = {{3, grid.ny, grid.nx}, std::move(state)};
  return result;
}

double ClimateProblem::error(const Case&, std::span<const float> truth, std::span<const float> prediction) const {
  check(truth.size() == climate_outputs && prediction.size() == climate_outputs,
        "climate: {} predicted values, expected {}", prediction.size(), climate_outputs);
  return relative_error(truth.first(climate_horizon), prediction.first(climate_horizon), "climate");
}

std::uint64_t ClimateProblem::audited(std::size_t question, std::size_t i) const {
  return question * size_.members + i * size_.members / climate_audited;
}

std::vector<Answer> ClimateProblem::answer(const Model& model, std::uint64_t seed, std::size_t count,
                                           const Ranks& ranks) const {
  std::vector<Answer> answers;
  std::vector<Case> cases;
  for (const std::size_t q : ranks.share(count)) {
    std::vector<ClimateBreak> breaks;
    for (std::size_t begin = 0; begin < size_.members; begin += batch) {
      cases.resize(std::min(batch, size_.members - begin));
      climate_each(cases.size(),
                   [&](std::size_t i) { cases[i] = draw(Purpose::question, seed, q * size_.members + begin + i); });
      const Fields curves = model.predict(cases);
      for (std::size_t i = 0; i < cases.size(); ++i)
        breaks.push_back(climate_break(curves.row(i).first(climate_horizon)));
    }
    std::vector<double> hours;
    for (const ClimateBreak& one : breaks)
      if (one.peak > climate_broken) hours.push_back(one.hour);
    Answer answer{q, {static_cast<double>(hours.size()), climate_never, climate_never}};
    if (!hours.empty()) {
      answer.values[first_hour] = *std::min_element(hours.begin(), hours.end());
      answer.values[median_hour] = median(hours);
    }
    for (std::size_t i = 0; i < climate_audited; ++i) {
      const ClimateBreak& one = breaks[audited(q, i) - q * size_.members];
      answer.values.insert(answer.values.end(), {one.peak, one.hour});
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

std::vector<ClimateAudit> ClimateProblem::audits(std::span<const Case> jets, std::span<const ClimateBreak> stated,
                                                 std::span<const Model* const> rivals, const Simulation& simulation,
                                                 const Ranks& ranks) const {
  const auto truths = simulation.simulate(jets, Fidelity::truth);
  std::vector<Fields> competitors;
  for (const Model* rival : rivals) competitors.push_back(rival->predict(jets));
  const ClimateSpectra spectra(size_.grid());
  std::vector<double> rows;  // of each jet: truth, stated, present strength, the rivals' peaks
  for (std::size_t i = 0; i < jets.size(); ++i) {
    const ClimateBreak truth = climate_break(simulation.outputs(truths[i]).first(climate_horizon));
    std::vector<float> features(climate_features);
    spectra.apply(climate_snapshot(jets[i], size_.grid()), features);
    rows.insert(rows.end(),
                {truth.peak, truth.hour, stated[i].peak, stated[i].hour, climate_present_strength(features)});
    for (const Fields& fields : competitors) rows.push_back(climate_break(fields.row(i).first(climate_horizon)).peak);
  }
  const std::vector<double> all = ranks.gather(rows);
  std::vector<ClimateAudit> audits;
  for (std::size_t at = 0; at < all.size(); at += 5 + rivals.size()) {
    const double* row = &all[at];
    audits.push_back({{row[0], row[1]}, {row[2], row[3]}, {row + 4, row + 5 + rivals.size()}});
  }
  return audits;
}

std::vector<Verdict> ClimateProblem::judge_against(std::span<const Model* const> rivals,
                                                   std::span<const Answer> answers, std::uint64_t seed,
                                                   const Simulation& simulation, const Ranks& ranks) const {
  std::vector<Case> jets;
  std::vector<ClimateBreak> stated;
  for (const Answer& answer : answers) {
    check(answer.values.size() == Value::values, "climate: an answer of {} values, expected {}", answer.values.size(),
          static_cast<std::size_t>(Value::values));
    for (std::size_t i = 0; i < climate_audited; ++i) {
      jets.push_back(draw(Purpose::question, seed, audited(answer.question, i)));
      const double* one = &answer.values[audit + 2 * i];
      stated.push_back({one[0], one[1]});
    }
  }
  return climate_verdicts(audits(jets, stated, rivals, simulation, ranks));
}

std::vector<Rival> ClimateProblem::rivals() const { return climate_rivals(size_); }

}  // namespace tandem::pipelines
