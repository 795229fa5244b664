// Moving asymptotes: objective and constraint are replaced by sums of p/(U - x) + q/(x - L), convex and separable, so
// that one multiplier, found by bisection, solves each step. The constraint's value is the true maximum over the chip
// layer, its slope that of a soft maximum (2 per K): chips of nearly the same heat share it.
#include "pipelines/heat/answer.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem::pipelines {
namespace {

constexpr std::size_t variables = heat_design.size(), starts = 4, most_steps = 40, patience = 6, batch = 256,
                      manufactured = 64;  // at a time: their fields stay in a cache
using Point = std::array<double, variables>;

// Separable convex approximation at x: value(y) = rest + sum p/(U - y) + q/(y - L).
struct Approximation {
  Point p, q;
  double rest;
  Approximation(double value, const Point& slope, const Point& x, const Point& low, const Point& high) : rest(value) {
    for (std::size_t i = 0; i < variables; ++i) {
      const double floor = 1e-3 * std::abs(slope[i]) + 1e-6;
      p[i] = (high[i] - x[i]) * (high[i] - x[i]) * (std::max(slope[i], 0.0) + floor);
      q[i] = (x[i] - low[i]) * (x[i] - low[i]) * (std::max(-slope[i], 0.0) + floor);
      rest -= p[i] / (high[i] - x[i]) + q[i] / (x[i] - low[i]);
    }
  }
};

// One search: where it stands, its asymptotes and the best feasible design so far.
struct Search {
  std::size_t scenario = 0;
  Point x, previous, before, reach;
  std::size_t step = 0, idle = 0;
  Point best;
  double best_cost = std::numeric_limits<double>::infinity();
  double best_excess = std::numeric_limits<double>::infinity();

  void record(double cost, double excess) {
    const bool feasible = excess <= 0;
    const bool was = best_excess <= 0;
    const bool better = feasible ? !was || cost < best_cost : !was && excess < best_excess;
    idle = better && (!was || cost < best_cost * (1 - 1e-3)) ? 0 : idle + 1;
    if (!better) return;
    best = x;
    best_cost = cost;
    best_excess = excess;
  }

  void adapt() {
    for (std::size_t i = 0; i < variables; ++i) {
      const double turn = step < 2 ? 0 : (x[i] - previous[i]) * (previous[i] - before[i]);
      reach[i] = std::clamp(reach[i] * (turn < 0 ? 0.6 : turn > 0 ? 1.15 : 1.0), 0.01, 1.0);
    }
  }

  void advance(double cost, const Point& cost_slope, double excess, const Point& excess_slope) {
    adapt();
    Point low, high;
    for (std::size_t i = 0; i < variables; ++i) low[i] = x[i] - reach[i], high[i] = x[i] + reach[i];
    const Approximation objective(cost, cost_slope, x, low, high), constraint(excess, excess_slope, x, low, high);
    Point y;
    const auto minimise = [&](double multiplier) {
      double value = constraint.rest;
      for (std::size_t i = 0; i < variables; ++i) {
        const double p = std::sqrt(objective.p[i] + multiplier * constraint.p[i]);
        const double q = std::sqrt(objective.q[i] + multiplier * constraint.q[i]);
        const double least = std::max(0.0, x[i] - 0.5 * reach[i]), most = std::min(1.0, x[i] + 0.5 * reach[i]);
        y[i] = std::clamp((p * low[i] + q * high[i]) / (p + q), least, most);
        value += constraint.p[i] / (high[i] - y[i]) + constraint.q[i] / (y[i] - low[i]);
      }
      return value;
    };
    if (minimise(0) > 0) {
      double below = -12, above = 6;  // powers of e
      for (int halving = 0; halving < 40; ++halving) {
        const double middle = (below + above) / 2;
        (minimise(std::exp(middle)) > 0 ? below : above) = middle;
      }
      minimise(std::exp(above));
    }
    before = previous;
    previous = x;
    x = y;
    ++step;
  }
};

Case at_point(const Case& scenario, const Point& x) {
  Case result = scenario;
  for (std::size_t i = 0; i < variables; ++i)
    result.parameters[heat_design[i]] = heat_from_unit(heat_parameters[heat_design[i]], x[i]);
  return result;
}

// d parameter / d unit.
double stretch(std::size_t i, double value) {
  const HeatParameter& parameter = heat_parameters[heat_design[i]];
  return parameter.logarithmic ? value * std::log(parameter.high / parameter.low) : parameter.high - parameter.low;
}

Point cost_slope(const Case& design) {
  Point slope;
  for (std::size_t i = 0; i < variables; ++i) {
    std::vector<double> p = design.parameters;
    double& value = p[heat_design[i]];
    const double step = 1e-5 * value, centre = value;
    value = centre + step;
    const double above = heat_cost(p);
    value = centre - step;
    slope[i] = (above - heat_cost(p)) / (2 * step) * stretch(i, centre);
  }
  return slope;
}

std::vector<Search> searches(std::size_t scenarios) {
  // Centre, spread corners and two mixtures, all well cooled: from a feasible side the first steps already count.
  constexpr Point from[starts] = {{0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.8},
                                  {0.1, 0.1, 0.9, 0.1, 0.5, 0.9, 0.3, 0.7},
                                  {0.8, 0.8, 0.2, 0.8, 0.5, 0.2, 0.8, 0.9},
                                  {0.3, 0.7, 0.9, 0.5, 0.2, 0.7, 0.2, 0.9}};
  std::vector<Search> all;
  for (std::size_t s = 0; s < scenarios; ++s)
    for (const Point& start : from) {
      Search search;
      search.scenario = s;
      search.x = search.previous = search.before = search.best = start;
      search.reach.fill(0.4);
      all.push_back(search);
    }
  return all;
}

// Evaluates the peaks of the searches in `active` and moves each one step.
void step(const Model& model, const HeatMesh& mesh, std::span<const Case> scenarios, std::span<Search*> active) {
  std::vector<Case> cases;
  for (const Search* search : active) cases.push_back(at_point(scenarios[search->scenario], search->x));
  std::vector<double> peaks(active.size());
  const Fields slopes =
      model.vjp(cases, [&](std::size_t row, std::span<const float> theta, std::span<float> cotangent) {
        const double peak = peaks[row] = heat_peak(mesh, theta);
        double total = 0;
        std::fill(cotangent.begin(), cotangent.end(), 0.0f);
        for (std::size_t n = mesh.chip_begin(); n < mesh.chip_end(); ++n) {
          const double below = peak - static_cast<double>(theta[n]);
          if (below > 8) continue;  // weight under 1e-7
          const double weight = std::exp(-2 * below);
          cotangent[n] = static_cast<float>(weight);
          total += weight;
        }
        for (std::size_t n = mesh.chip_begin(); n < mesh.chip_end(); ++n) cotangent[n] /= static_cast<float>(total);
      });
  for (std::size_t a = 0; a < active.size(); ++a) {
    const double cost = heat_cost(cases[a].parameters), excess = (peaks[a] - heat_peak_limit) / heat_peak_limit;
    Point slope;
    for (std::size_t i = 0; i < variables; ++i)
      slope[i] = static_cast<double>(slopes.row(a)[heat_design[i]]) / heat_peak_limit *
                 stretch(i, cases[a].parameters[heat_design[i]]);
    active[a]->record(cost, excess);
    active[a]->advance(cost, cost_slope(cases[a]), excess, slope);
  }
}

}  // namespace

