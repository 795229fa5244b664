// Rivals as Learners: all that they know of a sample is its point, so that every rank gathers all points.
#include "pipelines/heat/rivals.hpp"

#include <algorithm>

namespace tandem::pipelines {

namespace {

constexpr std::uint64_t image_mark = 0x314c415649524854;  // "THRIVAL1"

class ExpansionRegression : public HeatRegression {
 public:
  explicit ExpansionRegression(HeatExpansion expansion) : expansion_(std::move(expansion)) {}

  void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes;
#pragma omp parallel
    {
      std::vector<double> values(functions);
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < rows; ++r) {
        expansion_.evaluate(inputs.subspan(r * heat_inputs, heat_inputs), values);
        const auto sums = to.subspan(r * modes, modes);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t j = 0; j < functions; ++j)
          for (std::size_t k = 0; k < modes; ++k) sums[k] += values[j] * expansion_.weights[j * modes + k];
      }
    }
  }

  void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
            std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes;
#pragma omp parallel
    {
      std::vector<double> pulls(functions);
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t j = 0; j < functions; ++j) {
          pulls[j] = 0;
          for (std::size_t k = 0; k < modes; ++k)
            pulls[j] += weights[r * modes + k] * expansion_.weights[j * modes + k];
        }
        expansion_.pull(inputs.subspan(r * heat_inputs, heat_inputs), pulls, to.subspan(r * heat_inputs, heat_inputs));
      }
    }
  }

  double flops() const override { return 2 * static_cast<double>(expansion_.functions() * expansion_.modes); }

 private:
  HeatExpansion expansion_;
};

// All ranks' points in canonical order.
std::vector<HeatPoint> gather(std::span<const Sample* const> mine, const HeatBasis& basis, const Ranks& ranks) {
  const std::size_t modes = basis.pod().modes, width = 2 + heat_inputs + modes;
  std::vector<double> packed;
  for (const Sample* sample : mine) {
    const HeatPoint point = basis.project(*sample);
    packed.push_back(static_cast<double>(sample->index));
    packed.push_back(point.norm);
    packed.insert(packed.end(), point.inputs.begin(), point.inputs.end());
    packed.insert(packed.end(), point.coefficients.begin(), point.coefficients.end());
  }
  std::vector<HeatPoint> points;
  const GatheredRows all = gathered_rows(packed, width, ranks);
  for (const double* row : all.rows) {
    HeatPoint& point = points.emplace_back();
    point.norm = row[1];
    std::copy_n(row + 2, heat_inputs, point.inputs.begin());
    point.coefficients.assign(row + 2 + heat_inputs, row + width);
  }
  return points;
}

}  // namespace

void HeatRival::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  basis_ = HeatBasis(mine, nodes_, modes_, ranks);
  expansion_ = fit_expansion(kind_, gather(mine, basis_, ranks));
}

std::unique_ptr<Model> HeatRival::model() const {
  check(!expansion_.weights.empty(), "heat: a rival's model before prepare");
  return std::make_unique<HeatSurrogate>(basis_, std::make_unique<ExpansionRegression>(expansion_));
}

std::vector<std::byte> HeatRival::save() const {
  check(!expansion_.weights.empty(), "heat: a rival saved before prepare");
  ImageWriter image;
  image.put(image_mark);
  image.put(expansion_.kind);
  basis_.save(image);
  image.put(expansion_.length);
  image.put(expansion_.ridge);
  image.put(expansion_.centres);
  image.put(expansion_.weights);
  return image.take();
}

void HeatRival::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<HeatRivalKind>() == kind_,
        "heat: not the image of this rival");
  basis_.load(image);
  check(basis_.pod().values == nodes_, "heat: an image for {} nodes, expected {}", basis_.pod().values, nodes_);
  expansion_ = {kind_, basis_.pod().modes, image.get<double>(), image.get<double>(), {}, {}};
  expansion_.centres = image.vector<double>();
  expansion_.weights = image.vector<double>();
  image.finish();
  check(!expansion_.weights.empty() && expansion_.weights.size() == expansion_.functions() * expansion_.modes,
        "heat: an image with {} weights for {} functions", expansion_.weights.size(), expansion_.functions());
}

std::vector<Rival> heat_rivals(const HeatSize& size) {
  const std::size_t nodes = size.mesh.nodes();
  const auto rival = [nodes](const char* name, HeatRivalKind kind, bool trivial) {
    return Rival{name, trivial, [=] { return std::make_unique<HeatRival>(kind, nodes); }};
  };
  return {rival("mean", HeatRivalKind::mean, true), rival("nearest", HeatRivalKind::nearest, true),
          rival("linear", HeatRivalKind::linear, true), rival("quadratic", HeatRivalKind::quadratic, false),
          rival("kernel", HeatRivalKind::kernel, false)};
}

}  // namespace tandem::pipelines
