// Rivals as Learners: all that they know of a sample is its point, so that every rank gathers all points.
#include "pipelines/reduced/rivals.hpp"

#include <algorithm>

#include "harness/pipeline/content.hpp"

namespace tandem::pipelines {

namespace {

constexpr std::uint64_t image_mark = 0x314c415649524854;  // "THRIVAL1"

class ExpansionRegression : public Regression {
 public:
  explicit ExpansionRegression(Expansion expansion) : expansion_(std::move(expansion)) {}

  void coefficients(std::span<const double> inputs, std::size_t rows, std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes, width = expansion_.inputs;
#pragma omp parallel
    {
      std::vector<double> values(functions);
#pragma omp for schedule(static)
      for (std::size_t r = 0; r < rows; ++r) {
        expansion_.evaluate(inputs.subspan(r * width, width), values);
        const auto sums = to.subspan(r * modes, modes);
        std::fill(sums.begin(), sums.end(), 0.0);
        for (std::size_t j = 0; j < functions; ++j)
          for (std::size_t k = 0; k < modes; ++k) sums[k] += values[j] * expansion_.weights[j * modes + k];
      }
    }
  }

  void pull(std::span<const double> inputs, std::size_t rows, std::span<const double> weights,
            std::span<double> to) override {
    const std::size_t functions = expansion_.functions(), modes = expansion_.modes, width = expansion_.inputs;
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
        expansion_.pull(inputs.subspan(r * width, width), pulls, to.subspan(r * width, width));
      }
    }
  }

  double flops() const override { return 2 * static_cast<double>(expansion_.functions() * expansion_.modes); }

 private:
  Expansion expansion_;
};

// All ranks' points in canonical order.
std::vector<ReducedPoint> gather(std::span<const Sample* const> mine, const ReducedBasis& basis, const Ranks& ranks) {
  const std::size_t modes = basis.pod().modes, inputs = basis.map().inputs(), width = 2 + inputs + modes;
  std::vector<double> packed;
  for (const Sample* sample : mine) {
    const ReducedPoint point = basis.project(*sample);
    packed.push_back(static_cast<double>(sample->index));
    packed.push_back(point.norm);
    packed.insert(packed.end(), point.inputs.begin(), point.inputs.end());
    packed.insert(packed.end(), point.coefficients.begin(), point.coefficients.end());
  }
  std::vector<ReducedPoint> points;
  const GatheredRows all = gathered_rows(packed, width, ranks);
  for (const double* row : all.rows) {
    ReducedPoint& point = points.emplace_back();
    point.norm = row[1];
    point.inputs.assign(row + 2, row + 2 + inputs);
    point.coefficients.assign(row + 2 + inputs, row + width);
  }
  return points;
}

}  // namespace

void ReducedRival::prepare(std::span<const Sample* const> mine, const Ranks& ranks) {
  basis_.fit(mine, modes_, ranks);
  expansion_ = fit_expansion(kind_, gather(mine, basis_, ranks));
}

std::unique_ptr<Model> ReducedRival::model() const {
  check(!expansion_.weights.empty(), "{}: a rival's model before prepare", basis_.map().pipeline());
  return std::make_unique<ReducedSurrogate>(basis_, std::make_unique<ExpansionRegression>(expansion_));
}

std::vector<std::byte> ReducedRival::save() const {
  check(!expansion_.weights.empty(), "{}: a rival saved before prepare", basis_.map().pipeline());
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

void ReducedRival::load(std::span<const std::byte> bytes) {
  ImageReader image(bytes);
  check(image.get<std::uint64_t>() == image_mark && image.get<RivalKind>() == kind_, "{}: not the image of this rival",
        basis_.map().pipeline());
  basis_.load(image);
  expansion_ = {kind_, basis_.pod().modes, basis_.map().inputs(), image.get<double>(), image.get<double>(), {}, {}};
  expansion_.centres = image.vector<double>();
  expansion_.weights = image.vector<double>();
  image.finish();
  check(!expansion_.weights.empty() && expansion_.weights.size() == expansion_.functions() * expansion_.modes,
        "{}: an image with {} weights for {} functions", basis_.map().pipeline(), expansion_.weights.size(),
        expansion_.functions());
}

std::vector<Rival> reduced_rivals(const std::shared_ptr<const FieldMap>& map) {
  const auto rival = [map](const char* name, RivalKind kind, bool trivial) {
    return Rival{name, trivial, [=] { return std::make_unique<ReducedRival>(kind, map); }};
  };
  return {rival("mean", RivalKind::mean, true), rival("nearest", RivalKind::nearest, true),
          rival("linear", RivalKind::linear, true), rival("quadratic", RivalKind::quadratic, false),
          rival("kernel", RivalKind::kernel, false)};
}

}  // namespace tandem::pipelines