std::vector<Case> heat_designs(const Model& model, const HeatMesh& mesh, std::span<const Case> scenarios) {
  std::vector<Search> all = searches(scenarios.size());
  for (;;) {
    std::vector<Search*> active;
    for (Search& search : all)
      if (search.step < most_steps && search.idle < patience) active.push_back(&search);
    if (active.empty()) break;
    for (std::size_t begin = 0; begin < active.size(); begin += batch)
      step(model, mesh, scenarios, std::span(active).subspan(begin, std::min(batch, active.size() - begin)));
  }
  std::vector<Case> designs;
  for (std::size_t s = 0; s < scenarios.size(); ++s) {
    const auto first = all.begin() + static_cast<std::ptrdiff_t>(s * starts);
    const auto best = std::min_element(first, first + starts, [](const Search& a, const Search& b) {
      if (a.best_excess > 0 || b.best_excess > 0) return a.best_excess < b.best_excess;
      return a.best_cost < b.best_cost;
    });
    designs.push_back(at_point(scenarios[s], best->best));
  }
  return designs;
}

Case heat_manufactured(const Case& design, std::span<const double> deviates) {
  Case made = design;
  for (std::size_t d = 0; d < heat_parameters.size(); ++d) {
    const double spread = d < 6 ? 0.1 : (d < 9 ? 0.03 : 0.05) * design.parameters[d];
    made.parameters[d] =
        std::clamp(design.parameters[d] + spread * deviates[d], heat_parameters[d].low, heat_parameters[d].high);
  }
  return made;
}

HeatReliability heat_reliability(const Model& model, const HeatMesh& mesh, const Case& design, std::size_t samples,
                                 const std::function<Case(std::size_t)>& deviates) {
  HeatReliability result;
  result.peak = heat_peak(mesh, model.predict(std::span(&design, 1)).row(0));
  std::vector<double> peaks;
  for (std::size_t begin = 0; begin < samples; begin += manufactured) {
    std::vector<Case> cases;
    for (std::size_t s = begin; s < std::min(samples, begin + manufactured); ++s)
      cases.push_back(heat_manufactured(design, deviates(s).parameters));
    const Fields chips = model.predict_part(cases, mesh.chip_begin(), mesh.chip_end());
    const auto rows = static_cast<std::ptrdiff_t>(cases.size());
    peaks.resize(begin + cases.size());
#pragma omp parallel for schedule(static)
    for (std::ptrdiff_t i = 0; i < rows; ++i) {
      const auto row = static_cast<std::size_t>(i);
      peaks[begin + row] = heat_largest(chips.row(row));
    }
  }
  const auto count = [&](double limit) {
    return std::count_if(peaks.begin(), peaks.end(), [&](double peak) { return !(peak <= limit); });
  };
  result.above = static_cast<double>(count(heat_validated_limit)) / static_cast<double>(samples);
  const auto rank = peaks.begin() + static_cast<std::ptrdiff_t>((95 * samples + 99) / 100 - 1);
  std::nth_element(peaks.begin(), rank, peaks.end());
  result.p95 = *rank;
  return result;
}

}  // namespace tandem::pipelines
