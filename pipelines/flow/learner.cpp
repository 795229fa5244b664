#include "pipelines/flow/learner.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tandem::pipelines {
namespace {

constexpr double outside = 1e-6;  // of a range, for rounded parameters

template <typename Value>
double deviation(const FlowMesh& mesh, std::span<const Value> outputs) {
  double sum = 0;
  for (std::size_t j = 0; j < mesh.ny; ++j) {
    const double empty = flow_empty(j, mesh.ny);
    for (std::size_t n = j * mesh.nx(); n < (j + 1) * mesh.nx(); ++n) {
      const double u = static_cast<double>(outputs[n]) - empty, v = static_cast<double>(outputs[mesh.cells() + n]);
      sum += u * u + v * v;
    }
  }
  return std::sqrt(sum);
}

class FlowMap : public FieldMap {
 public:
  explicit FlowMap(const FlowSize& size) : size_(size) {}
  std::string pipeline() const override { return "flow"; }
  std::string array() const override { return "flow"; }
  std::size_t parameters() const override { return flow_numbers; }
  std::size_t inputs() const override { return flow_numbers + 4; }
  std::size_t values() const override { return size_.mesh.values(); }

  ReducedInputs of(std::span<const double> p) const override {
    check(p.size() >= flow_numbers, "flow: {} parameters, expected {}", p.size(), flow_numbers);
    ReducedInputs result;
    for (std::size_t d = 0; d < flow_numbers; ++d) {
      const double u = flow_to_unit(size_, d, p[d]);
      if (!(u >= -outside && u <= 1 + outside)) result.scale = std::numeric_limits<double>::quiet_NaN();
      result.values.push_back(2 * u - 1);
    }
    const double tail = -p[1] * std::sin(p[3]), nose = p[8] + p[4] * std::sin(-p[6]);
    const double gap = p[7] - p[1] * std::cos(p[3]) - p[4] * std::cos(p[6]);
    result.values.insert(result.values.end(), {10 * tail, 5 * nose, 10 * gap - 1.5, 5 * (nose - tail)});
    return result;
  }

  double norm(std::span<const double> field) const override { return deviation(size_.mesh, field); }

 private:
  const FlowSize& size_;
};

}  // namespace

double flow_deviation(const FlowMesh& mesh, std::span<const float> outputs) { return deviation(mesh, outputs); }

std::shared_ptr<const FieldMap> flow_map(const FlowSize& size) { return std::make_shared<FlowMap>(size); }

std::unique_ptr<Learner> make_flow_learner(const FlowSize& size, std::uint64_t seed, const std::string& device) {
  ReducedTraining training;
  std::fill(training.hidden.begin(), training.hidden.end(), size.width);
  training.steps = size.schedule.batches;
  training.device = device;
  return std::make_unique<ReducedLearner>(flow_map(size), training, seed);
}

std::vector<Rival> flow_rivals(const FlowSize& size) { return reduced_rivals(flow_map(size)); }

}  // namespace tandem::pipelines
